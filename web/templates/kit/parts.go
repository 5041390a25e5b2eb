package kit

import "github.com/a-h/templ"

// Tone colours a badge, a fact or a box: the same five everywhere.
type Tone string

const (
	ToneIdle Tone = ""     // nothing happens
	ToneRun  Tone = "run"  // at work
	ToneOK   Tone = "ok"   // as it should be
	ToneWarn Tone = "warn" // look at it soon
	ToneBad  Tone = "bad"  // look at it now
)

// Badge is a word in a coloured pill.
type Badge struct {
	Text string
	Tone Tone
}

// Fact is one figure of the row that answers a page's question.
type Fact struct {
	Label, Value, Note string
	Tone               Tone
	Title              string // exact value on hover
	Words              bool   // the value is a phrase, not a figure
	Since              string // RFC 3339: the value is the time since then and runs on
}

// Action is a button: a link, or a POST with fixed fields.
type Action struct {
	Label   string
	Href    string
	Post    bool
	Fields  []Hidden
	Primary bool // the one filled button of a page
	Danger  bool
	Small   bool
	Off     string // why it cannot be used now; empty = it can
}

// Hidden is one fixed field of a form.
type Hidden struct{ Name, Value string }

// Link is a word that leads somewhere; without Href it is just the word.
type Link struct{ Text, Href string }

// Help is what a person reads beside something that went wrong: what is
// wrong, what the other side said, the cause, what to do, and the buttons.
type Help struct {
	Tone    Tone // ToneBad when empty
	Title   string
	Said    string // words of the service, quoted
	Cause   string
	Fix     string
	Actions []Action
}

// Kind is a backup type with its colour.
type Kind struct {
	Text  string // FULL, DIFF, LOG, or another word
	Class string // full, diff, log or none
}

// Kinds of backups that have colours of their own.
var (
	KindFull = Kind{Text: "FULL", Class: "full"}
	KindDiff = Kind{Text: "DIFF", Class: "diff"}
	KindLog  = Kind{Text: "LOG", Class: "log"}
	// KindSnapshot is the state of a disk, as clouds take it.
	KindSnapshot = Kind{Text: "SNAP", Class: "snap"}
)

// kindWords is a kind in plain words, for legends.
func kindWords(k Kind) string {
	switch k.Class {
	case "full":
		return "full"
	case "diff":
		return "differential"
	case "log":
		return "log"
	case "snap":
		return "snapshot"
	}
	return k.Text
}

// Tab is one choice of a row that filters a list.
type Tab struct {
	Label, Href string
	Count       int // negative = not shown
	Current     bool
}

// Pager leads to the neighbouring pages of a list; empty addresses are ends.
type Pager struct {
	Newer, Older string
	Words        string // 50 of 1,204
	Ordered      bool   // by place, not by time
}

func (p Pager) back() string {
	if p.Ordered {
		return "← First"
	}
	return "← Newer"
}

func (p Pager) on() string {
	if p.Ordered {
		return "Next →"
	}
	return "Older →"
}

// Empty is what an empty list says: what would be here and what to do first.
type Empty struct {
	Title   string
	Text    string
	Actions []Action
}

// Step is one step of a run or a migration.
type Step struct {
	State    string // done, now, waiting, failed, skipped or todo
	Title    string
	Note     string
	At       string // 03:12, now
	AtExact  string
	Progress *Progress
}

// Event is one line of what happened.
type Event struct {
	ID   int64
	Text string
	Tone Tone
	When When
}

// Fragment is a part of a page that the page's stream sends again.
type Fragment struct {
	ID        string
	Component templ.Component
}

// StepWords are those of a step's state for those who do not see the dot.
func StepWords(state string) string {
	switch state {
	case "done":
		return "done"
	case "now":
		return "under way"
	case "waiting":
		return "waiting"
	case "failed":
		return "failed"
	case "skipped":
		return "not needed"
	}
	return "to do"
}

func btnClass(a Action) string {
	c := "btn"
	switch {
	case a.Danger:
		c += " danger"
	case !a.Primary:
		c += " plain"
	}
	if a.Small {
		c += " small"
	}
	return c
}

func helpClass(t Tone) string {
	if t == "" {
		return "help bad"
	}
	return "help " + string(t)
}
