package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/server"
)

// waveResult is what became of one database in an order to a wave.
type waveResult struct {
	Database string `json:"database"`
	ID       string `json:"id,omitempty"`
	Error    string `json:"error,omitempty"`
	Fix      string `json:"fix,omitempty"`
}

func waveResults(rs []wave.Result) []waveResult {
	out := []waveResult{}
	for _, r := range rs {
		row := waveResult{Database: r.Database, ID: r.ID}
		if r.Err != nil {
			row.Error, row.Fix = fault.Words(r.Err)
		}
		out = append(out, row)
	}
	return out
}

// waveRefusal is an order that was refused as a whole, with the reason beside
// each database.
type waveRefusal struct {
	server.APIError
	Databases []waveResult `json:"databases"`
}

func refuseWave(c echo.Context, rs []wave.Result, err error) error {
	if len(rs) == 0 || fault.Of(err) == fault.Unknown {
		return err
	}
	status := server.StatusOf(err)
	message, fix := fault.Words(err)
	return c.JSON(status, waveRefusal{server.APIError{Error: message, Fix: fix, Kind: server.KindOf(err, status)}, waveResults(rs)})
}

// waveJSON is a wave in a list.
type waveJSON struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Created   time.Time `json:"created"`
	Total     int       `json:"total"` // databases
	Following int       `json:"following"`
	Cutting   int       `json:"cutting_over"`
	Open      int       `json:"open"`
	Ended     int       `json:"ended"` // open or given up
	Needs     int       `json:"need_a_person"`
}

func waveToJSON(w wave.Wave, t progress.Tally) waveJSON {
	return waveJSON{w.ID, w.Name, w.Created.UTC(), t.All, t.Follow, t.Cutting, t.Open, t.Ended, t.Needs}
}

func (s *API) waveStart(c echo.Context) error {
	var w drafting.WaveRequest
	if err := readJSON(c, &w); err != nil {
		return err
	}
	begun, err := s.Drafting.StartWave(c.Request().Context(), w, s.By(c))
	of := begun.Wave
	if err != nil {
		return refuseWave(c, begun.Results, err)
	}
	c.Response().Header().Set("Location", "/api/v1/waves/"+of.ID)
	return c.JSON(http.StatusCreated, map[string]any{"id": of.ID, "name": of.Name, "created": of.Created.UTC(), "databases": waveResults(begun.Results), "checks": findingsJSON(begun.Whole)})
}

func (s *API) waves(c echo.Context) error {
	ctx := c.Request().Context()
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	waves, err := s.Migrations.Waves(ctx, c.QueryParam("before"), limit)
	if err != nil {
		return err
	}
	var out []waveJSON
	for _, w := range waves {
		rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: w.ID, Limit: wave.Most})
		if err != nil {
			return err
		}
		out = append(out, waveToJSON(w, progress.TallyOf(rows)))
	}
	next := ""
	if len(waves) == limit {
		next = fmt.Sprintf("/api/v1/waves?before=%s&limit=%d", waves[limit-1].ID, limit)
	}
	return c.JSON(http.StatusOK, list(out, next))
}

// memberJSON is a database of a wave: the row of the list, and how far behind.
type memberJSON struct {
	migrationRow
	Behind             float64   `json:"behind_seconds"`
	Waiting            int64     `json:"log_bytes_since_backup"` // -1 = not told
	Predicted          *stopJSON `json:"predicted"`              // null once writes were stopped
	Measured           *stopJSON `json:"measured"`               // null until the target is open
	NotReady           string    `json:"not_ready,omitempty"`    // why it cannot be cut over
	Place              int       `json:"place"`                  // in the order of beginning
	Begun              bool      `json:"begun"`                  // the source was told to take a backup
	Writable           string    `json:"writable"`               // source, target or neither
	PredictedAtCutover *stopJSON `json:"predicted_at_cutover"`   // predicted when the cutover was ordered; null before
	AbortWhy           string    `json:"abort_why,omitempty"`
}

