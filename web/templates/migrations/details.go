package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// CloudFiles are the files of the restore task as the cloud sees them.
type CloudFiles struct {
	Who     string // cloud or target
	Title   string
	Crumbs  []kit.Link
	Age     string // asked 12 s ago
	AgeTone kit.Tone
	Refresh kit.Action
	Pairs   []kit.Pair // of the task
	Said    string     // the task's own description
	Rows    []CloudFile
	Empty   kit.Empty
	Note    *kit.Help
}

// CloudFile is one row of DescribeOssDownloads.
type CloudFile struct {
	Name      string
	Kind      kit.Kind
	Size      string // as the service writes it
	Badge     kit.Badge
	Available string
	Created   kit.When
	Ended     kit.When
	Said      string
}
