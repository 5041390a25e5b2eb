package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
)

// standardJSON is a standard policy. In requests, absent fields stay as set.
type standardJSON struct {
	RetentionDays *int     `json:"retention_days,omitempty"`
	Days          []string `json:"days,omitempty"`
	Hour          *int     `json:"hour,omitempty"` // UTC
	Method        string   `json:"method,omitempty"`
	Incremental   *bool    `json:"incremental,omitempty"`
	Log           string   `json:"log,omitempty"`
	Priority      *int     `json:"priority,omitempty"`
	Every         *int     `json:"snapshot_minutes,omitempty"` // 0 = only at the hour
	Confirm       string   `json:"confirm,omitempty"`          // snapshot, when the one-way change is meant
}

func standardWords(s clouds.Standard) standardJSON {
	priority := int(s.Priority)
	j := standardJSON{RetentionDays: &s.RetentionDays, Days: []string{}, Hour: &s.Hour, Method: string(s.Method), Incremental: &s.Incremental, Log: string(s.Log), Priority: &priority, Every: &s.SnapshotMinutes}
	for _, d := range s.Days {
		j.Days = append(j.Days, d.String())
	}
	return j
}

// request is the same as a form would send it, beginning with what is set.
func (j standardJSON) request(now clouds.Standard) server.ServicePolicyRequest {
	w := server.RequestFor(now)
	number := func(to *string, n *int) {
		if n != nil {
			*to = strconv.Itoa(*n)
		}
	}
	number(&w.Retention, j.RetentionDays)
	number(&w.Hour, j.Hour)
	number(&w.Priority, j.Priority)
	number(&w.Every, j.Every)
	if j.Days != nil {
		w.Days = j.Days
	}
	if j.Method != "" {
		w.Method = j.Method
	}
	if j.Incremental != nil {
		w.Incremental = strconv.FormatBool(*j.Incremental)
	}
	if j.Log != "" {
		w.Log = j.Log
	}
	w.Confirm = j.Confirm
	return w
}

// changeJSON is one field before and after.
type changeJSON struct {
	Field  string `json:"field"`
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

func changesJSON(cs []policy.Change) []changeJSON {
	out := []changeJSON{}
	for _, c := range cs {
		out = append(out, changeJSON(c))
	}
	return out
}

type canJSON struct {
	Cluster       bool   `json:"cluster"`
	SetPriority   bool   `json:"set_priority"`
	Snapshot      bool   `json:"snapshot"`
	FiveMinuteLog bool   `json:"five_minute_log"`
	CrossRegion   bool   `json:"cross_region"`
	WriteAdvanced bool   `json:"write_advanced"`
	Running       bool   `json:"running"`
	Status        string `json:"status"`
	Locked        string `json:"locked,omitempty"`
	StorageGB     int    `json:"storage_gb"`
}

type cloudPolicyJSON struct {
	Standard   standardJSON `json:"standard"`
	Next       *time.Time   `json:"next"`
	AdvancedOn bool         `json:"advanced_on"`
	Can        canJSON      `json:"can"`
	WorstRPO   int64        `json:"worst_rpo_seconds"`
	Drift      []changeJSON `json:"drift"` // changed elsewhere since the last version somebody stands behind
	ReadAt     time.Time    `json:"read_at"`
}

func (s *API) policy(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err == nil {
		err = in.Trouble
	}
	return answer(c, http.StatusOK, policyJSON(in), err)
}

func policyJSON(in server.CloudSeen) cloudPolicyJSON {
	st := in.Standing
	rpo, _ := clouds.WorstRPO(st.Standard)
	j := cloudPolicyJSON{Standard: standardWords(st.Standard), Next: moment(st.Next), AdvancedOn: st.AdvancedOn, WorstRPO: int64(rpo.Seconds()), Drift: []changeJSON{}, ReadAt: st.At,
		Can: canJSON{Cluster: st.Can.Cluster, SetPriority: st.Can.SetPriority, Snapshot: st.Can.Snapshot, FiveMinuteLog: st.Can.FiveMinuteLog, CrossRegion: st.Can.CrossRegion,
			WriteAdvanced: st.Can.WriteAdvanced, Running: st.Can.Running, Status: st.Can.Status, Locked: st.Can.Locked, StorageGB: st.Can.StorageGB}}
	if d := in.Looked.Drift; d != nil {
		j.Drift = changesJSON(d.Changes)
	}
	return j
}

// wished reads a policy that a program wants of an instance.
func (s *API) wished(c echo.Context) (in server.CloudSeen, w server.ServicePolicyRequest, err error) {
	if in, err = s.Seen(c.Request().Context(), c.Param("id")); err != nil {
		return in, w, err
	}
	if err = in.Answered(); err != nil {
		return in, w, err
	}
	var j standardJSON
	err = readJSON(c, &j)
	return in, j.request(in.Standing.Standard), err
}

func (s *API) policySet(c echo.Context) error {
	in, w, err := s.wished(c)
	if err == nil {
		_, err = s.WritePolicy(c, in, w, "", "")
	}
	if err != nil {
		return err
	}
	return s.policy(c)
}

type comingJSON struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Method string    `json:"method"`
}

