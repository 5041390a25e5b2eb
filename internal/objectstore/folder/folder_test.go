package folder_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
)

func open(t *testing.T, dir string) *folder.Bucket {
	t.Helper()
	b, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestBucketContract(t *testing.T) {
	objectstoretest.Run(t, func(t *testing.T) objectstore.Bucket { return open(t, t.TempDir()) })
}

func TestNothingOutsideIsReached(t *testing.T) {
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for link, to := range map[string]string{"file": secret, "folder": outside, "up": ".."} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, dir)
	for _, key := range []string{
		"../secret", "a/../../secret", "file", "folder/secret", "folder/new", "up/x", "./x", "a//b", "a/", ".uploads/x", ".uploads",
		"a\\b", "nul\x00l", strings.Repeat("n", 256),
	} {
		if _, err := b.Read(t.Context(), key, 0, 10); fault.Of(err) != fault.Invalid {
			t.Errorf("read %q: %v (%s)", key, err, fault.Of(err))
		}
		_, err := b.Put(t.Context(), key, strings.NewReader("overwritten"), 11)
		if key == "file" { // the link itself is replaced, its target stays
			if err != nil {
				t.Errorf("put over a link: %v", err)
			}
			continue
		}
		if fault.Of(err) != fault.Invalid {
			t.Errorf("put %q: %v (%s)", key, err, fault.Of(err))
		}
	}
	if data, err := os.ReadFile(secret); err != nil || string(data) != "secret" {
		t.Errorf("outside file holds %q, %v", data, err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside folder holds %v, %v", entries, err)
	}
	found, err := b.List(t.Context(), "", "", 100)
	if err != nil || len(found) != 1 || found[0].Key != "file" {
		t.Errorf("list shows %v, %v", found, err)
	}
}

func TestLinksInsideTheFolderWork(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "full.bak"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("full.bak", filepath.Join(dir, "latest.bak")); err != nil {
		t.Fatal(err)
	}
	b := open(t, dir)
	found, err := b.List(t.Context(), "", "", 10)
	if err != nil || len(found) != 2 || found[1].Key != "latest.bak" || found[1].Size != 4 {
		t.Errorf("list shows %+v, %v", found, err)
	}
}

func TestAMissingFolderSaysSo(t *testing.T) {
	if _, err := folder.Open(filepath.Join(t.TempDir(), "nope")); fault.Of(err) != fault.NotFound {
		t.Errorf("open: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "share")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b := open(t, dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	_, statErr := b.Stat(t.Context(), "k")
	_, listErr := b.List(t.Context(), "", "", 1)
	_, infoErr := b.Info(t.Context())
	_, putErr := b.Put(t.Context(), "k", strings.NewReader("x"), 1)
	_, upsErr := b.Uploads(t.Context(), "", 1)
	for name, err := range map[string]error{"stat": statErr, "list": listErr, "info": infoErr, "put": putErr, "uploads": upsErr} {
		message, _ := fault.Words(err)
		if fault.Of(err) != fault.NotFound || !strings.Contains(message, dir) || !strings.Contains(message, "folder") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpeningWritesNothing(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	if _, err := b.List(t.Context(), "", "", 10); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Uploads(t.Context(), "", 10); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestAFileWhereAFolderWouldBe(t *testing.T) {
	b := open(t, t.TempDir())
	for _, key := range []string{"a", "d/x"} {
		if _, err := b.Put(t.Context(), key, strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"a/b", "d"} {
		_, err := b.Put(t.Context(), key, strings.NewReader("x"), 1)
		if k := fault.Of(err); k != fault.Conflict && k != fault.NotFound {
			t.Errorf("put %s: %v (%s)", key, err, k)
		}
	}
	if left, err := filepath.Glob(filepath.Join(b.Dir(), ".uploads", "*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAnUploadSurvivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	id, err := b.Begin(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	data := objectstoretest.Noise(1, 200_000)
	p, err := b.PutPart(t.Context(), "k", id, 1, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = open(t, dir)
	held, err := b.Parts(t.Context(), "k", id)
	if err != nil || len(held) != 1 || held[0].ETag != p.ETag || *held[0].CRC64 != *p.CRC64 {
		t.Fatalf("held %+v, %v", held, err)
	}
	if _, err := b.Complete(t.Context(), "k", id, held); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "k"))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("the file differs, %v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, ".uploads")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWhatADeadWriterLeftIsSwept(t *testing.T) {
	b := open(t, t.TempDir())
	if _, err := b.Put(t.Context(), "a", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	old, fresh := filepath.Join(b.Dir(), ".uploads", "new-old"), filepath.Join(b.Dir(), ".uploads", "new-fresh")
	for _, p := range []string{old, fresh} {
		if err := os.WriteFile(p, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Now().Add(-25*time.Hour), time.Now().Add(-25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), "b", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old half file: %v", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("the fresh half file: %v", err)
	}
}

func TestSourceIsTheFileItself(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "k"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := objectstore.OpenSource(t.Context(), open(t, dir), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, ok := s.(*objectstore.File); !ok {
		t.Errorf("source is a %T", s)
	}
	if err := os.Remove(filepath.Join(dir, "k")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fingerprint(t.Context()); fault.Of(err) != fault.NotFound {
		t.Errorf("fingerprint of a vanished file: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "k"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fingerprint(t.Context()); !errors.Is(err, objectstore.ErrSourceChanged) {
		t.Errorf("fingerprint of a replaced file: %v", err)
	}
}
