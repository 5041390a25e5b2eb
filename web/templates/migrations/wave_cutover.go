package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// WaveDecision asks once more before something is done to many databases;
// after an order that was refused it says beside each what became of it.
type WaveDecision struct {
	Title  string
	Crumbs []kit.Link
	Intro  string
	Points []string
	Facts  []kit.Fact
	Notes  []kit.Help
	Rows   []WaveVerdict
	Timed  bool      // how long writes would stop is told of each
	Form   *kit.Form // nil = it cannot be ordered now
}

// WaveVerdict is what would become of one database.
type WaveVerdict struct {
	Name     kit.Link
	Badge    kit.Badge
	Writable kit.Badge
	Stop     string // ≈ 40 s
	Parts    string // tail 4 s, upload 9 s, …
	Tail     string // 2.0 MB
	Why      string // what it waits for, why the stop cannot be told, or what becomes of it

	WritableWhy string
}