type reviewJSON struct {
	Valid    bool              `json:"valid"`
	Problems map[string]string `json:"problems"`
	OneWay   bool              `json:"one_way"`
	Changes  []changeJSON      `json:"changes"`
	Call     string            `json:"call"`
	Coming   []comingJSON      `json:"coming"`
	WorstRPO int64             `json:"worst_rpo_seconds"`
	Warnings []string          `json:"warnings"`
}

// policyReview tells what a policy would do; nothing is written.
func (s *API) policyReview(c echo.Context) error {
	in, w, err := s.wished(c)
	if err != nil {
		return err
	}
	want, wrong := w.Standard(in.Standing.Standard)
	findings := clouds.CheckStandard(in.Standing, want, true)
	for field, words := range server.Barred(findings) {
		wrong[field] = words
	}
	f, err := s.Foreseen(c.Request().Context(), in, want)
	out := reviewJSON{Valid: len(wrong) == 0, Problems: wrong, OneWay: clouds.OneWay(in.Standing.Standard, want), Changes: changesJSON(f.Changes), Call: server.CallText(f.Call), Coming: []comingJSON{},
		WorstRPO: int64(f.RPO.Seconds()), Warnings: append([]string{}, f.Notes...)}
	for _, slot := range f.Next {
		out.Coming = append(out.Coming, comingJSON{slot.At, string(slot.Kind), strings.ToLower(string(want.Method))})
	}
	for _, one := range findings {
		if !one.Bars {
			out.Warnings = append(out.Warnings, one.Text.String())
		}
	}
	return answer(c, http.StatusOK, out, err)
}

type versionJSON struct {
	Number  int             `json:"number"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Via     string          `json:"via"`
	Note    string          `json:"note"`
	Content json.RawMessage `json:"content"`
}

func (s *API) policyVersions(c echo.Context) error {
	i, limit, err := s.cloudList(c)
	if err != nil {
		return err
	}
	versions, err := s.Policies.Versions(c.Request().Context(), policy.InstanceSubject(i.ID), limit)
	out := list[versionJSON](nil, "")
	for _, v := range versions {
		out.Items = append(out.Items, versionJSON{v.Number, v.At.UTC(), v.Actor, v.Via, v.Note, json.RawMessage(v.Content)})
	}
	return answer(c, http.StatusOK, out, err)
}

func (s *API) policyAccept(c echo.Context) error {
	i, err := s.CloudInstance(c.Request().Context(), c.Param("id"))
	if err == nil {
		err = s.AcceptPolicy(c, i.ID)
	}
	if err != nil {
		return err
	}
	return s.policy(c)
}

func (s *API) policyApply(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	var j struct {
		Instances []string `json:"instances"`
		Confirm   string   `json:"confirm"`
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	results, err := s.ApplyTo(c, in, j.Instances, j.Confirm == server.OneWay)
	return answer(c, http.StatusOK, list(results, ""), err)
}

// runOf answers with a run that was just ordered.
func (s *API) runOf(c echo.Context, id string, err error) error {
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), server.Patience)
	defer cancel()
	r, err := s.Runs.Run(ctx, id)
	return answer(c, http.StatusAccepted, runToJSON(r), err)
}

func (s *API) backup(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	var w server.BackupRequest
	if err := readJSON(c, &w); err != nil {
		return err
	}
	id, err := s.StartBackup(c, in, w)
	return s.runOf(c, id, err)
}

func (s *API) setExtend(c echo.Context) error {
	r, in, err := s.CloudSet(c)
	if err != nil {
		return err
	}
	var j struct {
		Until time.Time `json:"until"`
		Sure  bool      `json:"sure"`
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	is, err := s.ExtendCloud(c, r, in, j.Until, j.Sure)
	if err != nil {
		return err
	}
	r.Cloud, r.Expires = &is, is.Expires
	return c.JSON(http.StatusOK, setJSON(r))
}

func (s *API) setCopy(c echo.Context) error {
	r, _, err := s.CloudSet(c)
	if err != nil {
		return err
	}
	var j struct {
		Bucket string `json:"bucket"`
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	id, err := s.Copier.Copy(c.Request().Context(), r.ID, j.Bucket, s.OrderedBy(c))
	return s.runOf(c, id, err)
}

func (s *API) restore(c echo.Context) error {
	ctx := c.Request().Context()
	in, err := s.Seen(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	var j struct {
		server.RestoreRequest
		Confirm string `json:"confirm"` // name of the target
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	p, err := s.PlanRestore(ctx, in, j.RestoreRequest)
	if err != nil {
		return err
	}
	id, err := s.StartRestore(c, p, j.Confirm)
	return s.runOf(c, id, err)
}
