package server

import (
	"time"

	"github.com/bakplane/bakplane/web/templates/kit"
)

// Trouble is something wrong with the dashboard itself.
type Trouble struct {
	Title, Fix string
	Href       string // where more is told; may be empty
}

// OwnData is what there is to know of the data folder.
type OwnData struct {
	Folder string
	Bytes  int64  // of the database
	To     string // where copies go; empty = nobody takes any
	Every  time.Duration
	Keep   int
	Last   time.Time // when the newest copy was taken; zero = none is known
	Why    error     // why the newest could not be taken; nil = it could

	KeepRuns, KeepRemoved, KeepAudit int // days; 0 = for ever

	AuditTo    string // folder of exported audit entries
	AuditFiles int    // how many files of them there are
}

func (s *Kit) troubled() []Trouble {
	if s.Troubles == nil {
		return nil
	}
	return s.Troubles()
}

// banner words what is wrong, above every page.
func (s *Kit) banner() (out []kit.Help) {
	for _, t := range s.troubled() {
		h := kit.Help{Tone: kit.ToneBad, Title: t.Title, Fix: t.Fix}
		if t.Href != "" {
			h.Actions = []kit.Action{{Label: "See more", Href: t.Href, Small: true}}
		}
		out = append(out, h)
	}
	return out
}
