package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

var testKinds = endpoint.Kinds{}

// living opens a folder as the dashboard does.
func living(t *testing.T, folder string) (*DB, error) {
	t.Helper()
	keys, err := Keys(t.Context(), folder)
	if err != nil {
		return nil, err
	}
	d, err := Open(t.Context(), folder, keys, run.NewNotifier(), testKinds)
	if err == nil {
		t.Cleanup(func() { _ = d.Close() })
	}
	return d, err
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func said(t *testing.T, d *DB, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if err := d.Record(t.Context(), audit.New(audit.Engine, time.Now(), "test.say", "test/1", s)); err != nil {
			t.Fatal(err)
		}
	}
}

func ended(t *testing.T, d *DB) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAnotherKeyIsRefused, a missing one too, and none is made in its place.
func TestAnotherKeyIsRefused(t *testing.T) {
	folder := t.TempDir()
	d := must[*DB](t)(living(t, folder))
	said(t, d, "one")
	ended(t, d)
	key := filepath.Join(folder, "bakplane.key")
	right := must[[]byte](t)(os.ReadFile(key))

	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err := living(t, folder); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("a key was made for a database that has one")
	}
	must[*secret.Keyring](t)(secret.OpenKeyring(key)) // somebody else's
	if _, err := living(t, folder); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "does not belong to this database") {
		t.Errorf("with another key: %v", err)
	}
	other := must[*secret.Keyring](t)(secret.ReadKeyring(key))
	if _, err := Inspect(t.Context(), folder, other, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("looked at with another key: %v", err)
	}
	write(t, key, right)
	d = must[*DB](t)(living(t, folder))
	if w, err := d.VerifyAudit(t.Context()); err != nil || w.Seq != 1 {
		t.Errorf("with the right one: %d entries, %v", w.Seq, err)
	}
	ended(t, d)

	// A database from before it knew its key is judged by its audit trail.
	exec(t, filepath.Join(folder, "bakplane.db"), `DELETE FROM house`)
	exec(t, filepath.Join(folder, "bakplane.db"), `DELETE FROM audit_keys`)
	if _, err := Open(t.Context(), folder, other, run.NewNotifier(), testKinds); !fault.Is(err, fault.Conflict) {
		t.Errorf("an older database with another key: %v", err)
	}
	must[*DB](t)(living(t, folder))
}

// TestAKeyIsChanged, and may be interrupted at any moment.
func TestAKeyIsChanged(t *testing.T) {
	folder := t.TempDir()
	key := filepath.Join(folder, "bakplane.key")
	d := must[*DB](t)(living(t, folder))
	ctx := t.Context()
	if err := d.SaveAccount(ctx, endpoint.Account{ID: "a", Name: "a", AccessKeyID: "k", Secret: secret.NewText("s3cret"), Region: "r", Kind: "x"}, audit.New(audit.Engine, time.Now(), "account.add", "account/a", "Added.")); err != nil {
		t.Fatal(err)
	}
	said(t, d, "two")
	must[audit.Head](t)(noted(d.NoteHead(ctx)))
	before := must[[]byte](t)(os.ReadFile(key))
	if err := d.Rotate(ctx, folder, audit.New(audit.Engine, time.Now(), "key.rotate", "key/", "Changed.")); err != nil {
		t.Fatal(err)
	}
	after := must[[]byte](t)(os.ReadFile(key))
	if string(before) == string(after) {
		t.Error("the key is the same")
	}
	whole := func(what string, d *DB, n int64) {
		t.Helper()
		if w, err := d.VerifyAudit(ctx); err != nil || w.Seq != n {
			t.Errorf("%s: %d entries, %v", what, w.Seq, err)
		}
		if a, err := d.Account(ctx, "a"); err != nil || a.Secret.Reveal() != "s3cret" {
			t.Errorf("%s: %v", what, err)
		}
	}
	whole("at once", d, 3)
	said(t, d, "four")
	ended(t, d)
	d = must[*DB](t)(living(t, folder))
	whole("the next life", d, 4)
	ended(t, d)

	// Killed after the commit: the new key lies beside the old one.
	if err := errors.Join(os.Rename(key, key+".new"), os.WriteFile(key, before, 0o600)); err != nil {
		t.Fatal(err)
	}
	d = must[*DB](t)(living(t, folder))
	whole("killed after the commit", d, 4)
	ended(t, d)
	// Killed before it: a key that nothing was sealed with.
	if err := os.WriteFile(key+".new", before, 0o600); err != nil {
		t.Fatal(err)
	}
	d = must[*DB](t)(living(t, folder))
	whole("killed before the commit", d, 4)
	if _, err := os.Stat(key + ".new"); err == nil {
		t.Error("the useless key stays")
	}
	ended(t, d)
	// Entries that the old key sealed are guarded by the new one.
	exec(t, filepath.Join(folder, "bakplane.db"), `UPDATE audit SET summary = 'changed' WHERE seq = 2`)
	d = must[*DB](t)(living(t, folder))
	var broken *audit.Broken
	if _, err := d.VerifyAudit(ctx); !errors.As(err, &broken) || broken.Seq != 2 {
		t.Errorf("an old entry was changed: %v", err)
	}
}

