// Package fences keeps the floors of the house apart: it checks who imports
// whom against rules that each give their reason. docs/architecture.md shows
// the same floors to people.
package fences

import (
	"fmt"
	"slices"
	"strings"
)

// Package is one node of the import graph.
type Package struct {
	Path    string   // import path
	Imports []string // of its files that are not tests
	Library bool     // part of Go itself
}

// Fence says what the packages of one floor or room may import. Patterns are
// import paths; one that ends in "/..." means the path and everything below.
type Fence struct {
	Name     string
	Packages []string // of the house, without the module's path
	House    []string // what they may import of the house, without the module's path
	Outside  []string // what they may import of others, beside Go's own library
	Never    []string // what they may not import of Go's own library
	Why      string
}

// Check returns one sentence for each import that a fence forbids and for each
// package of the module that no fence knows. A package belongs to the first
// fence that names it.
func Check(module string, fences []Fence, graph []Package) []string {
	library := map[string]bool{"C": true}
	for _, p := range graph {
		if p.Library {
			library[p.Path] = true
		}
	}
	var out []string
	for _, p := range graph {
		name, ours := inside(module, p.Path)
		if !ours {
			continue
		}
		at := slices.IndexFunc(fences, func(f Fence) bool { return matches(f.Packages, name) })
		if at < 0 {
			out = append(out, fmt.Sprintf("%s belongs to no floor: give it a place in the house", name))
			continue
		}
		for _, i := range p.Imports {
			if !fences[at].allows(module, i, library[i]) {
				out = append(out, fmt.Sprintf("%s imports %s, but %s: %s", name, strings.TrimPrefix(i, module+"/"), fences[at].Name, fences[at].Why))
			}
		}
	}
	return out
}

func (f Fence) allows(module, path string, library bool) bool {
	if name, ours := inside(module, path); ours {
		return matches(f.House, name)
	}
	if library {
		return !matches(f.Never, path)
	}
	return matches(f.Outside, path)
}

// inside returns a path without its module's; false for paths of others.
func inside(module, path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		above, all := strings.CutSuffix(p, "/...")
		return path == above || all && (above == "" || strings.HasPrefix(path, above+"/"))
	})
}
