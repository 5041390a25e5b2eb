package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/server"
)

// databaseJSON is one database of a self-managed server.
type databaseJSON struct {
	Name          string     `json:"name"`
	State         string     `json:"state"`
	RecoveryModel string     `json:"recovery_model"`
	ReadOnly      bool       `json:"read_only"`
	Encrypted     bool       `json:"encrypted"`
	Group         bool       `json:"in_availability_group"`
	Preferred     bool       `json:"preferred_replica"`
	Compatibility int        `json:"compatibility_level"`
	DataBytes     int64      `json:"data_bytes"`
	LogBytes      int64      `json:"log_bytes"`
	Waiting       int64      `json:"log_bytes_since_backup"` // -1 = not told
	LastFull      *time.Time `json:"last_full"`
	LastDiff      *time.Time `json:"last_differential"`
	LastLog       *time.Time `json:"last_log"`
	LastCheck     *time.Time `json:"last_good_check"`
	GroupName     string     `json:"availability_group,omitempty"`
	Role          string     `json:"replica_role,omitempty"`
}

// databases asks an instance for its databases. A cloud instance tells
// nothing but names.
func (s *API) databases(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), server.Patience)
	defer cancel()
	i, err := s.Endpoints.Instance(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if i.Traits.BacksUpItself {
		target, err := s.Ports.Target(ctx, i.ID)
		if err != nil {
			return err
		}
		names, err := target.Databases(ctx)
		out, err := all(names, err, func(n string) map[string]string { return map[string]string{"name": n} })
		return answer(c, http.StatusOK, out, err)
	}
	ds, err := s.Drafting.DatabasesOf(ctx, i.ID)
	out, err := all(ds, err, func(d backup.Database) databaseJSON {
		var group, role string
		if d.Member != nil {
			group, role = d.Member.Group, string(d.Member.Role)
		}
		return databaseJSON{d.Name, d.State, d.RecoveryModel, d.ReadOnly, d.Encrypted, d.InAvailabilityGroup, d.PreferredReplica, d.CompatibilityLevel, d.DataBytes, d.LogBytes, d.LogBytesSinceBackup,
			moment(d.LastFull), moment(d.LastDiff), moment(d.LastLog), moment(d.LastGoodCheck), group, role}
	})
	return answer(c, http.StatusOK, out, err)
}

func (s *API) livePreflight(c echo.Context) error {
	var w drafting.LiveRequest
	if err := readJSON(c, &w); err != nil {
		return err
	}
	p, err := s.Drafting.LiveDraft(c.Request().Context(), w)
	if err != nil {
		return err
	}
	findings, _, err := preflight.Live(c.Request().Context(), s.Ports, p.M, s.Now)
	return answer(c, http.StatusOK, map[string]any{"may_start": migration.MayStart(findings), "findings": findingsJSON(findings)}, err)
}

func (s *API) liveStart(c echo.Context) error {
	var w drafting.LiveRequest
	if err := readJSON(c, &w); err != nil {
		return err
	}
	id, err := s.Drafting.StartLive(c.Request().Context(), w, s.By(c))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/migrations/"+id)
	return s.answerMigration(c, http.StatusCreated, id)
}

func (s *API) migrationCutover(c echo.Context) error {
	return s.obeyed(c, migration.OrderCutover(c.Request().Context(), s.Migrations, c.Param("id"), s.By(c)))
}

func (s *API) migrationOneMore(c echo.Context) error {
	return s.obeyed(c, migration.OrderOneMore(c.Request().Context(), s.Migrations, c.Param("id"), s.By(c)))
}

func (s *API) migrationGapDifferential(c echo.Context) error {
	return s.obeyed(c, migration.OrderGapDifferential(c.Request().Context(), s.Migrations, c.Param("id"), s.By(c)))
}

