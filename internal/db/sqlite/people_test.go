package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/db/storetest"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

func openForPeople(t *testing.T) *DB {
	t.Helper()
	keys, err := secret.OpenKeyring(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), t.TempDir(), keys, run.NewNotifier(), storetest.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestSessionsEndAtTheirTime(t *testing.T) {
	s := openForPeople(t).Sessions()
	ctx := context.Background()
	if err := s.CommitCtx(ctx, "old", []byte("x"), time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := s.CommitCtx(ctx, "new", []byte("y"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.FindCtx(ctx, "old"); found || err != nil {
		t.Errorf("an expired session: found %v, %v", found, err)
	}
	if data, found, err := s.FindCtx(ctx, "new"); !found || string(data) != "y" || err != nil {
		t.Errorf("a living session: %q %v %v", data, found, err)
	}
	var left int
	if err := s.Read.QueryRow(`SELECT count(*) FROM sessions`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d sessions are kept, want the living one: %v", left, err)
	}
	if err := s.DeleteCtx(ctx, "new"); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := s.FindCtx(ctx, "new"); found {
		t.Error("a deleted session is found")
	}
}
