// Package static holds what the browser loads beside the pages: the style
// sheets, the scripts and the icon, embedded in the binary. Every file is
// served under an address that contains a hash of its bytes, so it can be
// cached for ever and a new version is never mixed with an old page.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed app.css app.js chart.js icon.svg vendor/*.js vendor/*.css
var embedded embed.FS

// Prefix is where the files are served.
const Prefix = "/static/"

// Files is the set of embedded files with their addresses.
type Files struct {
	byAddress map[string]file   // address → file
	addresses map[string]string // name → address
}

type file struct {
	name, kind string
	body       []byte
}

// Load reads the embedded files and gives each its address.
func Load() (*Files, error) {
	f := &Files{byAddress: map[string]file{}, addresses: map[string]string{}}
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(name)
		base := strings.TrimSuffix(path.Base(name), ext)
		address := Prefix + base + "." + hex.EncodeToString(sum[:6]) + ext
		kind := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}[ext]
		if kind == "" {
			kind = mime.TypeByExtension(ext)
		}
		f.byAddress[address] = file{name: name, kind: kind, body: body}
		f.addresses[path.Base(name)] = address
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read embedded files: %w", err)
	}
	return f, nil
}

// URL is the address of a file by its base name, such as "app.css"; empty
// for a name that is not embedded.
func (f *Files) URL(name string) string { return f.addresses[name] }

// ServeHTTP answers GET and HEAD for the addresses URL returns.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := f.byAddress[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", found.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, found.name, time.Time{}, bytes.NewReader(found.body))
}
