package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// WaveOrder is the order in which the databases of a wave begin.
type WaveOrder struct {
	Title   string
	Crumbs  []kit.Link
	Rows    []WavePlace
	Waiting int       // that can be moved
	Form    *kit.Form // nil when none can be moved any more
}

// WavePlace is the place of one database; Fixed once it has begun.
type WavePlace struct {
	Name  kit.Link
	Badge kit.Badge
	Place string
	Field string
	Fixed bool
}
