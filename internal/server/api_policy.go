package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/policy"
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
	Confirm       string   `json:"confirm,omitempty"` // snapshot, when the one-way change is meant
}

func standardWords(s policy.Standard) standardJSON {
	priority := int(s.Priority)
	j := standardJSON{RetentionDays: &s.RetentionDays, Days: []string{}, Hour: &s.Hour, Method: string(s.Method), Incremental: &s.Incremental, Log: string(s.Log), Priority: &priority}
	for _, d := range s.Days {
		j.Days = append(j.Days, d.String())
	}
	return j
}

// request is the same as a form would send it, beginning with what is set.
func (j standardJSON) request(now policy.Standard) servicePolicyRequest {
	w := requestFor(now)
	number := func(to *string, n *int) {
		if n != nil {
			*to = strconv.Itoa(*n)
		}
	}
	number(&w.Retention, j.RetentionDays)
	number(&w.Hour, j.Hour)
	number(&w.Priority, j.Priority)
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

func (s *Server) apiPolicy(c echo.Context) error {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err == nil {
		err = in.trouble
	}
	return answer(c, http.StatusOK, policyJSON(in), err)
}

func policyJSON(in cloudSeen) cloudPolicyJSON {
	st := in.activity
	rpo, _ := policy.WorstRPO(st.Standard)
	j := cloudPolicyJSON{Standard: standardWords(st.Standard), Next: moment(st.Next), AdvancedOn: st.AdvancedOn, WorstRPO: int64(rpo.Seconds()), Drift: []changeJSON{}, ReadAt: st.At,
		Can: canJSON{Cluster: st.Can.Cluster, SetPriority: st.Can.SetPriority, Snapshot: st.Can.Snapshot, FiveMinuteLog: st.Can.FiveMinuteLog, CrossRegion: st.Can.CrossRegion,
			WriteAdvanced: st.Can.WriteAdvanced, Running: st.Can.Running, Status: st.Can.Status, Locked: st.Can.Locked, StorageGB: st.Can.StorageGB}}
	if d := in.looked.Drift; d != nil {
		j.Drift = changesJSON(d.Changes)
	}
	return j
}

// wished reads a policy that a program wants of an instance.
func (s *Server) wished(c echo.Context) (in cloudSeen, w servicePolicyRequest, err error) {
	if in, err = s.seen(c.Request().Context(), c.Param("id")); err != nil {
		return in, w, err
	}
	if err = in.answered(); err != nil {
		return in, w, err
	}
	var j standardJSON
	err = readJSON(c, &j)
	return in, j.request(in.activity.Standard), err
}

func (s *Server) apiPolicySet(c echo.Context) error {
	in, w, err := s.wished(c)
	if err == nil {
		_, err = s.writePolicy(c, in, w, "", "")
	}
	if err != nil {
		return err
	}
	return s.apiPolicy(c)
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

// apiPolicyReview tells what a policy would do; nothing is written.
func (s *Server) apiPolicyReview(c echo.Context) error {
	in, w, err := s.wished(c)
	if err != nil {
		return err
	}
	want, wrong := w.standard(in.activity.Standard)
	findings := policy.CheckStandard(in.activity, want, true)
	for field, words := range barred(findings) {
		wrong[field] = words
	}
	f, err := s.foreseen(c.Request().Context(), in, want)
	out := reviewJSON{Valid: len(wrong) == 0, Problems: wrong, OneWay: policy.OneWay(in.activity.Standard, want), Changes: changesJSON(f.Changes), Call: callText(f.Call), Coming: []comingJSON{},
		WorstRPO: int64(f.RPO.Seconds()), Warnings: append([]string{}, f.Notes...)}
	for _, slot := range f.Next {
		out.Coming = append(out.Coming, comingJSON{slot.At, string(slot.Kind), strings.ToLower(string(want.Method))})
	}
	for _, one := range findings {
		if !one.Bars {
			out.Warnings = append(out.Warnings, one.Text)
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

func (s *Server) apiPolicyVersions(c echo.Context) error {
	i, limit, err := s.apiCloudList(c)
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

func (s *Server) apiPolicyAccept(c echo.Context) error {
	i, err := s.cloudInstance(c.Request().Context(), c.Param("id"))
	if err == nil {
		err = s.acceptPolicy(c, i.ID)
	}
	if err != nil {
		return err
	}
	return s.apiPolicy(c)
}

func (s *Server) apiPolicyApply(c echo.Context) error {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
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
	results, err := s.applyTo(c, in, j.Instances, j.Confirm == oneWay)
	return answer(c, http.StatusOK, list(results, ""), err)
}

// apiRunOf answers with a run that was just ordered.
func (s *Server) apiRunOf(c echo.Context, id string, err error) error {
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), patience)
	defer cancel()
	r, err := s.Runs.Run(ctx, id)
	return answer(c, http.StatusAccepted, runToJSON(r), err)
}

func (s *Server) apiBackup(c echo.Context) error {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	var w backupRequest
	if err := readJSON(c, &w); err != nil {
		return err
	}
	id, err := s.startBackup(c, in, w)
	return s.apiRunOf(c, id, err)
}

func (s *Server) apiSetExtend(c echo.Context) error {
	r, in, err := s.cloudSet(c)
	if err != nil {
		return err
	}
	var j struct {
		Until time.Time `json:"until"`
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	is, err := s.extendCloud(c, r, in, j.Until)
	if err != nil {
		return err
	}
	r.Cloud, r.Expires = &is, is.Expires
	return c.JSON(http.StatusOK, setJSON(r))
}

func (s *Server) apiSetCopy(c echo.Context) error {
	r, _, err := s.cloudSet(c)
	if err != nil {
		return err
	}
	var j struct {
		Bucket string `json:"bucket"`
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	id, err := s.Copier.Copy(c.Request().Context(), r.ID, j.Bucket, s.orderedBy(c))
	return s.apiRunOf(c, id, err)
}

func (s *Server) apiRestore(c echo.Context) error {
	ctx := c.Request().Context()
	in, err := s.seen(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	var j struct {
		restoreRequest
		Confirm string `json:"confirm"` // name of the target
	}
	if err := readJSON(c, &j); err != nil {
		return err
	}
	p, err := s.planRestore(ctx, in, j.restoreRequest)
	if err != nil {
		return err
	}
	id, err := s.startRestore(c, p, j.Confirm)
	return s.apiRunOf(c, id, err)
}
