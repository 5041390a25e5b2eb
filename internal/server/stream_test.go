package server_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
)

// event is one message of a stream.
type event struct{ id, name, data string }

// listen opens the stream of a page and hands over its events.
func (b *browser) listen(path string) <-chan event {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.h.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := (&http.Client{Jar: b.http.Jar}).Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		b.t.Fatalf("stream of %s: %d %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	out := make(chan event, 100)
	go func() {
		defer close(out)
		var e event
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			key, value, _ := strings.Cut(lines.Text(), ": ")
			switch key {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data += value + "\n"
			case "":
				if e.name != "" {
					out <- e
				}
				e = event{}
			}
		}
	}()
	return out
}

func next(t *testing.T, events <-chan event, want func(event) bool) event {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatal("the stream ended")
			}
			if want(e) {
				return e
			}
		case <-deadline:
			t.Fatal("nothing of that kind came")
		}
	}
}

func TestTheStreamTellsWhatThePageWouldShow(t *testing.T) {
	h := newHouse(t)
	h.cloud(t)
	b := h.signedIn(t)
	b.get("/migrations/new/checks?source=files&prefix=orders/&instance=target&staging=staging").submit("/migrations").sees(200, "has begun")
	page := b.at.Path
	events := b.listen(page)
	seen := map[string]bool{}
	last := next(t, events, func(e event) bool {
		seen[e.name] = true
		return e.name == "migration-needs" && strings.Contains(e.data, "Every known file is applied")
	})
	for _, name := range []string{"rail", "migration-head", "migration-facts", "migration-chain", "migration-files", "migration-steps", "migration-events"} {
		if !seen[name] {
			t.Errorf("the stream never sent %s", name)
		}
	}
	if last.id == "" || last.id == "0" {
		t.Errorf("the event has the id %q, want the number of the newest event", last.id)
	}
	b.get(page).sees(200, "Every known file is applied")
}

func TestTheStreamSendsNothingTwice(t *testing.T) {
	h := newHouse(t)
	b := h.signedIn(t)
	events := b.listen("/migrations")
	next(t, events, func(e event) bool { return e.name == "migrations-list" })
	// A commit that changes nothing on this page.
	if err := h.db.Record(t.Context(), audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "test.nothing", "test/1", "Nothing.")); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-events:
		t.Errorf("%s was sent again", e.name)
	case <-time.After(time.Second):
	}
}

func TestTheStreamEndsWithTheSession(t *testing.T) {
	h := newHouse(t)
	b := h.signedIn(t)
	events := b.listen("/migrations")
	next(t, events, func(e event) bool { return e.name == "rail" })
	h.browser(t).get("/sign-in").submit("/sign-in", "name", adminName, "password", adminPassword).
		get("/settings/password").submit("/settings/password", "old", adminPassword, "password", "another long one", "again", "another long one").sees(200, "Your password is changed")
	deadline := time.After(20 * time.Second)
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
