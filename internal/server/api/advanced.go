package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
)

// sparseJSON is one rule of an advanced policy.
type sparseJSON struct {
	ID            string `json:"id,omitempty"` // the service's; empty = new
	Cycle         string `json:"cycle"`        // weekly, monthly, yearly
	Days          []int  `json:"days"`         // weekly 1–7 from Monday; monthly 1–31, -1 the last; yearly month*100+day
	RetentionDays int    `json:"retention_days"`
}

// advancedJSON is an advanced policy. In requests, absent fields stay as set.
type advancedJSON struct {
	On               bool         `json:"on"`
	Writable         bool         `json:"writable"`
	Why              string       `json:"why,omitempty"` // why it cannot be written
	Rules            []sparseJSON `json:"rules"`
	Hour             *int         `json:"hour"` // UTC
	LogRetentionDays *int         `json:"log_retention_days"`
	Unread           int          `json:"unread"` // rules that could not be understood
	Coming           []time.Time  `json:"coming"` // backups of a year
}

func (s *API) advanced(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err == nil {
		err = in.Answered()
	}
	if err != nil {
		return err
	}
	a := in.Standing.Advanced
	out := advancedJSON{On: in.Standing.AdvancedOn, Writable: true, Rules: []sparseJSON{}, Hour: &a.Hour, LogRetentionDays: &a.LogRetentionDays, Unread: a.Unread, Coming: []time.Time{}}
	for _, f := range clouds.CheckAdvanced(in.Standing, a, true) {
		if f.Bars && out.Writable {
			out.Writable, out.Why = false, server.WithFix(f.Text.String(), f.Fix.String())
		}
	}
	for _, r := range a.Rows {
		out.Rules = append(out.Rules, sparseJSON{r.ID, string(r.Cycle), r.Days, r.RetentionDays})
	}
	for _, slot := range clouds.Year(a, s.Now().UTC(), server.DaysOfYear) {
		out.Coming = append(out.Coming, slot.At)
	}
	return c.JSON(http.StatusOK, out)
}

func (s *API) advancedSet(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err == nil {
		err = in.Answered()
	}
	if err != nil {
		return err
	}
	var j struct {
		Rules            []sparseJSON `json:"rules"`
		Hour             *int         `json:"hour"`
		LogRetentionDays *int         `json:"log_retention_days"`
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	a := in.Standing.Advanced
	if j.Rules != nil {
		a.Rows = nil
		for _, r := range j.Rules {
			a.Rows = append(a.Rows, clouds.Sparse{ID: r.ID, Cycle: clouds.Cycle(r.Cycle), Days: r.Days, RetentionDays: r.RetentionDays})
		}
	}
	if j.Hour != nil {
		a.Hour = *j.Hour
	}
	if j.LogRetentionDays != nil {
		a.LogRetentionDays = *j.LogRetentionDays
	}
	if _, err := s.WriteAdvanced(c, in, a); err != nil {
		return err
	}
	return s.advanced(c)
}

// copyRuleJSON says where every new set of an instance is copied.
type copyRuleJSON struct {
	Bucket string     `json:"bucket"` // empty = nowhere
	Since  *time.Time `json:"since"`
}

func (s *API) copyRule(c echo.Context) error {
	ctx := c.Request().Context()
	i, err := s.CloudInstance(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	rules, err := s.Copier.Copies.CopyRules(ctx)
	out := copyRuleJSON{}
	for _, r := range rules {
		if r.InstanceID == i.ID {
			out = copyRuleJSON{r.BucketID, moment(r.Since)}
		}
	}
	return answer(c, http.StatusOK, out, err)
}

func (s *API) copyRuleSet(c echo.Context) error {
	i, err := s.CloudInstance(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	var j struct {
		Bucket string `json:"bucket"`
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	if err := s.Copier.Rule(c.Request().Context(), i.ID, j.Bucket, s.OrderedBy(c)); err != nil {
		return err
	}
	return s.copyRule(c)
}
