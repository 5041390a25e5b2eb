package app_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
)

// TestAFullDisk fills the disk under the data folder: nothing new begins, what
// is under way keeps what it has, and goes on by itself when there is space.
func TestAFullDisk(t *testing.T) {
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("a small disk cannot be made here: %v", err)
	}
	// Cleanups run last first: the disk goes after everything on it is closed.
	t.Cleanup(func() {
		// A request that was answered may still be letting go of its connection.
		err := syscall.Unmount(small, 0)
		for deadline := time.Now().Add(time.Minute); errors.Is(err, syscall.EBUSY) && time.Now().Before(deadline); err = syscall.Unmount(small, 0) {
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil {
			t.Errorf("%v, held by %v", err, openUnder(small))
		}
	})
	h := newHouse(t, func(c *app.Config) { c.Data = filepath.Join(small, "data") })
	h.sample(restoretime...)
	d := h.draft(nil)

	filler := filepath.Join(small, "filler")
	fill(t, filler)
	if _, err := migration.Start(t.Context(), h.app.DB.Migrations(), d, nil, app.NewID, h.by()); err == nil {
		t.Fatal("started on a full disk")
	} else {
		says(t, err.Error(), "disk", "full")
	}
	wellness := func() (said string) {
		t.Helper()
		res, err := http.Get(h.app.URL() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", res.StatusCode, b, err)
		}
		return string(b)
	}
	if said := wellness(); !strings.Contains(said, `"degraded"`) || !strings.Contains(said, "is full") {
		t.Errorf("on a full disk it says %s", said)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); !strings.Contains(wellness(), `"ok"`); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("with space again it says %s", wellness())
		}
	}

	id := h.start(d)
	h.until(id, "preflight", func(m migration.Migration) bool { return !m.Checked.IsZero() })
	fill(t, filler)
	before := h.migration(id)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	m := h.until(id, "every file applied", following)
	if len(m.Files) != len(before.Files) || h.cloud.RDS.Created().Tasks != 1 {
		t.Errorf("%d files, %d tasks", len(m.Files), h.cloud.RDS.Created().Tasks)
	}
	if r, err := h.app.DB.Run(t.Context(), m.RunID); err != nil || r.State == run.Failed {
		t.Errorf("run %+v, %v", r, err)
	}
	if _, err := h.app.DB.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

// openUnder lists what this process has open below a folder.
func openUnder(folder string) (out []string) {
	fds, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, folder) {
			out = append(out, to)
		}
	}
	return out
}

// fill writes until nothing more fits.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{64 << 10, 4 << 10} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
}
