package catalogue

import "github.com/bakplane/bakplane/web/templates/kit"

// CloudSet is one set with what can be done with it.
type CloudSet struct {
	Head   kit.CloudHead
	Title  string
	Kind   kit.Kind
	Pairs  []kit.Pair
	Copies []kit.Pair
	Doing  []Doing
}

// Doing is something that can be done, with why it cannot where it cannot.
type Doing struct {
	Title  string
	Text   string
	Action kit.Action
}

// DownloadLinks are shown once.
type DownloadLinks struct {
	Head  kit.CloudHead
	What  string
	Warn  kit.Help
	Links []DownloadLink
	Back  kit.Action
}

// DownloadLink is where something can be fetched for a while.
type DownloadLink struct {
	Name     string
	Public   string
	Intranet string
	Expires  kit.When
	Left     string
}
