package catalogue

import "github.com/bakplane/bakplane/web/templates/kit"

// RestorePage is a restore, planned and not yet ordered.
type RestorePage struct {
	Title    string
	Crumbs   []kit.Link
	Notes    []kit.Help
	Facts    []kit.Fact
	Points   []string
	Timeline *kit.Timeline
	Steps    []SetRow
	Calls    []string // the exact statements
	CallNote string
	Heading  string
	Form     *kit.Form
}
