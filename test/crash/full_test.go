//go:build crash

package crash

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a tmpfs with these options. It needs root: without, the test
// is skipped; with it a mount that fails is a failure.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a small disk is a tmpfs, and mounting one needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Fatalf("R3: no tmpfs can be mounted, so that a full disk cannot be tested: %v (run the container with CAP_SYS_ADMIN, or the tests without root)", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// TestR3_FullDisk fills a disk through the server: with what goes into records,
// with blobs, with both, and until there are no inodes. Then a write is answered
// with 507 or 503 and nothing of it is there, everything that was acknowledged
// can be read and deleted, and once something was deleted there is room again,
// without a restart.
func TestR3_FullDisk(t *testing.T) {
	for _, c := range []struct {
		name    string
		options string
		sizes   []int
	}{
		{"records", "size=1g", []int{100 << 10}},
		{"blobs", "size=1g", []int{3 << 20}},
		{"both", "size=1g", []int{100, 20 << 10, 300 << 10, 2 << 20}},
		{"inodes", "size=1g,nr_inodes=4000", []int{140 << 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &filled{t: t, sizes: c.sizes}
			f.server = newServer(t, filepath.Join(smallDisk(t, c.options), "data"))
			f.start()
			f.client = newClient(f.endpoint)
			if err := f.client.createBucket(plainBucket, false); err != nil {
				t.Fatal(err)
			}
			f.fill()
			f.read("while the disk is full")
			deleted := f.empty()
			f.expectRoom(deleted / 2)
			f.read("when there is room again")
			f.stop()
			f.fsck()
			f.start()
			f.client = newClient(f.endpoint)
			f.read("after a restart")
			f.stop()
		})
	}
}

type filled struct {
	*server
	t      *testing.T
	client *client
	sizes  []int

	mu   sync.Mutex
	keys map[string]acknowledged
}

type acknowledged struct {
	sum  string
	size int
}

// isFull reports whether an answer says that there is no space.
func isFull(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && (e.status == http.StatusInsufficientStorage || e.status == http.StatusServiceUnavailable)
}

// fill writes until every writer was told a few times that the disk is full.
func (f *filled) fill() {
	f.t.Helper()
	f.keys = map[string]acknowledged{}
	var wg sync.WaitGroup
	var next atomic.Int64
	for range workers {
		wg.Go(func() {
			for full := 0; full < 20; {
				n := next.Add(1)
				key := fmt.Sprintf("fill/%06d", n)
				body := bodyOf(key, f.sizes[int(n)%len(f.sizes)])
				err := f.client.put(plainBucket, key, body, false)
				switch {
				case err == nil:
					f.mu.Lock()
					f.keys[key] = acknowledged{sumOf(body), len(body)}
					f.mu.Unlock()
					if len(body) > 4<<10 { // smaller ones go on for longer
						full = 0
					}
				case isFull(err):
					full++
					time.Sleep(50 * time.Millisecond) // what is full now may be written elsewhere and free soon
				default:
					f.t.Errorf("R3: PUT on a full disk = %v, want 507 or 503", err)
					return
				}
			}
		})
	}
	wg.Wait()
	f.t.Logf("the disk is full with %d objects: %s", len(f.keys), diskUse(f.data))
	if len(f.keys) < 50 {
		f.t.Fatalf("only %d objects fit", len(f.keys))
	}
}

// read reads all objects, in full every so many.
func (f *filled) read(when string) {
	f.t.Helper()
	listed, err := f.client.list(plainBucket)
	if err != nil {
		f.t.Fatalf("R3: list %s: %v", when, err)
	}
	if len(listed) != len(f.keys) {
		f.t.Errorf("R3: %s %d objects are listed, %d were acknowledged", when, len(listed), len(f.keys))
	}
	step := max(1, len(listed)/200)
	for i := 0; i < len(listed); i += step {
		body, err := f.client.get(plainBucket, listed[i].key, "")
		if err != nil || sumOf(body) != f.keys[listed[i].key].sum {
			f.t.Fatalf("R3: GET of %s %s = %d bytes, %v", listed[i].key, when, len(body), err)
		}
	}
}

// empty deletes half of the objects, here and there, and returns how many bytes
// those had.
func (f *filled) empty() (bytes int) {
	f.t.Helper()
	for _, key := range slices.Sorted(maps.Keys(f.keys)) {
		if f.keys[key].sum[0]%2 == 0 {
			continue
		}
		if err := f.client.remove(plainBucket, key, ""); err != nil {
			f.t.Fatalf("R3: DELETE on a full disk = %v", err)
		}
		bytes += f.keys[key].size
		delete(f.keys, key)
	}
	return bytes
}

// expectRoom writes as many bytes again, in objects of the same sizes.
func (f *filled) expectRoom(want int) {
	f.t.Helper()
	began := time.Now()
	written := 0
	for i := 0; written < want; {
		key := fmt.Sprintf("again/%06d", i)
		body := bodyOf(key, f.sizes[i%len(f.sizes)])
		err := f.client.put(plainBucket, key, body, false)
		switch {
		case err == nil:
			f.keys[key] = acknowledged{sumOf(body), len(body)}
			written += len(body)
			i++
		case !isFull(err) || time.Since(began) > 3*patience:
			f.t.Fatalf("R3: PUT after half was deleted = %v; %d bytes fitted, %d should; disk: %s",
				err, written, want, strings.TrimSpace(diskUse(f.data)))
		default:
			time.Sleep(50 * time.Millisecond) // space comes back in the background
		}
	}
	f.t.Logf("%d MiB could be written again within %v", written>>20, time.Since(began).Round(time.Millisecond))
}

func diskUse(dir string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d of %d MiB free, %d of %d inodes free",
		st.Bavail*uint64(st.Bsize)>>20, st.Blocks*uint64(st.Bsize)>>20, st.Ffree, st.Files)
}
