package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

// folderOf makes a data folder with a person, and keeps it open when asked.
func folderOf(t *testing.T) (string, *sqlite.DB) {
	t.Helper()
	folder := t.TempDir()
	keys, err := sqlite.Keys(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	d, err := sqlite.Open(t.Context(), folder, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	// Their password was set while the clock was a year ahead.
	ahead := time.Now().AddDate(1, 0, 0).UTC()
	p := person.Person{ID: "1", Name: "ana", Hash: person.HashPassword(secret.NewText("forgotten")), Created: ahead, Changed: ahead}
	if err := d.AddFirst(t.Context(), p, audit.New(commandLine(), ahead, "person.first", "person/1", "Made.")); err != nil {
		t.Fatal(err)
	}
	return folder, d
}

// printed is what a command printed.
func printed(t *testing.T, do func() error) (string, error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdout
	os.Stdout = w
	err = do()
	os.Stdout = before
	w.Close()
	out, _ := io.ReadAll(r)
	return string(out), err
}

// TestAForgottenPasswordIsReset while the dashboard is at work.
func TestAForgottenPasswordIsReset(t *testing.T) {
	folder, d := folderOf(t)
	out, err := printed(t, (&resetPasswordCmd{Name: "ANA", Data: folder}).Run)
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`is now (\S{20})\n`).FindStringSubmatch(out)
	p, err := d.Person(t.Context(), "1")
	if said == nil || err != nil || !person.VerifyPassword(p.Hash, secret.NewText(said[1])) {
		t.Errorf("%q does not say the password: %v", out, err)
	}
	if w, err := d.VerifyAudit(t.Context()); err != nil || w.Seq != 2 {
		t.Errorf("%d entries: %v", w.Seq, err)
	}
	if _, err := printed(t, (&resetPasswordCmd{Name: "bob", Data: folder}).Run); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody of the name: %v", err)
	}
}

// TestOrdersThatNeedTheFolderAloneWait, and work when it is free.
func TestOrdersThatNeedTheFolderAloneWait(t *testing.T) {
	folder, d := folderOf(t)
	if _, err := printed(t, (&keyRotateCmd{Data: folder}).Run); !fault.Is(err, fault.Conflict) {
		t.Errorf("beside a dashboard at work: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := printed(t, (&keyRotateCmd{Data: folder}).Run); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(folder, "bakplane.key")); err != nil || string(after) == string(before) {
		t.Errorf("the key is the same: %v", err)
	}
	if out, err := printed(t, (&auditVerifyCmd{Data: folder}).Run); err != nil || !strings.Contains(out, "2 entries, whole") {
		t.Errorf("%q %v", out, err)
	}
	if err := os.Remove(filepath.Join(folder, "bakplane.head")); err != nil {
		t.Fatal(err)
	}
	if _, err := printed(t, (&auditVerifyCmd{Data: folder}).Run); err == nil || !strings.Contains(err.Error(), "NOT whole") {
		t.Errorf("without the note: %v", err)
	}
	if _, err := printed(t, (&auditAcceptCmd{Data: folder, Reason: "The note was lost with a disk."}).Run); err != nil {
		t.Fatal(err)
	}
	if out, err := printed(t, (&auditVerifyCmd{Data: folder}).Run); err != nil || !strings.Contains(out, "3 entries, whole") {
		t.Errorf("%q %v", out, err)
	}
	key := filepath.Join(folder, "bakplane.key")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err := printed(t, (&auditVerifyCmd{Data: folder}).Run); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("looking made a key")
	}
}
