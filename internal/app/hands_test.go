package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// write puts a file into the folder of backup files.
func (h *house) write(name string, content []byte) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.files, name), content, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) read(name string) []byte {
	h.t.Helper()
	b, err := os.ReadFile(filepath.Join(h.files, name))
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

// says fails unless a text holds every fragment; case does not count.
func says(t *testing.T, text string, fragments ...string) {
	t.Helper()
	for _, f := range fragments {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(f)) {
			t.Errorf("%q does not say %q", text, f)
		}
	}
}

func (h *house) patch(body string) {
	h.control(http.MethodPatch, h.cloud.RDS.ControlURL+"/instances/"+emulators.Instance, body)
}

func (h *house) bucket(body string) {
	h.control(http.MethodPost, h.cloud.OSS.ControlURL+"/buckets", body)
}

func (h *house) control(method, url, body string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		h.t.Fatalf("%s %s: %s", method, url, res.Status)
	}
}

func (h *house) account(change func(*endpoint.Account)) {
	h.t.Helper()
	a, err := h.app.DB.Account(h.t.Context(), demo.Account)
	if err != nil {
		h.t.Fatal(err)
	}
	change(&a)
	h.save(func(d demo.Furnisher) error { return d.App.DB.SaveAccount(h.t.Context(), a, d.Entry("account")) })
}

func (h *house) save(f func(demo.Furnisher) error) {
	h.t.Helper()
	if err := f(demo.Furnisher{App: h.app}); err != nil {
		h.t.Fatal(err)
	}
}