func noted(h audit.Head, _ bool, err error) (audit.Head, error) { return h, err }

// TestEntriesCutOffStayMissing: after a restart, after a walk by order, with new
// entries in their place, in an older copy of the database and in an emptied
// table; until a person takes it as it is.
func TestEntriesCutOffStayMissing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, folder string)
		seq   int64
	}{
		"cut off":       {func(t *testing.T, f string) { exec(t, f, `DELETE FROM audit WHERE seq > 3`) }, 4},
		"emptied":       {func(t *testing.T, f string) { exec(t, f, `DELETE FROM audit`) }, 1},
		"an older copy": {func(t *testing.T, f string) { write(t, f, must[[]byte](t)(os.ReadFile(f+".older"))) }, 3},
		"the note is gone": {func(t *testing.T, f string) {
			if err := os.Remove(filepath.Join(filepath.Dir(f), headFile)); err != nil {
				t.Fatal(err)
			}
		}, 5},
		"the note is another's": {func(t *testing.T, f string) {
			write(t, filepath.Join(filepath.Dir(f), headFile), []byte("v1:0000:AAAA"))
		}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			folder, ctx := t.TempDir(), t.Context()
			file := filepath.Join(folder, "bakplane.db")
			d := must[*DB](t)(living(t, folder))
			said(t, d, "1", "2")
			must[audit.Head](t)(noted(d.NoteHead(ctx)))
			ended(t, d)
			write(t, file+".older", must[[]byte](t)(os.ReadFile(file)))
			d = must[*DB](t)(living(t, folder))
			said(t, d, "3", "4", "5")
			must[audit.Head](t)(noted(d.NoteHead(ctx)))
			ended(t, d)
			c.spoil(t, file)
			d = must[*DB](t)(living(t, folder))
			broken := func(what string, at int64) {
				t.Helper()
				var b *audit.Broken
				if _, err := d.VerifyAudit(ctx); !errors.As(err, &b) || b.Seq != at {
					t.Errorf("%s: %v, want one at %d", what, err, at)
				}
				if _, _, err := d.NoteHead(ctx); !errors.As(err, &b) {
					t.Errorf("%s: noted all the same: %v", what, err)
				}
			}
			broken("after a restart", c.seq)
			said(t, d, "6", "7", "8", "9", "10", "11")
			at := int64(5)
			if strings.HasPrefix(name, "the note") {
				at = 11
			}
			broken("others in their place", at)
			keys := must[*secret.Keyring](t)(Keys(ctx, folder))
			i := must[*DB](t)(Inspect(ctx, folder, keys, nil))
			if _, err := i.VerifyAudit(ctx); err == nil {
				t.Error("the command finds it whole")
			}
			ended(t, i)
			if err := d.AcceptHead(ctx, audit.New(audit.Engine, time.Now(), "audit.accept", "audit/", "Taken as it is.")); err != nil {
				t.Fatal(err)
			}
			if _, err := d.VerifyAudit(ctx); err != nil {
				t.Errorf("after a person took it as it is: %v", err)
			}
		})
	}
}
