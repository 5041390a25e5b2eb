package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
)

// TestTheNoteBesideTheCopiesTellsOfAnOlderFolder: database, note and key were
// replaced by older ones together, which are whole in themselves.
func TestTheNoteBesideTheCopiesTellsOfAnOlderFolder(t *testing.T) {
	folder, d := folderOf(t)
	first, _, err := d.NoteHead(t.Context())
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	older, to, pass := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "pass")
	files := func(from, into string) {
		t.Helper()
		all, err := os.ReadDir(from)
		for _, f := range all {
			b, readErr := os.ReadFile(filepath.Join(from, f.Name()))
			err = errors.Join(err, readErr, os.WriteFile(filepath.Join(into, f.Name()), b, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	files(folder, older)
	if err := os.WriteFile(pass, []byte("a few words together\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	note := func() []byte {
		b, _ := os.ReadFile(filepath.Join(to, "bakplane.head"))
		return b
	}
	live := func(what string, done func(*app.App) bool) {
		t.Helper()
		a, err := app.Open(t.Context(), app.Config{Data: folder, Listen: "127.0.0.1:0", BackupTo: to, BackupPassphrase: pass, BackupEvery: time.Hour, BackupKeep: 3}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- a.Serve(ctx) }()
		for deadline := time.Now().Add(5 * time.Minute); !done(a); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("still not: %s", what)
				break
			}
		}
		stop()
		if err := errors.Join(<-served, a.Close()); err != nil {
			t.Error(err)
		}
	}
	broken := func(err error) bool {
		var b *audit.Broken
		return errors.As(err, &b)
	}
	live("a note beside the copies, and a copy", func(a *app.App) bool {
		copies, _ := filepath.Glob(filepath.Join(to, "*.json"))
		h, _, err := a.DB.NoteHead(t.Context())
		return len(note()) > 0 && len(copies) == 1 && err == nil && h.Seq > first.Seq // the copy's own entry is there
	})
	if out, err := printed(t, (&auditVerifyCmd{Data: folder, To: to}).Run); err != nil || !strings.Contains(out, "whole") || !strings.Contains(out, "noted at "+to) {
		t.Fatalf("%q, %v", out, err)
	}

	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	files(older, folder)
	if _, err := printed(t, (&auditVerifyCmd{Data: folder}).Run); err != nil {
		t.Fatalf("the older folder is whole in itself: %v", err)
	}
	if _, err := printed(t, (&auditVerifyCmd{Data: folder, To: to}).Run); err == nil || !strings.Contains(err.Error(), "NOT whole") {
		t.Errorf("the command: %v", err)
	}
	before := note()
	live("the walk behind the Audit page and the API tells of it", func(a *app.App) bool {
		_, err := a.DB.VerifyAudit(t.Context())
		return broken(err)
	})
	if !bytes.Equal(before, note()) {
		t.Error("the note was written over")
	}

	if _, err := printed(t, (&auditAcceptCmd{Data: folder, Reason: "The disk was lost."}).Run); err != nil {
		t.Fatal(err)
	}
	live("the note is written anew", func(a *app.App) bool {
		_, err := a.DB.VerifyAudit(t.Context())
		return err == nil && !bytes.Equal(before, note())
	})
	if err := os.WriteFile(filepath.Join(to, "bakplane.head"), []byte("else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := printed(t, (&auditVerifyCmd{Data: folder, To: to}).Run); err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("a note that was changed: %v", err)
	}
}
