package activity

import "github.com/bakplane/bakplane/web/templates/kit"

// Audit is who did what.
type Audit struct {
	Verdict kit.Help // is the chain of entries whole, or broken where
	Check   kit.Action
	Rows    []AuditRow
	Pager   kit.Pager
	Filter  kit.Form
}

// AuditRow is one entry.
type AuditRow struct {
	Seq     string
	When    kit.When
	Who     string
	From    string // web, 192.0.2.7
	Action  string
	Summary string
	Subject kit.Link
	Before  string
	After   string
	Hash    string // the first digits; the whole in HashAll
	HashAll string
	Broken  bool
}
