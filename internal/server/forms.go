package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// ProblemOf words an error above a form; nil stays nil.
func ProblemOf(err error) *kit.Help {
	if err == nil {
		return nil
	}
	message, fix := fault.Words(err)
	return &kit.Help{Title: message, Fix: fix}
}

// HiddenOf carries what was typed on to the next page.
func HiddenOf(v url.Values) (out []kit.Hidden) {
	var names []string
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range v[name] {
			out = append(out, kit.Hidden{Name: name, Value: value})
		}
	}
	return out
}

// Invalid refuses what a person or a program chose.
func Invalid(message, fix string) error { return fault.New(fault.Invalid, message, fix) }

// dayOrTime reads a day (its beginning, or its end for the later bound) or a
// moment, in UTC.
func dayOrTime(text string, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t, nil
	}
	return backup.ReadStopTime(text)
}

// MomentField asks for a moment in UTC.
func MomentField(value string) kit.Field {
	return kit.Field{Name: "at", Label: "Moment to restore to (UTC)", Value: value, Mono: true, Autocomplete: "off", Placeholder: "2026-11-20 13:30:00",
		Hint: "To the second, in UTC. A click on the picture writes it here."}
}

// OrderErrors are the messages of an order that was refused, by field.
func OrderErrors(err error) map[string]string {
	out := map[string]string{}
	for _, w := range wrongs(err) {
		if out[w.Field] == "" {
			out[w.Field] = WithFix(w.Message.String(), w.Fix.String())
		}
	}
	return out
}

// wrongs are the refusals inside an error.
func wrongs(err error) []backupjob.Wrong {
	var r *backupjob.Refusals
	if errors.As(err, &r) {
		return r.Wrong
	}
	return nil
}

// Refused shows a form again with its messages.
func (s *Kit) Refused(c echo.Context, v View) error {
	return Render(c, max(v.Status, http.StatusUnprocessableEntity), v.Page(s.Frame(c, v.Title, v.Section, "")))
}

// ShownAgain answers a refused order with its question and what was wrong.
// viewErr is why the question cannot be asked.
func (s *Kit) ShownAgain(c echo.Context, v View, viewErr, refused error) error {
	if fault.Of(refused) == fault.Unknown {
		return refused
	}
	if viewErr != nil {
		return viewErr
	}
	return s.Refused(c, v)
}

// Ordered leads back to the migration after an order was taken.
func (s *Kit) Ordered(c echo.Context, err error, words string) error {
	if err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, words)
	return SeeOther(c, "/migrations/"+c.Param("id"))
}

// By is who asks and when, for orders about migrations.
func (s *Kit) By(c echo.Context) migration.By {
	return migration.By{Actor: Actor(c), At: s.Now().UTC()}
}
