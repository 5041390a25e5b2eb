package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/server"
)

// moment is a time in JSON; the zero time is null.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// planned is one backup set of a plan.
type planned struct {
	Order    int        `json:"order,omitempty"` // from 1; absent when left out
	File     string     `json:"file"`
	Key      string     `json:"key,omitempty"` // name in the bucket the cloud reads
	Kind     string     `json:"kind"`
	Database string     `json:"database"`
	SetGUID  string     `json:"set_guid"`
	FirstLSN string     `json:"first_lsn"`
	LastLSN  string     `json:"last_lsn"`
	Started  *time.Time `json:"started"`
	Size     int64      `json:"size"`
	Reason   string     `json:"reason,omitempty"` // why it is left out
	Words    string     `json:"words,omitempty"`
}

func plannedJSON(s *backup.Set) planned {
	return planned{File: s.FileName(), Kind: string(s.Kind), Database: s.Database, SetGUID: s.ID.String(), FirstLSN: s.First.String(), LastLSN: s.Last.String(), Started: moment(s.Started.Time()), Size: s.FileSize()}
}

type missing struct {
	MissingKind string `json:"lack"`
	From        string `json:"from_lsn,omitempty"`
	To          string `json:"to_lsn,omitempty"`
	Words       string `json:"words"`
	Fix         string `json:"fix"`
}

type candidate struct {
	Base     string `json:"base"`
	Fork     string `json:"fork"`
	Database string `json:"database"`
	Reaches  string `json:"reaches_lsn"`
	Sets     int    `json:"sets"`
}

type databaseFound struct {
	Family   string `json:"family"`
	Database string `json:"database"`
	Server   string `json:"server,omitempty"`
	Whole    bool   `json:"whole"`
	Sets     int    `json:"sets"`
}

type notBackup struct {
	File    string `json:"file"`
	Size    int64  `json:"size"`
	Trouble string `json:"trouble"`
	Fix     string `json:"fix,omitempty"`
}

// planAnswer is what would be done.
type planAnswer struct {
	Database   string          `json:"database"` // name on the target
	Family     string          `json:"family,omitempty"`
	Whole      bool            `json:"whole"`
	Reaches    string          `json:"reaches_lsn,omitempty"`
	Apply      []planned       `json:"apply"`
	LeftOut    []planned       `json:"left_out"`
	Missing    []missing       `json:"missing"`
	Choices    []candidate     `json:"choices"`
	Databases  []databaseFound `json:"databases"`
	NotBackups []notBackup     `json:"not_backups"`
	Notes      []string        `json:"notes"`
	Calls      []string        `json:"calls"` // exactly as they would be made
}

func planJSON(p drafting.Plan, words migration.Requests, at migration.RestoreCall) planAnswer {
	d := p.Draft
	out := planAnswer{Apply: []planned{}, LeftOut: []planned{}, Missing: []missing{}, Choices: []candidate{}, Databases: []databaseFound{}, NotBackups: []notBackup{}, Notes: []string{}, Calls: []string{}}
	for _, db := range d.Databases {
		found := databaseFound{Family: db.Family.String(), Database: db.Database, Whole: db.Whole() && len(db.Steps) > 0, Sets: len(db.Steps) + len(db.LeftOut)}
		for _, st := range db.Steps {
			found.Server = st.Set.Server
		}
		out.Databases = append(out.Databases, found)
	}
	for _, n := range d.NotBackups() {
		out.NotBackups = append(out.NotBackups, notBackup{n.Name, n.Size, n.Trouble, n.Fix})
	}
	if d.Plan == nil {
		return out
	}
	out.Database, out.Family, out.Whole, out.Reaches = d.Migration.Database, d.Plan.Family.String(), d.Plan.Whole() && len(d.Files) > 0, d.Plan.Reaches.String()
	for i, st := range d.Plan.Steps {
		row := plannedJSON(st.Set)
		row.Order, row.Words = i+1, drafting.Misnamed(st.Set)
		for _, f := range d.Files {
			if f.SetGUID == st.Set.ID {
				row.Key = f.Key
			}
		}
		out.Apply = append(out.Apply, row)
	}
	for _, l := range d.Plan.LeftOut {
		row := plannedJSON(l.Set)
		row.Reason, row.Words = string(l.Reason), l.Words
		out.LeftOut = append(out.LeftOut, row)
	}
	for _, m := range d.Plan.Missing {
		row := missing{MissingKind: string(m.MissingKind), Words: m.Words, Fix: m.Fix}
		if m.MissingKind == backup.MissingLog {
			row.From, row.To = m.From.String(), m.To.String()
		}
		out.Missing = append(out.Missing, row)
	}
	if d.Plan.Choice != nil {
		for _, k := range d.Plan.Choice.Candidates {
			out.Choices = append(out.Choices, candidate{k.Base.String(), k.Fork.String(), k.Database, k.Reaches.String(), k.Sets})
		}
	}
	out.Notes = append(out.Notes, d.Plan.Notes...)
	if len(d.Files) > 0 {
		for _, r := range d.Requests(words, at) {
			out.Calls = append(out.Calls, r.Text)
		}
	}
	return out
}

