package testserver

import (
	"bytes"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func smintContentOf(t *testing.T, s *Smint, uuid, binary string, version int) []byte {
	t.Helper()
	reader, size, err := s.Content(uuid, binary, version)
	require.NoError(t, err)
	defer func() { _ = reader.Close() }()
	content, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Len(t, content, int(size))
	return content
}

func TestCatalog_plays_its_history(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	require.NoError(t, SeedCatalog(g.Smint, CatalogOptions{LargeMiB: 1}))
	uuids, end := g.feedFrom("")
	require.Equal(t, []string{
		CatalogPicture, CatalogPNG, CatalogReuse, CatalogPDF, CatalogFilm, CatalogManaged, CatalogEditorial, CatalogRestrictive,
		CatalogAI, CatalogCompound, CatalogRevised, CatalogGIF, CatalogPending, CatalogCancelled, CatalogExpired, CatalogBroken,
		CatalogOriginal, CatalogRevised, CatalogPending,
	}, uuids)
	uuids, _ = g.feedFrom(end)
	require.Empty(t, uuids)

	require.Len(t, g.binaries("3525", CatalogCompound), 3)
	require.EqualValues(t, 2, g.binaries("3525", CatalogRevised)[0]["version"])
	require.NotEqual(t, smintContentOf(t, g.Smint, CatalogRevised, "1", 1), smintContentOf(t, g.Smint, CatalogRevised, "1", 2))
	require.Equal(t, smintContentOf(t, g.Smint, CatalogReuse, "1", 0), smintContentOf(t, g.Smint, CatalogOriginal, "1", 0))
	broken := g.do("GET", g.binaries("3525", CatalogBroken)[0]["download_url"].(string), "")
	require.Error(t, broken.err)
	require.Len(t, broken.body, 4096)

	expired, err := smintObject(g.Transaction(CatalogExpired))
	require.NoError(t, err)
	until, err := time.Parse(time.RFC3339Nano, expired["license_terms"].([]any)[0].(SmintJSON)["valid_until"].(string))
	require.NoError(t, err)
	require.True(t, until.Before(g.Now()))
}

func TestCatalog_files_are_what_they_say(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	require.NoError(t, SeedCatalog(g.Smint, CatalogOptions{}))
	for uuid, want := range map[string]string{
		CatalogPicture: "jpeg 1200x800", CatalogPNG: "png 320x240", CatalogGIF: "gif 468x60", CatalogManaged: "jpeg 1600x1000", CatalogAI: "png 640x480",
	} {
		picture, format, err := image.Decode(bytes.NewReader(smintContentOf(t, g.Smint, uuid, "1", 0)))
		require.NoError(t, err, uuid)
		size := picture.Bounds().Size()
		require.Equal(t, want, format+" "+strconv.Itoa(size.X)+"x"+strconv.Itoa(size.Y))
	}
	require.NotContains(t, g.Transactions(), CatalogFilm)

	file := smintContentOf(t, g.Smint, CatalogPDF, "1", 0)
	require.True(t, bytes.HasPrefix(file, []byte("%PDF-1.4\n")))
	_, tail, _ := bytes.Cut(file, []byte("startxref\n"))
	start, err := strconv.Atoi(strings.Fields(string(tail))[0])
	require.NoError(t, err)
	rows := strings.Split(string(file[start:]), "\n")
	require.Equal(t, "xref", rows[0])
	count, _ := strconv.Atoi(strings.Fields(rows[1])[1])
	for i := 1; i < count; i++ {
		offset, err := strconv.Atoi(strings.Fields(rows[2+i])[0])
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(file[offset:], []byte(strconv.Itoa(i)+" 0 obj")), "object %d is where the table says", i)
	}
}

func TestCatalog_is_the_same_every_time(t *testing.T) {
	t.Parallel()
	one, two := newSmintRig(t, SmintOptions{}), newSmintRig(t, SmintOptions{})
	at := time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)
	for _, g := range []*smintRig{one, two} {
		g.clock.Set(at)
		require.NoError(t, SeedCatalog(g.Smint, CatalogOptions{LargeMiB: 1}))
	}
	require.Equal(t, one.Transactions(), two.Transactions())
	for _, uuid := range one.Transactions() {
		require.Equal(t, string(one.Transaction(uuid)), string(two.Transaction(uuid)))
		if uuid != CatalogCancelled {
			require.True(t, bytes.Equal(smintContentOf(t, one.Smint, uuid, "1", 0), smintContentOf(t, two.Smint, uuid, "1", 0)), uuid)
		}
	}
}

