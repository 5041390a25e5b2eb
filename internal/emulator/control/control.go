package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// maxWait bounds how long one /held request waits.
const maxWait = time.Minute

// Control is the handler of the control door; serve it on a listener of its own.
func (d *Port) Control() http.Handler { return d.mux }

// HandleFunc adds a path of one emulator's own to the control door, in the
// pattern language of http.ServeMux.
func (d *Port) HandleFunc(pattern string, f http.HandlerFunc) { d.mux.HandleFunc(pattern, f) }

func (d *Port) routes() {
	d.mux.HandleFunc("POST /rules", func(w http.ResponseWriter, r *http.Request) {
		var in Rule
		if !ReadJSON(w, r, &in) {
			return
		}
		out, err := d.Add(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		WriteJSON(w, out)
	})
	d.mux.HandleFunc("GET /rules", func(w http.ResponseWriter, _ *http.Request) { WriteJSON(w, d.Rules()) })
	d.mux.HandleFunc("DELETE /rules", func(w http.ResponseWriter, _ *http.Request) { d.Remove(""); WriteJSON(w, struct{}{}) })
	d.mux.HandleFunc("DELETE /rules/{id}", func(w http.ResponseWriter, r *http.Request) {
		d.Remove(r.PathValue("id"))
		WriteJSON(w, struct{}{})
	})
	d.mux.HandleFunc("GET /held", func(w http.ResponseWriter, r *http.Request) {
		wait, _ := time.ParseDuration(r.URL.Query().Get("wait"))
		ctx, cancel := context.WithTimeout(r.Context(), min(wait, maxWait))
		defer cancel()
		WriteJSON(w, d.Held(ctx))
	})
	d.mux.HandleFunc("POST /release", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			ID string `json:"id"`
		}
		if !ReadJSON(w, r, &in) {
			return
		}
		WriteJSON(w, map[string]int{"released": d.Release(in.ID)})
	})
	d.mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { WriteJSON(w, d.Counts()) })
	d.mux.HandleFunc("GET /requests", func(w http.ResponseWriter, r *http.Request) {
		WriteJSON(w, d.Requests(r.URL.Query().Get("operation")))
	})
	d.mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) { d.Reset(); WriteJSON(w, struct{}{}) })
}

// ReadJSON reads a small JSON body for a control path; an empty body leaves
// the value as it is. On a bad one it answers 400 and returns false.
func ReadJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		http.Error(w, fmt.Sprintf("read body: %v", err), http.StatusBadRequest)
		return false
	}
	return true
}

// WriteJSON answers a control request.
func WriteJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// Remote asks the control door of an emulator in another process.
type Remote struct {
	URL string // http://127.0.0.1:port
}

// Call sends in as JSON (nil = no body) and reads the answer into out (nil = ignored).
func (c Remote) Call(ctx context.Context, method, path string, in, out any) error {
	var buf bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&buf).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, &buf)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
		return fmt.Errorf("control door answered %d: %s", res.StatusCode, bytes.TrimSpace(text))
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// Add puts a rule in force.
func (c Remote) Add(ctx context.Context, r Rule) (Rule, error) {
	var out Rule
	return out, c.Call(ctx, http.MethodPost, "/rules", r, &out)
}

// Held waits up to wait for a held request.
func (c Remote) Held(ctx context.Context, wait time.Duration) ([]Held, error) {
	var out []Held
	err := c.Call(ctx, http.MethodGet, "/held?wait="+url.QueryEscape(wait.String()), nil, &out)
	return out, err
}

// Release lets one held request go on, or all when id is empty.
func (c Remote) Release(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodPost, "/release", map[string]string{"id": id}, nil)
}

// Counts returns what was counted.
func (c Remote) Counts(ctx context.Context) (Counts, error) {
	var out Counts
	err := c.Call(ctx, http.MethodGet, "/counts", nil, &out)
	return out, err
}

// Requests returns the last requests of an operation, or of all.
func (c Remote) Requests(ctx context.Context, operation string) ([]Request, error) {
	var out []Request
	err := c.Call(ctx, http.MethodGet, "/requests?operation="+url.QueryEscape(operation), nil, &out)
	return out, err
}

// Reset releases everything and forgets rules, counts and requests.
func (c Remote) Reset(ctx context.Context) error {
	return c.Call(ctx, http.MethodPost, "/reset", nil, nil)
}
