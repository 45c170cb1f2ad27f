package testserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestECM_ContentComesBackByteForByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newECMWorld(t, func(o *ECMOptions) { o.Dir = dir })
	large := bytes.Repeat([]byte("0123456789abcdef"), 8192)
	a := w.send("POST", "/v2/nodes", fileBody("spot.mp4", large, "body", string(marshal(map[string]any{"type": 144, "parent_id": w.folder, "name": "spot", "external_source": "cloud_storage"})))).ok()
	id := a.id("results.data.properties.id")
	require.EqualValues(t, len(large), a.id("results.data.properties.size"))
	sum := sha256.Sum256(large)
	require.Equal(t, hex.EncodeToString(sum[:]), w.ContentSHA256(id))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "a large content is a file")
	info, err := files[0].Info()
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	for _, path := range []string{"/v1/nodes/%d/content", "/v2/nodes/%d/content", "/v1/nodes/%d/versions/1/content", "/v2/nodes/%d/versions/1/content", "/v2/nodes/%d/content/spot.mp4"} {
		got := w.get(fmt.Sprintf(path, id)).ok()
		require.True(t, bytes.Equal(large, got.raw), path)
		require.Contains(t, got.header.Get("Content-Disposition"), "spot.mp4")
	}
	head := w.send("HEAD", fmt.Sprintf("/v1/nodes/%d/content", id))
	require.Equal(t, fmt.Sprint(len(large)), head.header.Get("Content-Length"))
	w.send("POST", "/v2/nodes", fileBody("x", []byte("x"), "type", 144, "parent_id", w.folder, "name", "y", "external_source", "smint")).refused(400, "External source not found")
	w.post("/v2/nodes", "type", 144, "parent_id", w.folder, "name", "y").refused(400, "Missing required parameter 'File'")
	w.send("POST", "/v2/nodes", fileBody("x", large, "type", 144, "parent_id", w.folder, "name", "spot")).refused(500, "already exists")
	files, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "what was refused is not kept")
}

func TestECM_ALostAnswerLeavesTheDocument(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.Fail(Fault{Route: "POST /v2/nodes", Kind: DropAfter})
	body := fileBody("a", []byte("a"), "type", 144, "parent_id", w.folder, "name", "a")
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://x/otcs/cs.exe/api/v2/nodes", body.body)
	require.NoError(t, err)
	r.Header.Set("Content-Type", body.kind)
	r.Header.Set("OTCSTicket", w.ticket)
	resp, err := w.c.Do(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 1, w.CountNamed("a"))
}