// migrationAdopt says that a task at the target is the one whose answer was
// lost.
func (s *API) migrationAdopt(c echo.Context) error {
	var in struct {
		Task string `json:"task_id"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return s.obeyed(c, migration.OrderAdopt(c.Request().Context(), s.Migrations, c.Param("id"), in.Task, s.By(c)))
}

func (s *API) migrationAbort(c echo.Context) error {
	var in struct {
		Confirm string `json:"confirm"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return s.obeyed(c, migration.OrderAbort(c.Request().Context(), s.Migrations, c.Param("id"), in.Confirm, s.By(c)))
}

// stopJSON is how long writes stop, in seconds; all zero when it is not known.
type stopJSON struct {
	Known  bool    `json:"known"`
	Total  float64 `json:"total_seconds"`
	Tail   float64 `json:"tail_seconds"`
	Upload float64 `json:"upload_seconds"`
	Apply  float64 `json:"apply_seconds"`
	Open   float64 `json:"open_seconds"`
	Ours   float64 `json:"ours_seconds"`
	Bytes  int64   `json:"tail_bytes"`
	Why    string  `json:"why,omitempty"`
}

func stopToJSON(s migration.Stop) *stopJSON {
	out := &stopJSON{Known: s.Known, Why: s.Why}
	if s.Known {
		out.Total, out.Tail, out.Upload, out.Apply = s.Total().Seconds(), s.Tail.Seconds(), s.Upload.Seconds(), s.Apply.Seconds()
		out.Open, out.Ours, out.Bytes = s.Open.Seconds(), s.Ours.Seconds(), s.Bytes
	}
	return out
}

type sourceBackupJSON struct {
	Kind     string     `json:"kind"`
	Tail     bool       `json:"tail"`
	Name     string     `json:"name"`
	Path     string     `json:"path"`
	Intended time.Time  `json:"intended"`
	Settled  *time.Time `json:"settled"`
	Verdict  string     `json:"verdict"` // empty: nobody knows yet
	Error    string     `json:"error,omitempty"`
	Order    int        `json:"order,omitempty"` // of the file it became
}

// liveSourceJSON is the source at work that a migration follows.
type liveSourceJSON struct {
	Server        string             `json:"server"`
	Every         string             `json:"every"`
	Freeze        string             `json:"freeze"`
	Compress      bool               `json:"compress"`
	SourceBackups []sourceBackupJSON `json:"backups"`
	Ordered       *time.Time         `json:"cutover_ordered"`
	Frozen        *time.Time         `json:"frozen"`
	TailLSN       string             `json:"tail_lsn,omitempty"`
	GateOpen      bool               `json:"gate_open"`
	GateWhy       string             `json:"gate_why,omitempty"`
	Proven        *time.Time         `json:"proven"` // freeze stopped: when it was shown that nothing was written
	Proof         string             `json:"proof,omitempty"`
	Aborted       *time.Time         `json:"abort_ordered"`
	GivenBack     *time.Time         `json:"given_back"`
	Asked         *time.Time         `json:"source_asked"`
	Behind        float64            `json:"behind_seconds"`
	Waiting       int64              `json:"log_bytes_since_backup"` // -1 = not told
	Predicted     *stopJSON          `json:"predicted"`              // null once writes were stopped
	Measured      *stopJSON          `json:"measured"`               // null until the target is open
}

func (s *API) liveAnswer(got progress.Migration) *liveSourceJSON {
	m, f := got.M, got.M.LiveSource
	if f == nil {
		return nil
	}
	out := &liveSourceJSON{Server: f.ServerID, Every: f.Every.String(), Freeze: string(f.Freeze), Compress: f.Compress, SourceBackups: []sourceBackupJSON{}, Ordered: moment(f.CutoverAsked), Frozen: moment(f.Frozen),
		Proven: moment(f.Proven), Proof: f.Proof, Aborted: moment(f.AbortAsked), GivenBack: moment(f.GivenBack), Asked: moment(got.Live.Glance.At), Waiting: -1}
	out.GateOpen, out.GateWhy = migration.Gate(m, s.Now())
	if !f.Tail.IsZero() {
		out.TailLSN = f.Tail.String()
	}
	for _, t := range f.SourceBackups {
		out.SourceBackups = append(out.SourceBackups, sourceBackupJSON{t.Kind, t.Tail, t.Name, t.Path, t.Intended.UTC(), moment(t.Settled), string(t.Verdict), t.Error, t.File})
	}
	if progress.Following(m) {
		lag := migration.LagOf(m, got.Live.Database, s.Now())
		out.Behind, out.Predicted = lag.Since.Seconds(), stopToJSON(got.Live.Stop)
		if !got.Live.Glance.At.IsZero() {
			out.Waiting = lag.Bytes
		}
	}
	if stop := migration.Measured(m); stop.Known {
		out.Measured = stopToJSON(stop)
	}
	return out
}
