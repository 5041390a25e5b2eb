package folder_test

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
)

func TestAFullDiskSaysSo(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("no small disk to fill: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	b := open(t, dir)
	if _, err := b.Put(t.Context(), "kept", strings.NewReader("kept"), 4); err != nil {
		t.Fatal(err)
	}
	id, err := b.Begin(t.Context(), "part")
	if err != nil {
		t.Fatal(err)
	}
	big := make([]byte, 1<<20)
	_, putErr := b.Put(t.Context(), "big", bytes.NewReader(big), int64(len(big)))
	_, partErr := b.PutPart(t.Context(), "part", id, 1, bytes.NewReader(big), int64(len(big)))
	for name, err := range map[string]error{"put": putErr, "part": partErr} {
		message, fix := fault.Words(err)
		if fault.Of(err) != fault.Conflict || !strings.Contains(message, "full") || fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Put(t.Context(), "again", bytes.NewReader(big[:100<<10]), 100<<10); err != nil {
		t.Errorf("the failed writes left their bytes behind: %v", err)
	}
	if o, err := b.Stat(t.Context(), "kept"); err != nil || o.Size != 4 {
		t.Errorf("kept file: %+v, %v", o, err)
	}
}
