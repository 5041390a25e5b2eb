package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

func TestTheStreamTellsWhatThePageWouldShow(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	b := h.SignedIn(t)
	b.Get("/migrations/new/checks?source=files&prefix=orders/&instance=target&staging=staging").Submit("/migrations").Sees(200, "has begun")
	page := b.At.Path
	events := b.Listen(page)
	seen := map[string]bool{}
	last := servertest.Next(t, events, func(e servertest.Event) bool {
		seen[e.Name] = true
		return e.Name == "migration-needs" && strings.Contains(e.Data, "Every known file is applied")
	})
	for _, name := range []string{"rail", "migration-head", "migration-facts", "migration-chain", "migration-files", "migration-steps", "migration-events"} {
		if !seen[name] {
			t.Errorf("the stream never sent %s", name)
		}
	}
	if last.ID == "" || last.ID == "0" {
		t.Errorf("the event has the id %q, want the number of the newest event", last.ID)
	}
	b.Get(page).Sees(200, "Every known file is applied")
}

func TestTheStreamSendsNothingTwice(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	events := b.Listen("/migrations")
	servertest.Next(t, events, func(e servertest.Event) bool { return e.Name == "migrations-list" })
	// A commit that changes nothing on this page.
	if err := h.DB.Record(t.Context(), audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "test.nothing", "test/1", "Nothing.")); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-events:
		t.Errorf("%s was sent again", e.Name)
	case <-time.After(time.Second):
	}
}

func TestTheStreamEndsWithTheSession(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	events := b.Listen("/migrations")
	servertest.Next(t, events, func(e servertest.Event) bool { return e.Name == "rail" })
	h.Browser(t).Get("/sign-in").Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword).
		Get("/settings/password").Submit("/settings/password", "old", servertest.AdminPassword, "password", "another long one", "again", "another long one").Sees(200, "Your password is changed")
	deadline := time.After(40 * time.Second) // more than two looks of a stream that nobody rings
	for {
		select {
		case _, open := <-events:
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the stream goes on after the password changed")
		}
	}
}
