package catalogue

import "github.com/bakplane/bakplane/web/templates/kit"

// CloudLogs is the log backups of an instance and the recovery window.
type CloudLogs struct {
	Head     kit.CloudHead
	Facts    []kit.Fact
	Notes    []kit.Help
	Timeline *kit.Timeline
	Form     *kit.Form // to a moment
	Database kit.Form  // whose window is drawn
	Rows     []CloudLogRow
	Empty    kit.Empty
	Pager    kit.Pager
	Charts   []kit.Chart
}

// CloudLogRow is one log backup.
type CloudLogRow struct {
	From, To kit.When
	Covers   string // 30 min
	Size     kit.Size
	Action   *kit.Action
}
