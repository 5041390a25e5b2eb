package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// WaveReport is the account of a wave, to be printed or saved.
type WaveReport struct {
	Name    string
	Crumbs  []kit.Link
	Under   string
	Facts   []kit.Fact
	Members []WaveAccount
	Checks  []Check // of the whole wave, as it began
	Bounds  []kit.Pair
	ByHand  []Tick
}

// WaveAccount is the account of one database of a wave.
type WaveAccount struct {
	Name  string
	Badge kit.Badge
	Pairs []kit.Pair
	Hand  []string // what remains by hand, a box each
}
