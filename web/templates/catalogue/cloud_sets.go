package catalogue

import "github.com/bakplane/bakplane/web/templates/kit"

// CloudSets is the list of backup sets of an instance.
type CloudSets struct {
	Head   kit.CloudHead
	Filter kit.Form
	Facts  []kit.Fact
	Rows   []CloudSetRow
	Empty  kit.Empty
	Pager  kit.Pager
	Charts []kit.Chart
}

// CloudSetRow is one set.
type CloudSetRow struct {
	Name     kit.Link // 20 Nov 18:00
	Kind     kit.Kind
	Method   string // physical, snapshot
	Mode     string // by policy, by hand
	Badge    kit.Badge
	Database string
	Size     kit.Size
	Began    kit.When
	Took     string
	Expires  kit.When
	Left     string // in 6 d
	LeftTone kit.Tone
	Copies   string
}
