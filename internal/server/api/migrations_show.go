package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

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
		out = append(out, finding{f.Code, f.Title, string(f.Level), f.Text.String(), f.Fix.String(), string(f.Remedy)})
	}
	return out
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
	return migrationRow{m.ID, m.RunID, m.Database, m.Source, m.InstanceID, string(m.Stage), string(m.RunState), m.Message.String(), string(m.Problem), m.Files, m.Applied, m.Bytes, m.Uploaded, m.Created.UTC(), moment(m.Finished)}
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

	Candidates []candidateJSON `json:"candidates,omitempty"` // tasks at the target that may be ours
}

type candidateJSON struct {
	TaskID  string     `json:"task_id"`
	Status  string     `json:"status"`
	Created *time.Time `json:"created"`
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

func (s *API) answerMigration(c echo.Context, status int, id string) error {
	got, err := s.Progress.Migration(c.Request().Context(), id)
	if err != nil {
		return err
	}
	m := got.M
	out := migrationAnswer{ID: m.ID, RunID: m.RunID, Database: m.Database, SourceDatabase: m.SourceDatabase, SourceServer: m.SourceServer, Instance: m.InstanceID, Source: m.SourceID, Prefix: m.SourcePrefix,
		Staging: m.StagingID, Mode: string(m.Mode), Check: string(m.Check), OpenWhenApplied: m.OpenWhenApplied, Stage: string(m.Stage), RunState: string(got.Run.State), Message: got.Run.Message.String(), Fix: got.Run.Fix.String(),
		AppliedTo: m.AppliedTo().String(), TaskID: m.TaskID, Opened: moment(m.Opened), CheckResult: string(m.CheckResult), CheckText: m.CheckText, Files: []migrationFileJSON{}, Calls: []callJSON{},
		Findings: findingsJSON(m.Findings), CallsToday: got.Budget.Database, Created: m.Created.UTC(), Finished: moment(m.Finished)}
	out.LiveSource, out.Contents = s.liveAnswer(got), contentsAnswer(got.Compared)
	if p := m.Problem; p != nil {
		out.Problem = &problemJSON{Code: string(p.Code), Step: p.Step, Order: p.File, Said: p.Said, Cause: p.Cause.String(), Fix: p.Fix.String(), Actions: []string{}}
		for _, b := range p.Actions {
			out.Problem.Actions = append(out.Problem.Actions, string(b))
		}
		for _, t := range p.Candidates {
			out.Problem.Candidates = append(out.Problem.Candidates, candidateJSON{t.ID, string(t.Status), moment(t.Created)})
		}
	}
	for _, f := range m.Chain() {
		out.Files = append(out.Files, migrationFileJSON{f.Ord, f.Source, f.Key, f.Kind, f.SetGUID.String(), f.FirstLSN.String(), f.LastLSN.String(), moment(f.Started), f.Size, string(f.State), f.Uploaded, moment(f.Staged), moment(f.Applied), f.Message})
	}
	for _, k := range m.Calls {
		out.Calls = append(out.Calls, callJSON{string(k.Verb), k.File, k.Request, k.Intended.UTC(), moment(k.Settled), string(k.Verdict), k.TaskID, k.Error})
	}
	return c.JSON(status, out)
}

func (s *API) migration(c echo.Context) error {
	return s.answerMigration(c, http.StatusOK, c.Param("id"))
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

// migrationDetails is what the cloud says of the task and its files; with
// ask=1 it is asked now.
func (s *API) migrationDetails(c echo.Context) error {
	m, err := s.Migrations.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	state := m.TargetState
	if c.QueryParam("ask") != "" {
		if m.TaskID == "" {
			return fault.New(fault.Conflict, "The cloud has no task of this migration yet.", "Wait until the full backup is being restored.")
		}
		if state, err = s.Progress.Ask(c.Request().Context(), m); err != nil {
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
