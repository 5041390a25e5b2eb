package servertest

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Listen opens the stream of a page and hands over its events.
func (b *Browser) Listen(path string) <-chan Event {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.h.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := (&http.Client{Jar: b.Http.Jar}).Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		b.t.Fatalf("stream of %s: %d %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	out := make(chan Event, 100)
	go func() {
		defer close(out)
		var e Event
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			key, value, _ := strings.Cut(lines.Text(), ": ")
			switch key {
			case "id":
				e.ID = value
			case "event":
				e.Name = value
			case "data":
				e.Data += value + "\n"
			case "":
				if e.Name != "" {
					out <- e
				}
				e = Event{}
			}
		}
	}()
	return out
}

// Event is one message of a stream.
type Event struct{ ID, Name, Data string }

// Next waits for an event that is wanted.
func Next(t *testing.T, events <-chan Event, want func(Event) bool) Event {
	t.Helper()
	deadline := time.After(5 * time.Minute)
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