func (s *API) plan(c echo.Context) error {
	var w drafting.Request
	if err := readJSON(c, &w); err != nil {
		return err
	}
	p, err := s.Drafting.Draft(c.Request().Context(), w)
	if err != nil {
		return err
	}
	words, err := s.Ports.Requests(c.Request().Context(), p.Instance.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, planJSON(p, words, s.Drafting.PlaceFor(c.Request().Context(), p.Instance, p.Staging, p.Draft.Migration.Database, p.Draft.DataFiles())))
}

func (s *API) preflight(c echo.Context) error {
	var w drafting.Request
	if err := readJSON(c, &w); err != nil {
		return err
	}
	p, err := s.Drafting.Draft(c.Request().Context(), w)
	if err != nil {
		return err
	}
	if !p.Ready() {
		return server.Invalid("The chain is not whole.", "Ask /api/v1/plans what is missing.")
	}
	findings, err := s.Drafting.PreflightOf(c.Request().Context(), p)
	return answer(c, http.StatusOK, map[string]any{"may_start": migration.MayStart(findings), "findings": findingsJSON(findings)}, err)
}

func (s *API) migrationStart(c echo.Context) error {
	var w drafting.Request
	if err := readJSON(c, &w); err != nil {
		return err
	}
	id, err := s.Drafting.Start(c.Request().Context(), w, s.By(c))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/migrations/"+id)
	return s.answerMigration(c, http.StatusCreated, id)
}

func (s *API) migrations(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	f := migration.Filter{Before: c.QueryParam("before"), Limit: limit}
	switch state := c.QueryParam("state"); state {
	case "":
	case "active":
		f.Stages = progress.AtWork
	case "ended":
		f.Stages = progress.EndedStages
	default:
		return fault.Newf(fault.Invalid, "%q is not a state to ask for.", state).WithFix("Ask for active or ended, or for everything without it.")
	}
	rows, err := s.Migrations.Migrations(c.Request().Context(), f)
	if err != nil {
		return err
	}
	var out []migrationRow
	for _, m := range rows {
		out = append(out, rowJSON(m))
	}
	next := ""
	if len(rows) == limit {
		next = server.NextPage(c, "before", rows[len(rows)-1].ID)
	}
	return c.JSON(http.StatusOK, list(out, next))
}

// obeyed answers an order with the migration as it stands now.
func (s *API) obeyed(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return s.answerMigration(c, http.StatusAccepted, c.Param("id"))
}

func (s *API) migrationRetry(c echo.Context) error {
	return s.obeyed(c, migration.OrderRetry(c.Request().Context(), s.Migrations, c.Param("id"), s.By(c)))
}

func (s *API) migrationPause(c echo.Context) error { return s.obeyed(c, s.PauseRun(c)) }

func (s *API) migrationResume(c echo.Context) error { return s.obeyed(c, s.ResumeRun(c)) }

func (s *API) migrationExtend(c echo.Context) error {
	var in struct {
		Prefix string `json:"prefix"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return s.obeyed(c, s.Drafting.Extend(c.Request().Context(), c.Param("id"), in.Prefix, s.By(c)))
}

func (s *API) migrationOpen(c echo.Context) error {
	var in struct {
		Check string `json:"check"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return s.obeyed(c, migration.OrderOpen(c.Request().Context(), s.Migrations, c.Param("id"), migration.CheckMode(in.Check), s.By(c)))
}

func (s *API) migrationTerminate(c echo.Context) error {
	var in struct {
		Confirm string `json:"confirm"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return s.obeyed(c, migration.OrderTerminate(c.Request().Context(), s.Migrations, c.Param("id"), in.Confirm, s.By(c)))
}
