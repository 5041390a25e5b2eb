package oss_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/objectstore"
)

func TestBackupFilesAreInspectedInAFewRangedReads(t *testing.T) {
	dir := bakfiletest.Samples(t)
	b := open(t, config(service(t)))
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	inspected, most := 0, 0
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.IsDir() || filepath.Ext(name) == ".json" || filepath.Ext(name) == ".tsv" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Put(t.Context(), filepath.Base(name), f, info.Size())
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		r := objectstore.ReaderAt(t.Context(), b, filepath.Base(name), info.Size())
		if _, err := bakfile.Read(r, info.Size()); err != nil {
			t.Logf("%s: %v", filepath.Base(name), err)
			continue
		}
		inspected++
		most = max(most, r.Reads())
		if r.Reads() > 10 {
			t.Errorf("%s took %d ranged reads", filepath.Base(name), r.Reads())
		}
	}
	if inspected == 0 {
		t.Fatal("no sample was read")
	}
	t.Logf("%d files, at most %d ranged reads", inspected, most)
}
