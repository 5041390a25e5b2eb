package app_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/internal/demo"
)

// reader is a person who is signed in and reads pages.
type reader struct {
	h      *house
	client http.Client
}

func (h *house) reader() *reader {
	h.t.Helper()
	var out demo.Ready
	if err := (demo.Furnisher{App: h.app}).People(h.t.Context(), &out); err != nil {
		h.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r := &reader{h: h, client: http.Client{Jar: jar}}
	r.post("/sign-in", url.Values{"name": {out.User}, "password": {out.Password}})
	return r
}

func (r *reader) post(path string, form url.Values) string {
	r.h.t.Helper()
	res, err := r.client.PostForm(r.h.app.URL()+path, form)
	if err != nil {
		r.h.t.Fatal(err)
	}
	return r.text(res)
}

func (r *reader) get(path string) string {
	r.h.t.Helper()
	res, err := r.client.Get(r.h.app.URL() + path)
	if err != nil {
		r.h.t.Fatal(err)
	}
	return r.text(res)
}

// text is what a person reads of a page: its words, and where links lead.
func (r *reader) text(res *http.Response) string {
	r.h.t.Helper()
	defer res.Body.Close()
	duePolicy, err := html.Parse(res.Body)
	if err != nil {
		r.h.t.Fatal(err)
	}
	var b strings.Builder
	for n := range duePolicy.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style":
			b.WriteString(n.Data + " ")
		case n.Type == html.ElementNode && (n.Data == "a" || n.Data == "form"):
			for _, a := range n.Attr {
				if a.Key == "href" || a.Key == "action" {
					b.WriteString("<" + a.Val + "> ")
				}
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// sees waits until the page of a migration says all of it.
func (r *reader) sees(path string, fragments ...string) string {
	r.h.t.Helper()
	text := ""
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text = r.get(path)
		missing := func(f string) bool { return !strings.Contains(strings.ToLower(text), strings.ToLower(f)) }
		if !slices.ContainsFunc(fragments, missing) {
			return text
		}
	}
	says(r.h.t, text, fragments...)
	return text
}

// link is where a page leads under a path, of the links that hold a word.
func (r *reader) link(text, holds string) string {
	r.h.t.Helper()
	for _, word := range strings.Fields(text) {
		if href := strings.Trim(word, "<>"); strings.HasPrefix(word, "</") && strings.Contains(href, holds) {
			return href
		}
	}
	r.h.t.Fatalf("no link with %q in %s", holds, text)
	return ""
}
