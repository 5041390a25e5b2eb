package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
)

type leftoverJSON struct {
	ID         string    `json:"id"`
	PolicyID   string    `json:"policy"`
	Policy     string    `json:"policy_name"`
	InstanceID string    `json:"instance"`
	Database   string    `json:"database"`
	Reason     string    `json:"reason"` // policy-removed, server-left, moved, dropped, not-chosen
	Why        string    `json:"why"`
	Sets       int       `json:"sets"`
	Bytes      int64     `json:"bytes"`
	Goes       int       `json:"goes"`       // sets that the policy's last rule lets go of
	GoesBytes  int64     `json:"goes_bytes"` // of those
	RunID      string    `json:"run,omitempty"`
	Judged     time.Time `json:"judged"`
}

func leftoverOf(l backupjob.Leftover) leftoverJSON {
	return leftoverJSON{l.ID, l.PolicyID, l.Found.Policy, l.InstanceID, l.Database, string(l.Reason), l.Found.Why.String(), l.Sets, l.Found.Bytes, l.Found.Goes, l.Found.GoesBytes, l.Found.RunID, l.Judged}
}

type leftoversJSON struct {
	Leftovers []leftoverJSON `json:"items"`
	Looked    *time.Time     `json:"looked"`         // null = not since the program began
	Next      string         `json:"next,omitempty"` // the after of the next page
}

func (s *API) leftovers(c echo.Context) error {
	all, err := s.Leftovers.Store.Leftovers(c.Request().Context(), c.QueryParam("after"), server.PageSize+1)
	if err != nil {
		return err
	}
	out := leftoversJSON{Leftovers: []leftoverJSON{}}
	if at := s.Leftovers.Looked(); !at.IsZero() {
		out.Looked = &at
	}
	for _, l := range all[:min(len(all), server.PageSize)] {
		out.Leftovers = append(out.Leftovers, leftoverOf(l))
	}
	if len(all) > server.PageSize {
		out.Next = all[server.PageSize-1].ID
	}
	return answer(c, http.StatusOK, out, nil)
}

type leftoverSetJSON struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

type clearingJSON struct {
	leftoverJSON
	At     time.Time         `json:"at"`
	Digest string            `json:"digest"`
	Keeps  []leftoverSetJSON `json:"keeps"`  // by the last rule, and why
	Rule   []leftoverSetJSON `json:"rule"`   // what the last rule lets go of
	Clears []leftoverSetJSON `json:"clears"` // what goes when a person lets go of all
}

func (s *API) leftover(c echo.Context) error {
	v, err := s.Leftovers.Clearing(c.Request().Context(), c.Param("id"), s.Now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return err
	}
	out := clearingJSON{leftoverJSON: leftoverOf(v.Leftover), At: v.At, Digest: v.Digest, Keeps: []leftoverSetJSON{}, Rule: goes(v.Stays.Remove), Clears: goes(v.Goes.Remove)}
	for _, k := range v.Stays.Keep {
		out.Keeps = append(out.Keeps, leftoverSetJSON{k.Record.ID, k.Why})
	}
	return answer(c, http.StatusOK, out, nil)
}

func goes(all []policy.Removal) []leftoverSetJSON {
	out := []leftoverSetJSON{}
	for _, r := range all {
		out = append(out, leftoverSetJSON{r.Record.ID, r.Why})
	}
	return out
}

func (s *API) leftoverClear(c echo.Context) error {
	var in struct {
		At     time.Time `json:"at"`
		Digest string    `json:"digest"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	run, err := s.Leftovers.Clear(c.Request().Context(), c.Param("id"), in.At.UTC(), in.Digest, s.OrderedBy(c))
	return answer(c, http.StatusAccepted, runsJSON{[]string{run}}, err)
}
