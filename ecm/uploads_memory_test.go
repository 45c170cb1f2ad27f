package ecm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// uploader is what the process that only uploads is told, in the environment.
const uploader = "ECM_TEST_UPLOADER"

type uploadJob struct {
	URL, User, Password string
	Folder              ecm.NodeID
	Small, Large        int64
	// Once has the content go by once, by way of a file for each part.
	Once bool
}

// peak is the most memory that this process has had, in KiB.
func peak(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(b), "VmHWM:")
	require.True(t, found)
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(t, err)
	return n
}

// TestUploads_InAProcessOfItsOwn is that process: it says by how much its peak
// grew from a small upload to a large one.
func TestUploads_InAProcessOfItsOwn(t *testing.T) {
	told := os.Getenv(uploader)
	if told == "" {
		t.Skip("this is started by TestUploads_CostNoMemory")
	}
	var job uploadJob
	require.NoError(t, json.Unmarshal([]byte(told), &job))
	c, err := ecm.New(job.URL, ecm.PasswordLogin{User: job.User, Password: ecm.Secret(job.Password)}, ecm.WithLimiter(fast{}))
	require.NoError(t, err)
	send := func(name string, size int64) int64 {
		var content io.Reader = &film{size: size}
		if job.Once {
			content = struct{ io.Reader }{content}
		}
		node, err := c.Nodes.UploadLarge(context.WithoutCancel(t.Context()), ecm.LargeDocument{Document: ecm.Document{Parent: job.Folder, Name: name, Content: content, Size: size}})
		require.NoError(t, err)
		require.Equal(t, size, node.Size)
		return peak(t)
	}
	before := send("small", job.Small)
	fmt.Printf("grew %d KiB\n", send("large", job.Large)-before)
}

// TestUploads_CostNoMemory: a large upload, with a ticket that ends in it and
// two connections that break, needs no more memory than a small one, and sends
// at most three parts twice. The size is ECM_TEST_LARGE_MIB, 192 by default, 64
// under the race detector; set 4096 for the whole measure.
func TestUploads_CostNoMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil || os.Getenv(describedShapes) != "" {
		t.Skip("measured once, where the system tells a process's peak")
	}
	mib := int64(192)
	if underRace {
		mib = 64
	}
	if text := os.Getenv("ECM_TEST_LARGE_MIB"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		require.NoError(t, err)
		mib = n
	}
	const part = 8 << 20
	for name, once := range map[string]bool{"readable anywhere": false, "readable once": true} {
		clock := &testserver.Clock{}
		fake, err := testserver.NewECM(testserver.ECMOptions{Clock: clock, MinUpload: part, MaxUpload: 1 << 40, PartSize: part, Dir: t.TempDir()})
		require.NoError(t, err)
		fake.WriteTraffic(nil) // what is sent here is sent elsewhere too, in less
		url, stop := fake.Serve()
		o := fake.Options()
		job := uploadJob{URL: url, User: o.User, Password: o.Password, Folder: ecm.NodeID(fake.AddFolder(2000, "Films")), Small: 2 * part, Large: mib << 20, Once: once}
		parts := job.Large / part
		var sent atomic.Int64
		fake.Fail(testserver.Fault{Route: partRoute, Times: -1, Kind: testserver.Delay, Where: func(*http.Request) bool {
			if sent.Add(1) == 2+parts/2 {
				clock.Move(3 * time.Hour)
			}
			return false
		}})
		fake.Fail(testserver.Fault{Route: partRoute, Skip: int(2 + parts/4), Kind: testserver.DropBefore})
		fake.Fail(testserver.Fault{Route: partRoute, Skip: int(2 + parts*3/4), Kind: testserver.DropAfter})

		told, err := json.Marshal(job)
		require.NoError(t, err)
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestUploads_InAProcessOfItsOwn$")
		cmd.Env = append(os.Environ(), uploader+"="+string(told), "ECM_TRAFFIC=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		_, grew, found := bytes.Cut(out, []byte("grew "))
		require.True(t, found, "%s", out)
		kib, err := strconv.Atoi(string(bytes.Fields(grew)[0]))
		require.NoError(t, err)

		twice := sent.Load() - parts - 2
		t.Logf("%s, %d MiB: peak grew %d KiB, %d parts sent twice, %d logins", name, mib, kib, twice, fake.Count("POST /v1/auth"))
		bound := 8 << 10
		if underRace {
			bound *= 4 // the race detector keeps a shadow of what is written.
		}
		require.LessOrEqual(t, kib, bound, "KiB that the peak grew by")
		require.LessOrEqual(t, twice, int64(3), "one part for each mishap")
		require.GreaterOrEqual(t, fake.Count("POST /v1/auth"), 2, "the ticket did end")
		for _, n := range fake.Documents() {
			if n.Name == "large" {
				require.Equal(t, (&film{size: job.Large}).digest(), fake.ContentSHA256(n.ID), "what is stored is what was sent")
			}
		}
		require.Len(t, fake.Documents(), 2)
		stop()
		require.NoError(t, fake.Close())
	}
}