func TestSmint_save_and_load(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := newSmintRig(t, SmintOptions{Tenant: "other", Secret: "k"})
	require.NoError(t, SeedCatalog(g.Smint, CatalogOptions{LargeMiB: 1}))
	opened := SmintBinary{Fields: SmintJSON{"usage": SmintAbsent, "version": nil}, SmintVersion: SmintVersion{Content: SmintOpener(func() (io.ReadCloser, int64, error) {
		return io.NopCloser(strings.NewReader("opened")), 6, nil
	})}}
	require.NoError(t, g.Emit([]byte(`{"uuid":"odd","x":"<&>","cart_purchase_transaction_uuid":"1","can_be_synced":true}`), opened))
	require.NoError(t, g.Emit([]byte(`{"uuid":`)))
	_, end := g.page("", "10")
	address := g.binaries("3525", CatalogPicture)[0]["download_url"].(string)
	want := smintContentOf(t, g.Smint, CatalogPicture, "1", 0)
	rotated := g.refresh(g.Options().RefreshToken).object(t)["refresh_token"].(string)
	require.NoError(t, g.Save(dir))
	require.NoError(t, g.Save(dir), "saving again replaces")
	require.NoError(t, g.Close(), "the saved contents are copies")

	loaded, err := LoadSmint(dir, SmintOptions{Clock: g.clock})
	require.NoError(t, err)
	h := newSmintRig(t, SmintOptions{})
	h.Smint, h.ends, h.client.Transport = loaded, loaded.Endpoints(), loaded.Transport()
	h.token = g.token
	require.Equal(t, 200, h.get(h.ends.CLAPI+"/sync/licensePurchaseTransactions?continuationUuid="+end.(string)+"&limit=4").status)
	require.Equal(t, want, h.do("GET", address, "").body)
	require.Equal(t, 200, h.refresh(rotated).status)
	require.Equal(t, 200, h.refresh(h.Options().RefreshToken).status)
	require.Equal(t, "opened", string(smintContentOf(t, loaded, "odd", "1", 0)))
	require.Contains(t, string(loaded.Transaction("odd")), `"x":"<&>"`)
	odd := h.binaries("1", "odd")[0]
	require.NotContains(t, odd, "usage")
	require.Nil(t, odd["version"])
	require.NoError(t, loaded.Save(dir))
	require.Equal(t, want, smintContentOf(t, loaded, CatalogPicture, "1", 0))

	_, err = LoadSmint(t.TempDir(), SmintOptions{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, os.WriteFile(filepath.Join(dir, smintStateFile), []byte("{}"), 0o600))
	_, err = LoadSmint(dir, SmintOptions{})
	require.ErrorContains(t, err, "is not a saved fake")
}

func TestAssets_of_a_folder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	write("b.pdf", "pdf")
	write("a.jpg", "jpg")
	write(".hidden", "")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	write("a.jpg.license.json", `{"license_type":"rights_managed","allowed_geographies":["europe_any"],"valid_until":"2027-05-06","to_be_used_until":null,
		"effective_max_downloads":3,"is_ai":true,"title":"A","transaction":{"licensee_name":"Other"}}`)
	g := newSmintRig(t, SmintOptions{})
	require.NoError(t, SeedCatalog(g.Smint, CatalogOptions{AssetsDir: dir}))
	uuids, _ := g.feedFrom("")
	require.Len(t, uuids, 2)
	first, err := smintObject(g.Transaction(uuids[0]))
	require.NoError(t, err)
	term := first["license_terms"].([]any)[0].(SmintJSON)
	require.Empty(t, cmp.Diff([]any{"europe_any"}, term["allowed_geographies"]))
	require.Empty(t, cmp.Diff([]any{"any"}, term["allowed_usages"]), "the rest is royalty-free")
	require.Equal(t, "2027-05-06T00:00:00.000000+00:00", term["valid_until"])
	require.Equal(t, "rights_managed", first["offering"].(SmintJSON)["license_type"])
	require.Equal(t, true, first["content_element"].(SmintJSON)["is_ai"])
	require.Equal(t, "image", first["content_element"].(SmintJSON)["content_type"])
	require.Equal(t, "Other", first["licensee_name"])
	require.Equal(t, "jpg", string(smintContentOf(t, g.Smint, uuids[0], "1", 0)))
	require.Equal(t, "b.pdf", g.binaries("3525", uuids[1])[0]["recommended_file_name"])
	require.Equal(t, "document", g.binaries("3525", uuids[1])[0]["content_type"])
}

// A file whose name leaves no room for a license file beside it has none.
func TestAssets_of_a_long_name(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := strings.Repeat("n", 251) + ".jpg"
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("jpg"), 0o600))
	g := newSmintRig(t, SmintOptions{})
	require.NoError(t, SeedCatalog(g.Smint, CatalogOptions{AssetsDir: dir}))
	uuids, _ := g.feedFrom("")
	require.Len(t, uuids, 1)
	require.Equal(t, "jpg", string(smintContentOf(t, g.Smint, uuids[0], "1", 0)))
}

func TestAssets_report_every_fault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.jpg": "", "a.jpg.license.json": `{"allowed_usages":"any","valid_until":"2027-02-30","effective_max_users":1.5,"hue":"red","is_ai":"yes"}`,
		"b.jpg": "", "b.jpg.license.json": `{"license_terms":[{"valid_from":5},"x"],"restricted_sizes":[1]}`,
		"c.jpg": "", "c.jpg.license.json": `[]`,
		"d.jpg.license.json": `{}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	g := newSmintRig(t, SmintOptions{})
	err := SeedCatalog(g.Smint, CatalogOptions{AssetsDir: dir})
	require.Error(t, err)
	for _, want := range []string{
		`a.jpg.license.json: allowed_usages: is "any", expected a list of keys`,
		`a.jpg.license.json: valid_until: is "2027-02-30", expected a date`,
		`a.jpg.license.json: effective_max_users: is 1.5, expected a whole number`,
		`a.jpg.license.json: hue: is "red", expected one of allowed_distributions,`,
		`a.jpg.license.json: is_ai: is "yes", expected true, false or null`,
		`b.jpg.license.json: license_terms[0].valid_from: is 5, expected a date`,
		`b.jpg.license.json: license_terms[1]: is "x", expected an object`,
		`b.jpg.license.json: restricted_sizes: is [1], expected a list of keys`,
		`c.jpg.license.json: is not a JSON object`,
		`d.jpg.license.json: stands alone, expected a file d.jpg beside it`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.Zero(t, g.FeedLength(), "nothing is seeded unless all is right")
	require.ErrorContains(t, SeedCatalog(g.Smint, CatalogOptions{AssetsDir: t.TempDir()}), "holds no file")
	require.Error(t, SeedCatalog(g.Smint, CatalogOptions{AssetsDir: filepath.Join(dir, "absent")}))
}
