package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration/compare"
)

func (s *API) migrationCompare(c echo.Context) error {
	return s.obeyed(c, compare.Order(c.Request().Context(), s.Migrations, c.Param("id"), s.NewID, s.By(c)))
}

type sideJSON struct {
	Began  *time.Time `json:"began"`
	Ended  *time.Time `json:"ended"`
	Tables int        `json:"tables"`
	Rows   int64      `json:"rows"`
	Note   string     `json:"note,omitempty"`
}

type comparedTableJSON struct {
	Table       string   `json:"table"`
	Source      int64    `json:"source_rows"` // -1: no such table
	Target      int64    `json:"target_rows"`
	SumsEqual   bool     `json:"sums_equal"`
	NotCompared []string `json:"columns_not_compared"`
}

// contentsJSON is the newest comparison of what both sides hold.
type contentsJSON struct {
	RunID     string              `json:"run_id"`
	Verdict   string              `json:"verdict"` // comparing, equal, different or not compared
	Words     string              `json:"words"`
	Fix       string              `json:"fix,omitempty"`
	Compared  int                 `json:"tables_compared"`
	Different int                 `json:"tables_different"`
	Source    sideJSON            `json:"source"`
	Target    sideJSON            `json:"target"`
	Tables    []comparedTableJSON `json:"tables"`
	Ordered   time.Time           `json:"ordered"`
	Finished  *time.Time          `json:"finished"`
}

func contentsAnswer(c *compare.Comparison) *contentsJSON {
	if c == nil {
		return nil
	}
	side := func(r compare.Side) sideJSON {
		return sideJSON{moment(r.Began), moment(r.Ended), r.Tables, r.Rows, r.Note}
	}
	out := &contentsJSON{RunID: c.ID, Verdict: string(c.Verdict()), Words: c.Words().String(), Fix: c.Fix.String(), Compared: c.Compared, Different: c.Different, Source: side(c.Source), Target: side(c.Target),
		Tables: []comparedTableJSON{}, Ordered: c.Ordered.UTC(), Finished: moment(c.Finished)}
	for _, t := range c.Tables {
		out.Tables = append(out.Tables, comparedTableJSON{t.Table, t.Source, t.Target, t.SumsEqual, append([]string{}, t.NotCompared...)})
	}
	return out
}
