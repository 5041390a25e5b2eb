package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// Form is the form of a policy of our own, and what it means so far.
type Form struct {
	Title   string
	Crumbs  []kit.Link
	Action  string // where the preview is
	Recheck string // where the form is worded anew
	Cancel  string
	Hidden  []kit.Hidden
	Problem *kit.Help
	Notes   []kit.Help

	Basics    []kit.Field
	Databases []kit.Field
	Matches   []MatchGroup
	Zone      []kit.Field // zone, missed slots and window
	Rules     []RuleForm
	How       []kit.Field
}

// RuleForm is the part of the form about one kind of backup.
type RuleForm struct {
	Kind  kit.Kind
	Name  string // Full backups
	Cron  kit.Field
	Keep  []kit.Field // days, count, daily, weekly, monthly, yearly
	Error string      // about how long sets are kept
	Words string      // what the line means
	Next  []kit.When
	Kept  string // what the numbers mean
}

// MatchGroup is what a selection chooses at one server now.
type MatchGroup struct {
	Server   string
	Note     string // as the server says now, or as it is known from
	Chosen   []string
	LeftOut  []MatchLeft
	More     string // and 12 more
	Trouble  string
	OfCount  string // 3 of 7 databases
	NotAsked bool
}

// MatchLeft is a database that is not backed up, and why.
type MatchLeft struct{ Name, Why string }
