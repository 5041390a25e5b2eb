package main

import (
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// plansJSON is what plan --json prints. LSNs are decimal strings, GUIDs lower
// case, local times those of the source server's clock, null where unknown.
// The words of "reason" and "lack" are those of backup.Reason and backup.MissingKind.
type plansJSON struct {
	Plans      []planJSON   `json:"plans"`
	Unreadable []unreadable `json:"unreadable"` // files that could not be read, with what to do
}

type planJSON struct {
	Database       string        `json:"database"`
	FamilyGUID     string        `json:"family_guid"`
	Whole          bool          `json:"whole"` // nothing missing up to the newest set or --stopat, nothing to choose
	Steps          []stepJSON    `json:"steps"` // in the order in which they are applied
	LeftOut        []leftOutJSON `json:"left_out"`
	Missing        []missingJSON `json:"missing"`
	Choice         *choiceJSON   `json:"choice"` // null unless a person must choose a fork
	Notes          []string      `json:"notes"`
	ReachesLSN     *string       `json:"reaches_lsn"`
	RecoveryForkID *string       `json:"recovery_fork_id"`
	ReachesStop    *bool         `json:"reaches_stop,omitempty"` // only with --stopat
}

type setJSON struct {
	Files         []setFileJSON `json:"files"`
	Kind          string        `json:"kind"` // full, differential, log, other
	BackupType    int           `json:"backup_type"`
	BackupSetGUID string        `json:"backup_set_guid"`
	DatabaseName  string        `json:"database_name"`
	ServerName    string        `json:"server_name"`
	FirstLSN      string        `json:"first_lsn"`
	LastLSN       string        `json:"last_lsn"`
	StartDate     *string       `json:"backup_start_date"`
	FinishDate    *string       `json:"backup_finish_date"`
	FinishUTC     *string       `json:"backup_finish_utc"`
}

type setFileJSON struct {
	Name     *string `json:"name"`
	Position int     `json:"position"` // of the set in the file, from 1
	Family   int     `json:"family"`   // stripe, from 1
	Row      *int    `json:"row"`      // of the headers given, from 1
}

type stepJSON struct {
	setJSON
	Join struct {
		HaveLSN string `json:"have_lsn"` // restored so far
		Exact   bool   `json:"exact"`    // the log begins exactly there
	} `json:"join"`
	StopAt bool `json:"stop_at,omitempty"` // the log may hold the moment of --stopat: restore it WITH STOPAT
}

type leftOutJSON struct {
	setJSON
	Reason string `json:"reason"`
	Words  string `json:"words"`
}

type missingJSON struct {
	MissingKind   string   `json:"lack"`
	FromLSN       *string  `json:"from_lsn"`
	ToLSN         *string  `json:"to_lsn"`
	Before        *setJSON `json:"before"`
	After         *setJSON `json:"after"`
	BackupSetGUID *string  `json:"backup_set_guid"`
	Stripes       []int    `json:"stripes,omitempty"`
	Of            int      `json:"of,omitempty"`
	Words         string   `json:"words"`
	Fix           string   `json:"fix"`
}

type choiceJSON struct {
	Words      string          `json:"words"`
	Fix        string          `json:"fix"`
	Candidates []candidateJSON `json:"candidates"`
}

type candidateJSON struct {
	RecoveryForkID string  `json:"recovery_fork_id"`
	BaseGUID       *string `json:"base_backup_set_guid"`
	DatabaseName   string  `json:"database_name"`
	ServerName     string  `json:"server_name"`
	ReachesLSN     string  `json:"reaches_lsn"`
	FinishDate     *string `json:"backup_finish_date"`
	Sets           int     `json:"sets"`
}

func newPlansJSON(plans []backup.Plan, bad []unreadable, stops bool) plansJSON {
	out := plansJSON{Plans: []planJSON{}, Unreadable: append([]unreadable{}, bad...)}
	for i := range plans {
		p := newPlanJSON(&plans[i])
		if stops {
			p.ReachesStop = &plans[i].ReachesStop
		}
		out.Plans = append(out.Plans, p)
	}
	return out
}

func newPlanJSON(p *backup.Plan) planJSON {
	out := planJSON{Database: p.Database, FamilyGUID: p.Family.String(), Whole: p.Whole(),
		Steps: []stepJSON{}, LeftOut: []leftOutJSON{}, Missing: []missingJSON{}, Notes: append([]string{}, p.Notes...),
		ReachesLSN: lsnJSON(p.Reaches), RecoveryForkID: guidJSON(p.Fork)}
	for _, s := range p.Steps {
		step := stepJSON{setJSON: newSetJSON(s.Set), StopAt: s.StopAt}
		step.Join.HaveLSN, step.Join.Exact = s.Join.Have.String(), s.Join.Exact
		out.Steps = append(out.Steps, step)
	}
	for _, l := range p.LeftOut {
		out.LeftOut = append(out.LeftOut, leftOutJSON{newSetJSON(l.Set), string(l.Reason), l.Words})
	}
	for _, m := range p.Missing {
		out.Missing = append(out.Missing, missingJSON{MissingKind: string(m.MissingKind), FromLSN: lsnJSON(m.From), ToLSN: lsnJSON(m.To),
			Before: setOrNull(m.Before), After: setOrNull(m.After), BackupSetGUID: guidJSON(m.SetID),
			Stripes: m.Stripes, Of: m.Of, Words: m.Words, Fix: m.Fix})
	}
	if c := p.Choice; c != nil {
		out.Choice = &choiceJSON{Words: c.Words, Fix: c.Fix}
		for _, k := range c.Candidates {
			out.Choice.Candidates = append(out.Choice.Candidates, candidateJSON{k.Fork.String(), guidJSON(k.Base), k.Database, k.Server,
				k.Reaches.String(), clockJSON(k.Finished), k.Sets})
		}
	}
	return out
}

func newSetJSON(s *backup.Set) setJSON {
	out := setJSON{Files: []setFileJSON{}, Kind: string(s.Kind), BackupType: int(s.Type), BackupSetGUID: s.ID.String(),
		DatabaseName: s.Database, ServerName: s.Server, FirstLSN: s.First.String(), LastLSN: s.Last.String(),
		StartDate: clockJSON(s.Started), FinishDate: clockJSON(s.Finished)}
	if s.Finished.UTC != nil {
		out.FinishUTC = timeJSON(*s.Finished.UTC)
	}
	for _, f := range s.Files {
		file := setFileJSON{Position: f.Position, Family: f.Family}
		if f.Name != "" {
			file.Name = &f.Name
		}
		if f.Row > 0 {
			file.Row = &f.Row
		}
		out.Files = append(out.Files, file)
	}
	return out
}

func setOrNull(s *backup.Set) *setJSON {
	if s == nil {
		return nil
	}
	out := newSetJSON(s)
	return &out
}

func lsnJSON(l backup.LSN) *string {
	if l.IsZero() {
		return nil
	}
	s := l.String()
	return &s
}

func guidJSON(g backup.GUID) *string {
	if g.IsZero() {
		return nil
	}
	s := g.String()
	return &s
}

func timeJSON(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.Format(time.DateTime)
	return &s
}

// clockJSON is what the server's clock showed.
func clockJSON(m backup.Moment) *string {
	if m.Adrift {
		return nil
	}
	return timeJSON(m.Local)
}
