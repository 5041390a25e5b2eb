package server_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

// A form that words itself asks for a part of its page; when that question comes
// late, it must not take away what the order had to say.
func TestWhatIsSaidOnceIsNotTakenByAPartOfAPage(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	b.Http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ask := func(method, path, body string, part bool) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
		if part {
			r.Header.Set("HX-Request", "true")
		}
		resp, err := b.Http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	ask(http.MethodPost, "/settings/folders", url.Values{"path": {h.Files}, "name": {"files"}}.Encode(), false)
	if page := ask(http.MethodGet, "/settings", "", true); strings.Contains(page, "The folder is saved.") {
		t.Error("a part of a page took the sentence")
	}
	if page := ask(http.MethodGet, "/settings", "", false); !strings.Contains(page, "The folder is saved.") {
		t.Error("the page does not say that the folder is saved")
	}
}
