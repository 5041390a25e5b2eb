package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
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

func planJSON(p plan, words migration.Requests, at migration.RestoreCall) planAnswer {
	d := p.draft
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
		row.Order, row.Words = i+1, misnamed(st.Set)
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

func (s *Server) apiPlan(c echo.Context) error {
	var w request
	if err := readJSON(c, &w); err != nil {
		return err
	}
	p, err := s.draft(c.Request().Context(), w)
	if err != nil {
		return err
	}
	words, err := s.Ports.Requests(c.Request().Context(), p.instance.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, planJSON(p, words, s.placeFor(c.Request().Context(), p.instance, p.staging, p.draft.Migration.Database, p.draft.DataFiles())))
}

type finding struct {
	Code  string `json:"code"`
	Title string `json:"title"`
	Level string `json:"level"` // passed, warned or failed
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"`

	Remedy string `json:"remedy,omitempty"` // what can be ordered about it
}

func findingsJSON(fs []migration.Finding) []finding {
	out := []finding{}
	for _, f := range fs {
		out = append(out, finding{f.Code, f.Title, string(f.Level), f.Text, f.Fix, string(f.Remedy)})
	}
	return out
}

func (s *Server) apiPreflight(c echo.Context) error {
	var w request
	if err := readJSON(c, &w); err != nil {
		return err
	}
	p, err := s.draft(c.Request().Context(), w)
	if err != nil {
		return err
	}
	if !p.ready() {
		return invalid("The chain is not whole.", "Ask /api/v1/plans what is missing.")
	}
	findings, err := s.preflightOf(c.Request().Context(), p)
	return answer(c, http.StatusOK, map[string]any{"may_start": migration.MayStart(findings), "findings": findingsJSON(findings)}, err)
}

func (s *Server) apiMigrationStart(c echo.Context) error {
	var w request
	if err := readJSON(c, &w); err != nil {
		return err
	}
	id, err := s.start(c.Request().Context(), w, s.by(c))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/migrations/"+id)
	return s.answerMigration(c, http.StatusCreated, id)
}

// migrationRow is a migration in a list.
type migrationRow struct {
	ID       string     `json:"id"`
	RunID    string     `json:"run_id"`
	Database string     `json:"database"`
	Source   string     `json:"source_server"`
	Instance string     `json:"instance"`
	Stage    string     `json:"stage"`
	Run      string     `json:"run_state"`
	Message  string     `json:"message,omitempty"`
	Problem  string     `json:"problem,omitempty"`
	Files    int        `json:"files"`
	Applied  int        `json:"applied"`
	Bytes    int64      `json:"bytes"`
	Uploaded int64      `json:"uploaded"`
	Created  time.Time  `json:"created"`
	Finished *time.Time `json:"finished"`
}

func rowJSON(m migration.Summary) migrationRow {
	return migrationRow{m.ID, m.RunID, m.Database, m.Source, m.InstanceID, string(m.Stage), string(m.RunState), m.Message, m.Problem, m.Files, m.Applied, m.Bytes, m.Uploaded, m.Created.UTC(), moment(m.Finished)}
}

func (s *Server) apiMigrations(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	f := migration.Filter{Before: c.QueryParam("before"), Limit: limit}
	switch state := c.QueryParam("state"); state {
	case "":
	case "active":
		f.Stages = atWork
	case "ended":
		f.Stages = endedStages
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
		next = nextPage(c, "before", rows[len(rows)-1].ID)
	}
	return c.JSON(http.StatusOK, list(out, next))
}

type migrationFileJSON struct {
	Order    int        `json:"order"`
	Source   string     `json:"source"`
	Key      string     `json:"key"`
	Kind     string     `json:"kind"`
	SetGUID  string     `json:"set_guid"`
	FirstLSN string     `json:"first_lsn"`
	LastLSN  string     `json:"last_lsn"`
	Taken    *time.Time `json:"taken"`
	Size     int64      `json:"size"`
	State    string     `json:"state"`
	Uploaded int64      `json:"uploaded"`
	Staged   *time.Time `json:"staged"`
	Applied  *time.Time `json:"applied"`
	Message  string     `json:"message,omitempty"`
}

type callJSON struct {
	Verb     string     `json:"verb"`
	Order    int        `json:"order,omitempty"`
	Request  string     `json:"request"`
	Intended time.Time  `json:"intended"`
	Settled  *time.Time `json:"settled"`
	Verdict  string     `json:"verdict"` // empty: nobody knows yet
	TaskID   string     `json:"task_id,omitempty"`
	Error    string     `json:"error,omitempty"`
}

type problemJSON struct {
	Code    string   `json:"code"`
	Step    string   `json:"step"`
	Order   int      `json:"order,omitempty"`
	Said    string   `json:"said,omitempty"`
	Cause   string   `json:"cause"`
	Fix     string   `json:"fix"`
	Actions []string `json:"actions"`
}

// migrationAnswer is the whole of one migration.
type migrationAnswer struct {
	ID              string              `json:"id"`
	RunID           string              `json:"run_id"`
	Database        string              `json:"database"`
	SourceDatabase  string              `json:"source_database"`
	SourceServer    string              `json:"source_server"`
	Instance        string              `json:"instance"`
	Source          string              `json:"source"`
	Prefix          string              `json:"prefix"`
	Staging         string              `json:"staging"`
	Mode            string              `json:"mode"`
	Check           string              `json:"check"`
	OpenWhenApplied bool                `json:"open_when_applied"`
	Stage           string              `json:"stage"`
	RunState        string              `json:"run_state"`
	Message         string              `json:"message,omitempty"`
	Fix             string              `json:"fix,omitempty"`
	AppliedTo       string              `json:"applied_to_lsn"`
	TaskID          string              `json:"task_id,omitempty"`
	Opened          *time.Time          `json:"opened"`
	CheckResult     string              `json:"check_result,omitempty"`
	CheckText       string              `json:"check_text,omitempty"`
	Problem         *problemJSON        `json:"problem"`
	Files           []migrationFileJSON `json:"files"`
	LiveSource      *liveSourceJSON     `json:"live"`     // null: made of given files
	Contents        *contentsJSON       `json:"contents"` // null: never compared
	Calls           []callJSON          `json:"calls"`
	Findings        []finding           `json:"findings"`
	CallsToday      int                 `json:"calls_in_24_hours"`
	Created         time.Time           `json:"created"`
	Finished        *time.Time          `json:"finished"`
}

func (s *Server) answerMigration(c echo.Context, status int, id string) error {
	got, err := s.readMigration(c.Request().Context(), id)
	if err != nil {
		return err
	}
	m := got.m
	out := migrationAnswer{ID: m.ID, RunID: m.RunID, Database: m.Database, SourceDatabase: m.SourceDatabase, SourceServer: m.SourceServer, Instance: m.InstanceID, Source: m.SourceID, Prefix: m.SourcePrefix,
		Staging: m.StagingID, Mode: string(m.Mode), Check: string(m.Check), OpenWhenApplied: m.OpenWhenApplied, Stage: string(m.Stage), RunState: string(got.run.State), Message: got.run.Message, Fix: got.run.Fix,
		AppliedTo: m.AppliedTo().String(), TaskID: m.TaskID, Opened: moment(m.Opened), CheckResult: string(m.CheckResult), CheckText: m.CheckText, Files: []migrationFileJSON{}, Calls: []callJSON{},
		Findings: findingsJSON(m.Findings), CallsToday: got.budget.Database, Created: m.Created.UTC(), Finished: moment(m.Finished)}
	out.LiveSource, out.Contents = s.liveAnswer(got), contentsAnswer(got.compared)
	if p := m.Problem; p != nil {
		out.Problem = &problemJSON{Code: p.Code, Step: p.Step, Order: p.File, Said: p.Said, Cause: p.Cause, Fix: p.Fix, Actions: []string{}}
		for _, b := range p.Actions {
			out.Problem.Actions = append(out.Problem.Actions, string(b))
		}
	}
	for _, f := range m.Live() {
		out.Files = append(out.Files, migrationFileJSON{f.Ord, f.Source, f.Key, f.Kind, f.SetGUID.String(), f.FirstLSN.String(), f.LastLSN.String(), moment(f.Started), f.Size, string(f.State), f.Uploaded, moment(f.Staged), moment(f.Applied), f.Message})
	}
	for _, k := range m.Calls {
		out.Calls = append(out.Calls, callJSON{string(k.Verb), k.File, k.Request, k.Intended.UTC(), moment(k.Settled), string(k.Verdict), k.TaskID, k.Error})
	}
	return c.JSON(status, out)
}

func (s *Server) apiMigration(c echo.Context) error {
	return s.answerMigration(c, http.StatusOK, c.Param("id"))
}

// obeyed answers an order with the migration as it stands now.
func (s *Server) obeyed(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return s.answerMigration(c, http.StatusAccepted, c.Param("id"))
}

func (s *Server) apiMigrationRetry(c echo.Context) error {
	return s.obeyed(c, migration.OrderRetry(c.Request().Context(), s.Migrations, c.Param("id"), s.by(c)))
}

func (s *Server) apiMigrationPause(c echo.Context) error { return s.obeyed(c, s.pauseRun(c)) }

func (s *Server) apiMigrationResume(c echo.Context) error { return s.obeyed(c, s.resumeRun(c)) }

func (s *Server) apiMigrationExtend(c echo.Context) error {
	var in struct {
		Prefix string `json:"prefix"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return s.obeyed(c, s.extend(c.Request().Context(), c.Param("id"), in.Prefix, s.by(c)))
}

func (s *Server) apiMigrationOpen(c echo.Context) error {
	var in struct {
		Check string `json:"check"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return s.obeyed(c, migration.OrderOpen(c.Request().Context(), s.Migrations, c.Param("id"), migration.CheckMode(in.Check), s.by(c)))
}

func (s *Server) apiMigrationTerminate(c echo.Context) error {
	var in struct {
		Confirm string `json:"confirm"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return s.obeyed(c, migration.OrderTerminate(c.Request().Context(), s.Migrations, c.Param("id"), in.Confirm, s.by(c)))
}

type taskFile struct {
	Name        string     `json:"name"`
	SizeMB      string     `json:"size_mb"`
	Mode        string     `json:"backup_mode"`
	Status      string     `json:"status"`
	Available   string     `json:"available,omitempty"`
	Description string     `json:"description,omitempty"`
	Created     *time.Time `json:"created"`
	Ended       *time.Time `json:"ended"`
}

// apiMigrationDetails is what the cloud says of the task and its files; with
// ask=1 it is asked now.
func (s *Server) apiMigrationDetails(c echo.Context) error {
	m, err := s.Migrations.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	state := m.TargetState
	if c.QueryParam("ask") != "" {
		if m.TaskID == "" {
			return fault.New(fault.Conflict, "The cloud has no task of this migration yet.", "Wait until the full backup is being restored.")
		}
		if state, err = s.askCloud(c.Request().Context(), m); err != nil {
			return err
		}
	}
	files := []taskFile{}
	for _, f := range state.Files {
		files = append(files, taskFile{f.Name, strings.TrimSpace(f.Size), f.BackupMode, f.Status, f.Available, f.Description, moment(f.Created), moment(f.Ended)})
	}
	return c.JSON(http.StatusOK, map[string]any{"asked": moment(state.At), "task_id": m.TaskID, "status": string(state.Task.Status), "description": state.Task.Description,
		"created": moment(state.Task.Created), "ended": moment(state.Task.Ended), "files": files})
}
