package server

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// Answered refuses to go on while the service has not told the policy.
func (in CloudSeen) Answered() error {
	if in.Standing.At.IsZero() {
		if in.Trouble != nil {
			return in.Trouble
		}
		return fault.New(fault.Unavailable, "The service has not told the policy yet.", "Look again.")
	}
	return nil
}

// OneWay is what is typed to confirm the change that cannot be taken back.
const OneWay = "snapshot"

// ServicePolicyRequest is a standard policy as a form or a program sends it. Empty fields
// stay as they are set.
type ServicePolicyRequest struct {
	Retention   string
	Days        []string
	Hour        string
	Method      string
	Incremental string
	Log         string
	Priority    string
	Every       string // minutes between snapshots; 0 = none
	Confirm     string // the one-way change, typed
}

// Asked reports whether the form was sent at all: without days the form was
// opened anew, or every day was taken away.
func (w ServicePolicyRequest) Asked() bool { return w.Retention != "" || w.Hour != "" }

// Values are the fields, for links and hidden fields.
func (w ServicePolicyRequest) Values() url.Values {
	v := url.Values{clouds.FieldDays: w.Days}
	for name, value := range map[string]string{clouds.FieldRetention: w.Retention, clouds.FieldHour: w.Hour, clouds.FieldMethod: w.Method, clouds.FieldIncremental: w.Incremental, clouds.FieldLog: w.Log, clouds.FieldPriority: w.Priority, clouds.FieldEvery: w.Every} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// Hidden are the same as fixed fields.
func (w ServicePolicyRequest) Hidden() (out []kit.Hidden) {
	for _, name := range []string{clouds.FieldRetention, clouds.FieldDays, clouds.FieldHour, clouds.FieldMethod, clouds.FieldIncremental, clouds.FieldLog, clouds.FieldPriority, clouds.FieldEvery} {
		for _, value := range w.Values()[name] {
			out = append(out, kit.Hidden{Name: name, Value: value})
		}
	}
	return out
}

// Standard turns the words into a policy, beginning with what is set. Words
// that cannot be read are told by field; the rules are checked elsewhere.
func (w ServicePolicyRequest) Standard(now clouds.Standard) (s clouds.Standard, wrong map[string]string) {
	s, wrong = now, map[string]string{}
	if w.Retention != "" {
		n, err := strconv.Atoi(w.Retention)
		if err != nil {
			wrong[clouds.FieldRetention] = fmt.Sprintf("%q is not a number of days.", w.Retention)
		}
		s.RetentionDays = n
	}
	if w.Hour != "" {
		n, err := strconv.Atoi(w.Hour)
		if err != nil {
			wrong[clouds.FieldHour] = fmt.Sprintf("%q is not an hour.", w.Hour)
		}
		s.Hour = n
	}
	if w.Asked() {
		s.Days = nil
		for _, name := range w.Days {
			i := slices.IndexFunc(Weekdays, func(d time.Weekday) bool { return strings.EqualFold(d.String(), name) })
			if i < 0 {
				wrong[clouds.FieldDays] = fmt.Sprintf("%q is not a day of the week.", name)
				continue
			}
			s.Days = append(s.Days, Weekdays[i])
		}
		slices.SortFunc(s.Days, func(a, b time.Weekday) int { return (int(a)+6)%7 - (int(b)+6)%7 })
		s.Days = slices.Compact(s.Days)
	}
	if w.Method != "" {
		s.Method = clouds.Method(w.Method)
	}
	if w.Incremental != "" {
		s.Incremental = w.Incremental == "true"
	}
	if w.Log != "" {
		s.Log = clouds.LogFrequency(w.Log)
	}
	if w.Priority != "" {
		n, err := strconv.Atoi(w.Priority)
		if err != nil {
			wrong[clouds.FieldPriority] = fmt.Sprintf("%q is not a priority.", w.Priority)
		}
		s.Priority = clouds.Priority(n)
	}
	if w.Every != "" {
		n, err := strconv.Atoi(w.Every)
		if err != nil {
			wrong[clouds.FieldEvery] = fmt.Sprintf("%q is not a number of minutes.", w.Every)
		}
		s.SnapshotMinutes = n
	}
	return s, wrong
}

// RequestFor is the request that leads to a policy.
func RequestFor(s clouds.Standard) ServicePolicyRequest {
	w := ServicePolicyRequest{Retention: strconv.Itoa(s.RetentionDays), Hour: strconv.Itoa(s.Hour), Method: string(s.Method), Incremental: strconv.FormatBool(s.Incremental), Log: string(s.Log), Priority: strconv.Itoa(int(s.Priority)), Every: strconv.Itoa(s.SnapshotMinutes)}
	for _, d := range s.Days {
		w.Days = append(w.Days, d.String())
	}
	return w
}

// Weekdays are the days of a week, in the order in which forms show them.
var Weekdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// WritePolicy makes a request true. seen is the version that the person looked
// at: one that came since is not written over. back is the version rolled back
// to; empty = none.
func (s *Kit) WritePolicy(c echo.Context, in CloudSeen, w ServicePolicyRequest, seen, back string) (clouds.Written, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 6*Patience)
	defer cancel()
	if err := in.Answered(); err != nil {
		return clouds.Written{}, err
	}
	want, wrong := w.Standard(in.Standing.Standard)
	for _, words := range wrong {
		return clouds.Written{}, Invalid(words, "See the reason beside the field.")
	}
	defer s.looks.forget(in.ID)
	by := policy.By{Actor: Actor(c)}
	request := clouds.EditRequest{Standard: &want, Confirmed: w.Confirm == OneWay}
	if n, err := strconv.Atoi(seen); err == nil {
		v, err := s.Policies.Version(ctx, policy.InstanceSubject(in.ID), n)
		if err != nil {
			return clouds.Written{}, err
		}
		content, err := clouds.ReadContent(v)
		if err != nil {
			return clouds.Written{}, err
		}
		request.Seen = &content
	}
	if n, err := strconv.Atoi(back); err == nil {
		by.Note = fmt.Sprintf("rolled back to version %d", n)
	}
	return s.clouds().Write(ctx, in.ID, request, by)
}

