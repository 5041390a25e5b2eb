package server

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// SetFilter is what a person or a program looks for among backup sets.
type SetFilter struct {
	Type, Method, Mode, Status, Database, From, To string
}

// Values are the fields that are set, for links.
func (f SetFilter) Values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"type": f.Type, "method": f.Method, "mode": f.Mode, "status": f.Status, "database": f.Database, "from": f.From, "to": f.To} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// records turns the words into the catalogue's filter.
func (f SetFilter) records(instanceID string) (out backup.RecordFilter, err error) {
	out = backup.RecordFilter{InstanceID: instanceID, Origin: backup.InCloud}
	yes, no := true, false
	switch f.Type {
	case "", "all":
	case "full":
		out.Kind = backup.Full
	case "differential":
		out.Kind = backup.Differential
	default:
		return out, fault.Newf(fault.Invalid, "%q is not a type of backup set.", f.Type).
			WithFix("Choose full or differential.")
	}
	switch f.Method {
	case "":
	case "physical":
		out.Snapshot = &no
	case "snapshot":
		out.Snapshot = &yes
	default:
		return out, fault.Newf(fault.Invalid, "%q is not a backup method.", f.Method).
			WithFix("Choose physical or snapshot.")
	}
	switch f.Mode {
	case "":
	case "manual":
		out.Manual = &yes
	case "automated":
		out.Manual = &no
	default:
		return out, fault.Newf(fault.Invalid, "%q is not a way in which sets are taken.", f.Mode).
			WithFix("Choose manual or automated.")
	}
	switch f.Status {
	case "":
	case "complete":
		out.State = backup.Complete
	case "failed":
		out.State = backup.Broken
	case "gone":
		out.State = backup.Removed
	default:
		return out, fault.Newf(fault.Invalid, "%q is not a state of a set.", f.Status).
			WithFix("Choose complete, failed or gone.")
	}
	if out.From, err = dayOrTime(f.From, false); err == nil {
		out.To, err = dayOrTime(f.To, true)
	}
	return out, err
}

// SetFilterOf reads a filter from a query. What cannot be read is told by
// Wrong.
func SetFilterOf(get func(string) string) SetFilter {
	return SetFilter{Type: get("type"), Method: get("method"), Mode: get("mode"), Status: get("status"), Database: strings.TrimSpace(get("database")),
		From: strings.TrimSpace(get("from")), To: strings.TrimSpace(get("to"))}
}

// CloudSets is one page of an instance's data backups, newest first: at most
// limit after the one with the id before, and the key of the next page.
func (s *Kit) CloudSets(ctx context.Context, instanceID string, f SetFilter, before string, limit int) (rows []backup.Record, next string, err error) {
	want, err := f.records(instanceID)
	if err != nil {
		return nil, "", err
	}
	kinds := []backup.Kind{want.Kind}
	if want.Kind == "" {
		kinds = []backup.Kind{backup.Full, backup.Differential}
	}
	want.Before, want.Limit = before, limit
	for range MaxBatches {
		var batch []backup.Record
		for _, k := range kinds {
			want.Kind = k
			got, err := s.Catalogue.Records(ctx, want)
			if err != nil {
				return nil, "", err
			}
			batch = append(batch, got...)
		}
		slices.SortFunc(batch, func(a, b backup.Record) int { return strings.Compare(b.ID, a.ID) })
		whole := len(batch) < limit
		batch = batch[:min(len(batch), limit)]
		for _, r := range batch {
			if f.Database != "" && !holds(r, f.Database) {
				continue
			}
			if rows = append(rows, r); len(rows) == limit {
				return rows, r.ID, nil
			}
		}
		if whole {
			return rows, "", nil
		}
		want.Before = batch[len(batch)-1].ID
	}
	return rows, want.Before, nil
}

// holds reports whether a set of a cloud holds a database, as far as is told:
// a set of the whole instance whose databases are not told may.
func holds(r backup.Record, database string) bool {
	if r.Database != "" {
		return strings.EqualFold(r.Database, database)
	}
	if r.Cloud == nil || len(r.Cloud.Databases) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Cloud.Databases, func(d string) bool { return strings.EqualFold(d, database) })
}

// MaxBatches bounds how far one page reads on for a database that few sets hold.
const MaxBatches = 20

// CloudSet is a set of an instance, by our id.
func (s *Kit) CloudSet(c echo.Context) (backup.Record, CloudSeen, error) {
	ctx := c.Request().Context()
	in, err := s.Glimpsed(ctx, c.Param("id"))
	if err != nil {
		return backup.Record{}, in, err
	}
	r, err := s.Catalogue.Record(ctx, c.Param("set"))
	if err == nil && (r.InstanceID != in.ID || r.Cloud == nil) {
		err = fault.New(fault.NotFound, "There is no such backup set of this instance.", "The list shows those there are.")
	}
	return r, in, err
}

// LinksOf notes who asks for links, then fetches them: nobody gets one whose
// request is not in the audit trail.
func (s *Kit) LinksOf(c echo.Context, in CloudSeen, what string, fetch func(context.Context, backup.Cloud) ([]backup.Link, error)) ([]backup.Link, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*Patience)
	defer cancel()
	cloud, err := s.Clouds.Cloud(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.Audit.Record(ctx, s.Entry(c, "backup.links", "instance/"+in.ID, "Asked for the download links of the "+what+" of "+in.Name+".")); err != nil {
		return nil, err
	}
	links, err := fetch(ctx, cloud)
	if err == nil && len(links) == 0 {
		err = fault.New(fault.NotFound, "The service gave no download link.", "Snapshots have none; of other sets links may come later.")
	}
	return links, err
}

// Expiry is when the service lets go of a set; zero = not told, or never.
func Expiry(r backup.Record) time.Time {
	if r.Cloud != nil && !r.Cloud.Expires.IsZero() {
		return r.Cloud.Expires
	}
	return r.Expires
}

// SetKind is the tag of a set's kind.
func SetKind(r backup.Record) kit.Kind {
	if r.Snapshot() {
		return kit.KindSnapshot
	}
	return KindTag(string(r.Set.Kind))
}

// ExtendCloud asks the service, and keeps what it says afterwards. A moment that
// is very far ahead is refused until the person is sure.
func (s *Kit) ExtendCloud(c echo.Context, r backup.Record, in CloudSeen, until time.Time, sure bool) (backup.CloudSet, error) {
	if f, far := clouds.FarExpiry(until, s.Now()); far && !sure {
		return backup.CloudSet{}, fault.Told(fault.Invalid, f.Text, f.Fix).Because(&policy.Objection{Findings: []policy.Finding{f}})
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*Patience)
	defer cancel()
	cloud, err := s.Clouds.Cloud(ctx, in.ID)
	if err != nil {
		return backup.CloudSet{}, err
	}
	names, err := cloud.Names(ctx, in.InstanceID)
	if err != nil {
		names = nil // then the service decides
	}
	is, err := clouds.Extend(ctx, cloud, s.Audit, in.ID, r.Cloud.ID, until, len(names), Actor(c), s.Now)
	if err != nil {
		return is, err
	}
	r.Cloud, r.Expires, r.Seen = &is, is.Expires, s.Now().UTC()
	return is, s.Catalogue.Put(ctx, []backup.Record{r})
}
