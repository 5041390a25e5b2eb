package server

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

// Editor changes policies of our own.
func (s *Kit) Editor() policy.Editor {
	return policy.Editor{Store: s.Policies, Sets: s.Catalogue, Environment: policy.KnownFacts{Places: s.Endpoints, Records: s.Catalogue}, Now: s.Now, NewID: s.NewID}
}

// BackUpNow orders backups of databases at a server, by hand.
func (s *Kit) BackUpNow(c echo.Context, serverID string, kind backup.Kind, databases []string, form url.Values) (string, error) {
	how := policy.How{Compress: slices.Contains(form["how"], "compress"), CopyOnly: slices.Contains(form["how"], "copyonly"), Verify: slices.Contains(form["how"], "verify")}
	if n, err := strconv.Atoi(form.Get("stripes")); err == nil {
		how.Stripes = n
	}
	var wrong []backupjob.Wrong
	HowOf(form, &how, func(field, message string) {
		wrong = append(wrong, backupjob.Wrong{Field: field, Message: words.Plain(message)})
	})
	if len(wrong) > 0 {
		return "", fault.Told(fault.Invalid, wrong[0].Message, words.Say("Write digits alone.")).Because(&backupjob.Refusals{Wrong: wrong})
	}
	return backupjob.BackUpNow(c.Request().Context(), s.Pruner.Store, s.Pruner.Ports, backupjob.BackUp{ServerID: serverID, Kind: kind, Databases: databases, How: how, BucketID: form.Get("bucket")}, s.NewID, s.OrderedBy(c))
}

// OwnRestore is a restore as a form or a query sends it.
type OwnRestore struct{ url.Values }

// Order turns the words into the use case's order.
func (w OwnRestore) Order(instanceID string) (o backupjob.Restore, err error) {
	o = backupjob.Restore{InstanceID: instanceID, Database: w.Get("name"), TargetID: w.Get("target"), Name: strings.TrimSpace(w.Get("as")), Typed: strings.TrimSpace(w.Get("replace"))}
	if text := w.Get("fork"); text != "" {
		if o.Fork, err = bakfile.ParseGUID(text); err != nil {
			return o, Invalid("That is not a recovery fork.", "Choose one of those listed.")
		}
	}
	if w.Get("at") == "" {
		return o, Invalid("No moment is chosen.", "Write it in UTC, such as 2026-11-20 13:30:00, or choose it on the picture.")
	}
	o.At, err = backup.ReadStopTime(strings.TrimSpace(w.Get("at")))
	return o, err
}

// Plain are its fields without what belongs to one step of the form.
func (w OwnRestore) Plain() url.Values {
	v := url.Values{}
	for _, name := range []string{"name", "at", "target", "as", "fork"} {
		if value := strings.TrimSpace(w.Get(name)); value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// RestoreOwn orders a restore at a server of one's own.
func (s *Kit) RestoreOwn(c echo.Context, instanceID string, w OwnRestore) (runID string, err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*Patience)
	defer cancel()
	o, err := w.Order(instanceID)
	if err != nil {
		return "", err
	}
	return s.Restoring.Order(ctx, o, s.OrderedBy(c))
}
