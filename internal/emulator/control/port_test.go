package control_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// house is a small service behind a door: it answers the length of the body.
type house struct {
	port   *control.Port
	remote control.Remote
	url    string
	acted  chan string
}

func build(t *testing.T) *house {
	t.Helper()
	h := &house{port: control.New(), acted: make(chan string, 100)}
	h.port.Refuse = func(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<"+code+">"+message)
	}
	op := func(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/") }
	api := httptest.NewServer(h.port.Wrap(op, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control.Detail(r.Context(), r.URL.Query().Get("part"))
		data, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		h.acted <- string(data)
		if word, ok := control.Effect(r.Context(), "say"); ok {
			_, _ = io.WriteString(w, word)
			return
		}
		_, _ = io.WriteString(w, "done with "+string(data))
	})))
	controlURL := httptest.NewServer(h.port.Control())
	t.Cleanup(func() { h.port.Reset(); api.Close(); controlURL.Close() })
	h.url, h.remote = api.URL, control.Remote{URL: controlURL.URL}
	return h
}

func (h *house) send(t *testing.T, path, body string) (int, string, error) {
	t.Helper()
	// POST is not repeated by net/http when the connection breaks.
	res, err := http.Post(h.url+path, "text/plain", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}

func (h *house) add(t *testing.T, r control.Rule) {
	t.Helper()
	if _, err := h.remote.Add(context.Background(), r); err != nil {
		t.Fatal(err)
	}
}

func ptr(n int64) *int64 { return &n }

func TestRefusesTheKthRequestsOfAnOperation(t *testing.T) {
	h := build(t)
	h.add(t, control.Rule{Operation: "put", Match: "part=7", Skip: 1, Times: 2, Status: 503, Code: "Busy", Message: "later"})
	var got []int
	for range 5 {
		status, _, err := h.send(t, "/put?part=7", "x")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
		if s, _, _ := h.send(t, "/put?part=8", "x"); s != 200 {
			t.Fatalf("another part was bitten: %d", s)
		}
	}
	if want := []int{200, 503, 503, 200, 200}; !equal(got, want) {
		t.Fatalf("statuses %v, want %v", got, want)
	}
	counts, err := h.remote.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if c := counts.Details["put 7"]; c.Acted != 3 {
		t.Errorf("part 7 acted %d times, want 3: %+v", c.Acted, counts)
	}
	if c := counts.Operations["put"]; c.Seen != 10 || c.Bitten != 2 || c.Acted != 8 {
		t.Errorf("put counted as %+v", c)
	}
}

func TestHidesTheAnswerAfterActing(t *testing.T) {
	for name, r := range map[string]control.Rule{
		"gateway time-out": {Status: 504, ContentType: "text/html", Body: "<html>", Acted: true},
		"connection cut":   {CutAnswer: ptr(0)},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t)
			h.add(t, r)
			status, text, err := h.send(t, "/put", "x")
			if err == nil && (status != 504 || text != "<html>") {
				t.Fatalf("client saw %d %q", status, text)
			}
			if got := <-h.acted; got != "x" {
				t.Fatalf("emulator got %q", got)
			}
			if c := h.port.Counts().Operations["put"]; c.Acted != 1 || c.Bitten != 1 {
				t.Errorf("counted %+v", c)
			}
		})
	}
}

func TestCutsBodies(t *testing.T) {
	h := build(t)
	h.add(t, control.Rule{CutAnswer: ptr(4)})
	if _, text, err := h.send(t, "/put", "x"); err == nil || text != "done" {
		t.Fatalf("answer %q, error %v", text, err)
	}
	<-h.acted
	h.add(t, control.Rule{CutRequest: ptr(3)})
	if status, _, err := h.send(t, "/put", "abcdef"); err == nil {
		t.Fatalf("a cut request was answered with %d", status)
	}
	select {
	case got := <-h.acted:
		t.Fatalf("acted on a cut body: %q", got)
	default:
	}
}

func TestHoldsUntilReleased(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			h := build(t)
			h.add(t, control.Rule{Operation: "put", Hold: when})
			answered := make(chan int, 1)
			go func() {
				status, _, _ := h.send(t, "/put", "x")
				answered <- status
			}()
			held, err := h.remote.Held(context.Background(), 30*time.Second)
			if err != nil || len(held) != 1 || held[0].When != when {
				t.Fatalf("held %+v, error %v", held, err)
			}
			if acted := len(h.acted) == 1; acted != (when == "after") {
				t.Errorf("acted = %v while held %s", acted, when)
			}
			if len(answered) != 0 {
				t.Fatal("answered while held")
			}
			if err := h.remote.Release(context.Background(), held[0].ID); err != nil {
				t.Fatal(err)
			}
			if status := <-answered; status != 200 {
				t.Errorf("status %d", status)
			}
		})
	}
}

func TestEffectsReachTheEmulatorAndResetForgets(t *testing.T) {
	h := build(t)
	h.add(t, control.Rule{Times: -1, Effects: map[string]string{"say": "boo"}})
	for range 3 {
		if _, text, _ := h.send(t, "/put", "x"); text != "boo" {
			t.Fatalf("answer %q", text)
		}
	}
	if err := h.remote.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, text, _ := h.send(t, "/put", "x"); text != "done with x" {
		t.Fatalf("answer after reset %q", text)
	}
	reqs, err := h.remote.Requests(context.Background(), "put")
	if err != nil || len(reqs) != 1 || reqs[0].Status != 200 || !reqs[0].Sent {
		t.Fatalf("requests %+v, error %v", reqs, err)
	}
}

func TestBadRulesAreRefused(t *testing.T) {
	h := build(t)
	for _, r := range []control.Rule{{Match: "("}, {Hold: "sometimes"}} {
		if _, err := h.remote.Add(context.Background(), r); err == nil {
			t.Errorf("accepted %+v", r)
		}
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
