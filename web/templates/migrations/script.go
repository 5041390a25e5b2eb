package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// Script is the page of the script for a server that cannot be reached.
type Script struct {
	From     []kit.Tab
	Form     kit.Form
	Text     string // empty until it was asked for
	Name     string // of the file
	Download string // its address
	Next     []string
}