func TestECM_ACutOffUploadStoresNothing(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	whole, err := io.ReadAll(fileBody("a", bytes.Repeat([]byte("x"), 1<<20), "type", 144, "parent_id", w.folder, "name", "a").body)
	require.NoError(t, err)
	kind := "multipart/form-data; boundary=" + strings.TrimPrefix(strings.SplitN(string(whole[:200]), "\r\n", 2)[0], "--")
	w.send("POST", "/v2/nodes", sentECM{bytes.NewReader(whole[:len(whole)/2]), kind}).refused(400, "Could not read the request")
	require.Zero(t, w.CountNamed("a"))
	left, err := os.ReadDir(w.blobs.Dir())
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestECM_Versions(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("a")
	path := fmt.Sprintf("/v2/nodes/%d/versions", id)
	add := func(content string) *ecmAnswer {
		return w.send("POST", path, fileBody("b.png", []byte(content), "description", "d"))
	}
	for _, content := range []string{"two", "three", "four"} {
		add(content).ok()
	}
	a := w.get(path, "order", "desc").ok()
	require.EqualValues(t, 4, a.id("results.0.data.versions.version_number"))
	require.Equal(t, "b.png", a.text("results.0.data.versions.file_name"))
	require.Equal(t, "two", string(w.get(fmt.Sprintf("/v1/nodes/%d/versions/2/content", id)).ok().raw))
	require.EqualValues(t, 4, w.get(fmt.Sprintf("/v1/nodes/%d/versions/latest", id)).ok().id("data.version_number"))
	w.get(path+"/9").refused(400, "Error getting version for node")
	w.get(fmt.Sprintf("/v1/nodes/%d/versions/9/content", id)).refused(500, "The version is not found")
	require.Equal(t, "new", w.put(path+"/2", "description", "new").ok().text("results.data.versions.description"))
	w.post(path + "/2/lock").ok()
	w.post(path+"/2/lock").refused(500, "Could not lock version '2'")
	w.del(path+"/2").refused(400, "invalid action 'versions-delete'")
	w.post(path + "/2/unlock").ok()
	w.del(path + "/4").ok()
	require.EqualValues(t, 5, add("five").ok().id("results.data.versions.version_number"), "a number is never used again")
	w.del(path, "number_to_keep", "x").refused(500, "Invalid value for NumberToKeep")
	w.del(path, "number_to_keep", 2).ok()
	require.Equal(t, 2, w.node(id).Versions)
	w.del(path).ok()
	require.Equal(t, 1, w.node(id).Versions, "without a number a single version survives")
	w.post(path+"/5/promote").refused(500, "which is using standard versioning")
}

func TestECM_Renditions(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("a")
	path := fmt.Sprintf("/v2/nodes/%d/versions", id)
	w.send("POST", path+"/renditions", fileBody("a.pdf", []byte("pdf"))).refused(400, `Argument "rendition_type" is required`)
	w.send("POST", path+"/renditions", fileBody("a.pdf", []byte("pdf"), "rendition_type", "PDF")).ok()
	require.Equal(t, "PDF", w.get(path+"/1/renditions").ok().text("data.0.rendition_type"))
	require.Len(t, w.get(path+"/renditions").ok().list("data.1"), 1)
	require.Len(t, w.get(path+"/latest/renditions").ok().list("data"), 1)
	w.send("PUT", path+"/1/renditions", fileBody("a.pdf", []byte("pdf2"), "rendition_type", "PDF")).ok()
	require.Equal(t, "pdf2", string(w.get(path+"/1/renditions/content", "rendition_type", "PDF").ok().raw))
	w.del(path+"/1/renditions", "rendition_type", "PDF").ok()
	w.get(path+"/1/renditions/content", "rendition_type", "PDF").refused(500, "The rendition is not found")
	w.declare(id)
	w.put("/v1/rmclassifications/finalizerecords", "ids", id).ok()
	w.send("POST", path+"/renditions", fileBody("a.pdf", []byte("pdf"), "rendition_type", "PDF")).refused(401, "Insufficient permissions")
}

func TestECM_UploadInParts(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.MinUpload, o.MaxUpload, o.PartSize = 10, 1<<20, 100<<10 })
	content := bytes.Repeat([]byte("0123456789"), 25<<10)
	settings := w.get("/v2/multipart/settings").ok()
	require.EqualValues(t, 10, settings.id("results.data.min_size"))
	w.post("/v2/multipart", "file_name", "a", "file_size", 5).refused(500, "Invalid block size: File size must be between 10 and 1048576 bytes.")
	w.post("/v2/multipart", "file_name", "a", "file_size", "x").refused(400, "Pattern of argument was not recognized.")
	started := w.post("/v2/multipart", "file_name", "big.mov", "file_size", len(content), "mime_type", "video/quicktime").ok()
	path := "/v2/multipart/" + started.text("upload_key")
	require.EqualValues(t, 3, started.id("num_parts"))
	part := func(n int) sentECM {
		from := (n - 1) * (100 << 10)
		return fileBody("part", content[from:min(from+100<<10, len(content))])
	}
	w.send("POST", path).refused(500, "Cannot close an empty or already closed upload.")
	for _, n := range []int{3, 1} {
		w.send("POST", fmt.Sprintf("%s/%d", path, n), part(n)).ok()
	}
	w.send("POST", path+"/1", part(1)).refused(500, "BlockID 1 has already been uploaded.")
	w.send("POST", path+"/4", part(1)).refused(500, "Expected BlockID between 1 and 3")
	w.send("POST", path+"/2", part(3)).refused(500, "Invalid block size")
	w.send("POST", path).refused(500, "Cannot close")
	w.send("POST", path+"/2", part(2)).ok()
	w.send("POST", path).ok()
	create := jsonField(map[string]any{"type": 144, "parent_id": w.folder, "name": "big", "upload_key": started.text("upload_key")})
	id := w.send("POST", "/v2/nodes", create).ok().id("results.data.properties.id")
	require.True(t, bytes.Equal(content, w.get(fmt.Sprintf("/v1/nodes/%d/content", id)).ok().raw))
	sum := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(sum[:]), w.ContentSHA256(id))
	w.send("POST", fmt.Sprintf("/v2/nodes/%d/versions", id), formBody("upload_key", "none")).refused(400, "File could not be found within the upload directory.")

	key := w.post("/v2/multipart", "file_name", "a", "file_size", 100).ok().text("upload_key")
	w.del("/v2/multipart/" + key).ok()
	w.del("/v2/multipart/"+key).refused(500, "Either the UploadKey is invalid")
	key = w.post("/v2/multipart", "file_name", "a", "file_size", 100).ok().text("upload_key")
	w.clock.Move(25 * time.Hour)
	w.ticket = w.login("svc-dam", "svc-dam-password")
	w.send("POST", "/v2/multipart/"+key+"/1", fileBody("a", content[:100])).refused(500, "Multipart Upload session expired")
}

func TestECM_StateGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newECMWorld(t)
	large := bytes.Repeat([]byte("large"), 40<<10)
	id := w.send("POST", "/v2/nodes", fileBody("a", large, "type", 144, "parent_id", w.folder, "name", "a")).ok().id("results.data.properties.id")
	w.declare(id)
	hold := w.AddHold("CASE-7", "LEGAL", id)
	require.NoError(t, w.Save(dir))
	e, err := LoadECM(dir, ECMOptions{Clock: w.clock})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	again := &ecmWorld{t: t, ECM: e, clock: w.clock, c: &http.Client{Transport: e.Transport()}, ticket: w.ticket, folder: w.folder, class: w.class}
	require.True(t, bytes.Equal(large, again.get(fmt.Sprintf("/v1/nodes/%d/content", id)).ok().raw))
	require.Equal(t, []int64{hold}, again.node(id).Holds)
	again.send("POST", "/v2/nodes", fileBody("a", large, "type", 144, "parent_id", w.folder, "name", "A")).refused(500, "already exists")
	require.Greater(t, again.document("b"), id, "numbers go on")
	_, err = LoadECM(filepath.Join(dir, "none"), ECMOptions{})
	require.ErrorIs(t, err, os.ErrNotExist)
}