func (s *API) wave(c echo.Context) error {
	got, err := s.Progress.Wave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	out := struct {
		waveJSON
		Ready   bool         `json:"ready"` // the joint cutover can be ordered
		Why     string       `json:"not_ready,omitempty"`
		Checks  []finding    `json:"checks"` // of the whole wave, when it began
		Members []memberJSON `json:"members"`
	}{waveJSON: waveToJSON(got.Wave, got.Tally()), Why: got.NotReady(), Checks: findingsJSON(got.Wave.Findings), Members: []memberJSON{}}
	out.Ready = out.Why == ""
	for _, k := range got.Members {
		row := memberJSON{migrationRow: rowJSON(k.Row), Waiting: -1, Place: k.Row.Rank, Begun: k.Row.Begun}
		side, _ := wave.WritableAt(k.M)
		row.Writable = string(side)
		if f := k.M.LiveSource; f != nil {
			row.AbortWhy = f.AbortWhy
			if f.Predicted.Known {
				row.PredictedAtCutover = stopToJSON(f.Predicted)
			}
		}
		if progress.Following(k.M) {
			row.Behind, row.Predicted = k.Lag.Since.Seconds(), stopToJSON(k.Stop)
		}
		if k.Told {
			row.Waiting = k.Lag.Bytes
		}
		if stop := migration.Measured(k.M); stop.Known {
			row.Measured = stopToJSON(stop)
		}
		if _, err := migration.Cutover(k.M); err != nil && !k.Row.Stage.Ended() {
			row.NotReady, _ = fault.Words(err)
		}
		out.Members = append(out.Members, row)
	}
	return c.JSON(http.StatusOK, out)
}

func (s *API) waveCutover(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	if _, err := s.Migrations.Wave(ctx, id); err != nil {
		return err
	}
	predicted, err := s.Progress.Predicted(ctx, id)
	if err != nil {
		return err
	}
	results, err := wave.OrderCutover(ctx, s.Migrations, id, predicted, s.By(c))
	if err = progress.Wholly(results, err); err != nil {
		return refuseWave(c, results, err)
	}
	return waveOrdered(c, id, results)
}

func waveOrdered(c echo.Context, id string, results []wave.Result) error {
	return c.JSON(http.StatusAccepted, map[string]any{"id": id, "databases": waveResults(results)})
}

// waveRest cuts over what is left and can be; the others are in the answer
// with their reason.
func (s *API) waveRest(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	predicted, err := s.Progress.Predicted(ctx, id)
	if err != nil {
		return err
	}
	results, err := wave.OrderRest(ctx, s.Migrations, id, predicted, s.By(c))
	if err != nil {
		return refuseWave(c, results, err)
	}
	return waveOrdered(c, id, results)
}

// waveAbort gives up what is not open; what is opening is in the answer with
// its reason.
func (s *API) waveAbort(c echo.Context) error {
	var in struct {
		Confirm string `json:"confirm"`
		Why     string `json:"why,omitempty"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id := c.Param("id")
	results, err := wave.OrderAbort(c.Request().Context(), s.Migrations, id, in.Confirm, server.Clip(in.Why, drafting.WhyMost), s.By(c))
	if err != nil {
		return refuseWave(c, results, err)
	}
	return waveOrdered(c, id, results)
}

// waveArrange changes the order in which those begin that have not yet.
func (s *API) waveArrange(c echo.Context) error {
	var in struct {
		Order []string `json:"order"` // ids of migrations, those not named come after them
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id := c.Param("id")
	if _, err := s.Migrations.Wave(c.Request().Context(), id); err != nil {
		return err
	}
	wanted := map[string]int{}
	for i, m := range in.Order {
		wanted[m] = i + 1
	}
	if err := wave.OrderArrange(c.Request().Context(), s.Migrations, id, wanted, s.By(c)); err != nil {
		return err
	}
	return s.wave(c)
}
