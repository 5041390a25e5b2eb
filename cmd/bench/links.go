package main

import (
	"io"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// doors are what a page offers to go on with: its links, and the forms that
// ask for another view of it.
type doors struct {
	links []string
	forms []form
}

// form is a filter: its address, and what each of its fields may be.
type form struct {
	action string
	fields map[string][]string // a field that takes text has one choice, what stands in it
}

// readDoors reads the doors of a page.
func readDoors(duePolicy io.Reader) (d doors, err error) {
	root, err := html.Parse(duePolicy)
	if err != nil {
		return d, err
	}
	for n := range root.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "a" && strings.HasPrefix(attribute(n, "href"), "/"):
			d.links = append(d.links, attribute(n, "href"))
		case n.Data == "form" && strings.EqualFold(attribute(n, "method"), "get") && strings.HasPrefix(attribute(n, "action"), "/"):
			d.forms = append(d.forms, readForm(n))
		}
	}
	return d, nil
}

func readForm(n *html.Node) form {
	f := form{action: attribute(n, "action"), fields: map[string][]string{}}
	for field := range n.Descendants() {
		name := attribute(field, "name")
		switch {
		case field.Type != html.ElementNode || name == "":
		case field.Data == "input":
			f.fields[name] = append(f.fields[name], attribute(field, "value"))
		case field.Data == "select":
			for option := range field.Descendants() {
				if option.Data == "option" {
					f.fields[name] = append(f.fields[name], attribute(option, "value"))
				}
			}
		}
	}
	return f
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// fill makes an address of a form with every field chosen at random.
func (f form) fill(r *rand.Rand) string {
	q := url.Values{}
	for name, choices := range f.fields {
		choice := choices[r.IntN(len(choices))]
		if name == "database" && r.IntN(2) == 0 {
			choice = databaseName(r.IntN(wanted.databases))
		}
		if choice != "" {
			q.Set(name, choice)
		}
	}
	if len(q) == 0 {
		return f.action
	}
	return f.action + "?" + q.Encode()
}

// identity is a part of an address that names one thing of many.
var identity = regexp.MustCompile(`/(?:(?:server|cloud)-\d+|[0-9a-f]{16}|[0-9a-f]{8}-[0-9a-f-]{27}|(?:orders|stock|people|ledger)_\d+)`)

// shape is what addresses of one kind of page have in common.
func shape(address string) string {
	path, _, _ := strings.Cut(address, "?")
	kind := ""
	switch {
	case strings.Contains(path, "/cloud-"):
		kind = " (cloud)"
	case strings.Contains(path, "/server-"):
		kind = " (own)"
	}
	return identity.ReplaceAllString(path, "/…") + kind
}
