package catalogue

import "github.com/bakplane/bakplane/web/templates/kit"

// Protections is the list of databases with the answer for each.
type Protections struct {
	Under string
	Tabs  []kit.Tab
	Rows  []kit.ProtectionRow
	Empty kit.Empty
	Pager kit.Pager
}

// Fragments of the list.
func (v Protections) Fragments() []kit.Fragment {
	return []kit.Fragment{{ID: "protection-list", Component: protectionRows(v)}}
}
