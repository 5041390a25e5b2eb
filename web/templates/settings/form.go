package settings

import "github.com/bakplane/bakplane/web/templates/kit"

// FormPage is a page that is one form.
type FormPage struct {
	Title  string
	Crumbs []kit.Link
	Intro  string
	Form   kit.Form
	Aside  []kit.Help
}