// WrittenWords say what became of a request.
func WrittenWords(w clouds.Written) (kit.Tone, string) {
	switch {
	case len(w.Changes) == 0:
		return kit.ToneOK, "The service had exactly this policy already; nothing was sent."
	case len(w.Differ) > 0:
		return kit.ToneWarn, "The service took the call and says otherwise when read again: " + policy.ChangesWords(w.Differ) + "."
	}
	return kit.ToneOK, "Saved. Read again, the service has what was asked for: " + policy.ChangesWords(w.Changes) + "."
}

// WriteAdvanced makes the rules true. What is off is never switched on by
// writing into it.
func (s *Kit) WriteAdvanced(c echo.Context, in CloudSeen, a clouds.Advanced) (clouds.Written, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 6*Patience)
	defer cancel()
	defer s.looks.forget(in.ID)
	for _, f := range clouds.CheckAdvanced(in.Standing, a, true) {
		if f.Bars {
			return clouds.Written{}, fault.Told(fault.Invalid, f.Text, f.Fix).Because(&policy.Objection{Findings: []policy.Finding{f}})
		}
	}
	return s.clouds().Write(ctx, in.ID, clouds.EditRequest{Advanced: &a}, policy.By{Actor: Actor(c)})
}

// DaysOfYear are drawn of an advanced policy.
const DaysOfYear = 366

// AcceptPolicy takes what the service says now as wanted: a drift is over.
func (s *Kit) AcceptPolicy(c echo.Context, id string) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*Patience)
	defer cancel()
	s.looks.forget(id)
	return s.clouds().Acknowledge(ctx, id, policy.By{Actor: Actor(c)})
}

// WeeksDrawn are the weeks of coming backups on a page.
const WeeksDrawn = 4

// Foreseen is what a policy will do at an instance.
func (s *Kit) Foreseen(ctx context.Context, in CloudSeen, want clouds.Standard) (clouds.Foreseen, error) {
	k, err := s.Known(ctx, in.ID)
	return clouds.Foresee(in.InstanceID, in.Standing, want, k, s.Now().UTC(), WeeksDrawn), err
}
