package server

import (
	"errors"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// Barred are the findings that bar the way, by field; those of the instance as
// a whole have an empty one.
func Barred(findings []policy.Finding) map[string]string {
	out := map[string]string{}
	for _, f := range findings {
		if f.Bars && out[f.Field] == "" {
			out[f.Field] = WithFix(f.Text.String(), f.Fix.String())
		}
	}
	return out
}

// NotesOf word findings that belong to no field of a form, and warnings.
func NotesOf(findings []policy.Finding) (notes []kit.Help) {
	for _, f := range findings {
		switch {
		case f.Bars && (f.Field == "" || f.Field == clouds.FieldRows):
			notes = append(notes, kit.Help{Title: f.Text.String(), Fix: f.Fix.String()})
		case !f.Bars:
			notes = append(notes, kit.Help{Tone: kit.ToneWarn, Title: f.Text.String(), Fix: f.Fix.String()})
		}
	}
	return notes
}

// RefusedFields are what a rule or the service said about single fields.
func RefusedFields(err error) map[string]string {
	var o *policy.Objection
	if errors.As(err, &o) {
		fields := Barred(o.Findings)
		delete(fields, "")
		return fields
	}
	var r *clouds.Refusal
	if !errors.As(err, &r) || r.Field == "" {
		return nil
	}
	return map[string]string{r.Field: "The service: " + r.Said + " (" + r.Code + ")"}
}

// CallText is a call as it will be made, a parameter on each line.
func CallText(c backup.Call) string {
	lines := []string{c.Action}
	for _, p := range c.Parameters {
		lines = append(lines, p.Name+"="+p.Value)
	}
	return strings.Join(lines, "\n")
}
