package templates_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/web/static"
	"github.com/bakplane/bakplane/web/templates/migrations"
)

// TestPagesSayWhatTheirViewsSay renders every page and looks at it as a person
// or a browser with a strict policy would.
func TestPagesSayWhatTheirViewsSay(t *testing.T) {
	files, err := static.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages() {
		t.Run(p.name, func(t *testing.T) {
			var buf bytes.Buffer
			if err := p.draw(frame(files, p.title, p.section, "system")).Render(context.Background(), &buf); err != nil {
				t.Fatal(err)
			}
			doc, err := html.Parse(&buf)
			if err != nil {
				t.Fatal(err)
			}
			text := " " + strings.Join(strings.Fields(textOf(doc)), " ") + " "
			for _, w := range p.want {
				if !strings.Contains(text, w) {
					t.Errorf("the page does not say %q", w)
				}
			}
			checkDocument(t, doc, p.section)
		})
	}
}

func checkDocument(t *testing.T, doc *html.Node, section string) {
	t.Helper()
	ids := map[string]bool{}
	labels := map[string]bool{}
	var headings, mains, primary, current int
	var inputs []string
	walk(doc, func(n *html.Node) {
		if n.Type != html.ElementNode {
			return
		}
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("id %q is there twice", id)
			}
			ids[id] = true
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") {
				t.Errorf("<%s %s>: the content security policy forbids it", n.Data, a.Key)
			}
			if (a.Key == "href" || a.Key == "src" || a.Key == "action") && (strings.Contains(a.Val, "//") || strings.Contains(a.Val, ":")) {
				t.Errorf("<%s %s=%q> leaves the house", n.Data, a.Key, a.Val)
			}
		}
		switch n.Data {
		case "style":
			t.Error("a style element: the content security policy forbids it")
		case "script":
			if attr(n, "src") == "" || n.FirstChild != nil {
				t.Error("an inline script: the content security policy forbids it")
			}
		case "h1":
			headings++
		case "main":
			mains++
		case "label":
			labels[attr(n, "for")] = true
		case "input", "select", "textarea":
			if kind := attr(n, "type"); kind != "hidden" && kind != "radio" {
				inputs = append(inputs, attr(n, "id"))
			}
		case "a":
			if attr(n, "aria-current") == "page" {
				current++
			}
			if slices.Contains(strings.Fields(attr(n, "class")), "btn") && !strings.Contains(attr(n, "class"), "plain") && !strings.Contains(attr(n, "class"), "danger") {
				primary++
			}
		case "progress":
			if attr(n, "aria-label") == "" {
				t.Error("a progress bar without a label")
			}
		case "svg":
			if attr(n, "aria-hidden") == "" && attr(n, "aria-label") == "" {
				t.Error("a drawing without words")
			}
		case "time":
			if attr(n, "datetime") == "" {
				t.Error("a time without datetime")
			}
		}
	})
	if headings != 1 || mains != 1 {
		t.Errorf("%d main headings and %d main parts, want one of each", headings, mains)
	}
	if section != "" && current != 1 {
		t.Errorf("%d entries of the rail are current, want 1", current)
	}
	if primary > 2 {
		t.Errorf("%d filled buttons", primary)
	}
	for _, id := range inputs {
		if !labels[id] {
			t.Errorf("input %q has no label", id)
		}
	}
}

func TestStreamSendsWhatThePageShows(t *testing.T) {
	files, err := static.Load()
	if err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	m := migration()
	draw := pages()[slices.IndexFunc(pages(), func(p page) bool { return p.name == "migration" })].draw
	if err := draw(frame(files, "orders", "migrations", "light")).Render(context.Background(), &whole); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Fragments() {
		var part bytes.Buffer
		if err := f.Component.Render(context.Background(), &part); err != nil {
			t.Fatal(err)
		}
		closing := ` data-live sse-swap="` + f.ID + `" hx-swap="morph:innerHTML">`
		if !strings.Contains(whole.String(), `<div id="`+f.ID+`"`) || !strings.Contains(whole.String(), closing+part.String()) {
			t.Errorf("fragment %s is not in the page as the stream would send it", f.ID)
		}
	}
}

func TestTextFromOutsideIsEscaped(t *testing.T) {
	files, err := static.Load()
	if err != nil {
		t.Fatal(err)
	}
	const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	m := migration()
	m.Name, m.Path = hostile, hostile
	m.Needs[0].Said, m.Files[0].Name, m.Calls[0].Request, m.Events[0].Text = hostile, hostile, hostile, hostile
	m.Chain.Sets[0].Title, m.Chain.Sets[0].Text, m.Chain.Label = hostile, hostile, hostile
	m.Crumbs[0].Href = "javascript:alert(1)"
	var buf bytes.Buffer
	if err := migrations.MigrationPage(frame(files, hostile, "migrations", hostile), m).Render(context.Background(), &buf); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&buf)
	if err != nil {
		t.Fatal(err)
	}
	walk(doc, func(n *html.Node) {
		if n.Data == "img" || (n.Data == "script" && attr(n, "src") == "") {
			t.Errorf("text became an element: <%s>", n.Data)
		}
		if strings.HasPrefix(attr(n, "href"), "javascript:") {
			t.Error("an address became a script")
		}
	})
}

func walk(n *html.Node, f func(*html.Node)) {
	f(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	walk(n, func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		} else if n.Type == html.ElementNode && (n.Data == "td" || n.Data == "div" || n.Data == "li" || n.Data == "text") {
			b.WriteString(" ")
		}
	})
	return b.String()
}
