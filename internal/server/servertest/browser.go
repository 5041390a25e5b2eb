package servertest

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// Browser is a person at a browser without scripts.
type Browser struct {
	t    *testing.T
	h    *House
	Http *http.Client
	Page *html.Node
	Code int
	At   *url.URL
}

// Browser is a person at a browser who is not signed in.
func (h *House) Browser(t *testing.T) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t: t, h: h, Http: &http.Client{Jar: jar, Timeout: 10 * time.Minute}}
}

// SignedIn is a browser whose person is signed in.
func (h *House) SignedIn(t *testing.T) *Browser {
	t.Helper()
	h.Admin(t)
	b := h.Browser(t)
	b.Get("/sign-in").Submit("/sign-in", "name", AdminName, "password", AdminPassword)
	if b.At.Path != "/" || b.Code != http.StatusOK {
		t.Fatalf("signed in, and arrived at %s (%d)", b.At, b.Code)
	}
	return b
}

// Get opens a page.
func (b *Browser) Get(path string) *Browser {
	b.t.Helper()
	return b.Do(http.MethodGet, path, "")
}

// Do sends a request as a browser would, and reads the page that comes.
func (b *Browser) Do(method, path, body string) *Browser {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.h.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := b.Http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if b.Page, err = html.Parse(resp.Body); err != nil {
		b.t.Fatal(err)
	}
	b.Code, b.At = resp.StatusCode, resp.Request.URL
	return b
}

// Submit fills the form that goes to an address, the way a browser would: its
// hidden fields and preset values, then the pairs given.
func (b *Browser) Submit(action string, pairs ...string) *Browser {
	b.t.Helper()
	var form *html.Node
	Each(b.Page, func(n *html.Node) {
		if n.Data == "form" && Attr(n, "action") == action {
			form = n
		}
	})
	if form == nil {
		b.t.Fatalf("%s has no form that goes to %s; it says %.600s", b.At, action, b.Text())
	}
	values := url.Values{}
	Each(form, func(n *html.Node) {
		switch {
		case n.Data == "input" && (Attr(n, "type") != "radio" && Attr(n, "type") != "checkbox" || Has(n, "checked")) && Attr(n, "name") != "":
			values.Add(Attr(n, "name"), Attr(n, "value"))
		case n.Data == "textarea":
			values.Set(Attr(n, "name"), TextOf(n))
		case n.Data == "option" && Has(n, "selected"), n.Data == "option" && n.PrevSibling == nil:
			values.Set(Attr(n.Parent, "name"), Attr(n, "value"))
		}
	})
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	if Attr(form, "method") == "get" {
		return b.Get(action + "?" + values.Encode())
	}
	return b.Do(http.MethodPost, action, values.Encode())
}

// Follow clicks the link with these words.
func (b *Browser) Follow(words string) *Browser {
	b.t.Helper()
	href := ""
	Each(b.Page, func(n *html.Node) {
		if n.Data == "a" && strings.TrimSpace(TextOf(n)) == words {
			href = Attr(n, "href")
		}
	})
	if href == "" {
		b.t.Fatalf("%s has no link %q; it says %.600s", b.At, words, b.Text())
	}
	return b.Get(href)
}

// Text is what the page says.
func (b *Browser) Text() string { return strings.Join(strings.Fields(TextOf(b.Page)), " ") }

// Sees fails unless the page has this status and says all of these.
func (b *Browser) Sees(code int, texts ...string) *Browser {
	b.t.Helper()
	if b.Code != code {
		b.t.Errorf("%s answered %d, want %d: %.300s", b.At, b.Code, code, b.Text())
	}
	for _, w := range texts {
		if !strings.Contains(b.Text(), w) {
			b.t.Errorf("%s does not say %q; it says %.1200s", b.At, w, b.Text())
		}
	}
	return b
}

// Until reloads the page until it says something.
func (b *Browser) Until(text string) *Browser {
	b.t.Helper()
	deadline := time.Now().Add(10 * time.Minute)
	for !strings.Contains(b.Text(), text) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s never said %q; it says %.2000s", b.At, text, b.Text())
		}
		changes, stop := b.h.Notifier.Listen()
		select {
		case <-changes:
		case <-time.After(200 * time.Millisecond):
		}
		stop()
		b.Get(b.At.RequestURI())
	}
	return b
}

// Each calls f with every element of a page.
func Each(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		f(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		Each(c, f)
	}
}

// Attr is an attribute of an element; empty when it has none of the name.
func Attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// Has reports whether an element has an attribute.
func Has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// TextOf is what a part of a page says.
func TextOf(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		if n.Type == html.ElementNode && n.Data != "span" && n.Data != "strong" {
			b.WriteString(" ")
		}
	}
	walk(n)
	return b.String()
}
