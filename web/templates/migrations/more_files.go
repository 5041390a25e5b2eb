package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// AddFiles shows which files would bring a migration further.
type AddFiles struct {
	Title    string
	Crumbs   []kit.Link
	Place    string
	Filter   kit.Form
	Problems []kit.Help
	Order    []PlanFile
	Left     []PlanFile
	Form     *kit.Form // nil when nothing can be added
	Back     kit.Action
}
