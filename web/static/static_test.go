package static

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func TestVendoredFilesAreTheOnesListed(t *testing.T) {
	list, err := os.ReadFile("vendor/VERSIONS")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		body, err := os.ReadFile("vendor/" + f[0])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != f[4] {
			t.Errorf("%s is not version %s of %s", f[0], f[2], f[1])
		}
		listed[f[0]] = true
	}
	there, err := embedded.ReadDir("vendor")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range there {
		if !listed[d.Name()] {
			t.Errorf("%s is embedded and not listed", d.Name())
		}
	}
}

func TestFilesAreServedUnderTheirHashOnly(t *testing.T) {
	files, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{"app.css": "text/css", "app.js": "text/javascript", "pico.min.css": "text/css", "icon.svg": "image/svg+xml"} {
		w := httptest.NewRecorder()
		files.ServeHTTP(w, httptest.NewRequest("GET", files.URL(name), nil))
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", files.URL(name), w.Code, w.Header())
		}
		w = httptest.NewRecorder()
		files.ServeHTTP(w, httptest.NewRequest("GET", Prefix+name, nil))
		if w.Code != 404 {
			t.Errorf("%s without its hash: %d, want 404", name, w.Code)
		}
	}
}
