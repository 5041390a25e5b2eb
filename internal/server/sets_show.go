package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/web/templates"
)

// needingShown is how many of the sets that need one are listed.
const needingShown = 12

// catalogueSet shows one set; those of the cloud have a page of their own.
func (s *Server) catalogueSet(c echo.Context) error {
	r, err := s.Catalogue.Record(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if r.Cloud != nil {
		return c.Redirect(http.StatusSeeOther, setHref(r))
	}
	return s.page(func(c echo.Context) (view, error) { return s.setPage(c, r, nil) })(c)
}

func (s *Server) setPage(c echo.Context, r backup.Record, refused error) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	v := templates.SetPage{Title: setTitle(z, r), Kind: setKind(r), Badge: setBadge(r), Pinned: r.Pinned,
		NoFiles: templates.Empty{Title: "No copy of it is known.", Text: "It lies where this dashboard does not look: in another folder, on tape or behind a URL; or its files are gone."},
		NoChain: "The sets that are there do not lead to it: what it builds on is missing."}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	v.Crumbs = []templates.Link{{Text: "Backup sets", Href: "/sets"}, {Text: firstOf(r.Database, "set"), Href: databaseHref(r.InstanceID, r.Database)}, {Text: v.Title}}
	if r.InstanceID == "" {
		v.Crumbs[1].Href = ""
	}
	records := []backup.Record{r}
	if r.InstanceID != "" {
		if records, err = s.Catalogue.Sets(ctx, r.InstanceID, r.Database, backup.MaxSets); err != nil {
			return view{}, err
		}
	}
	chain, needing := backup.ChainOf(records, r.ID)
	if v.Chain, err = s.setRows(ctx, z, chain); err != nil {
		return view{}, err
	}
	if v.Needing, err = s.setRows(ctx, z, needing[:min(len(needing), needingShown)]); err != nil {
		return view{}, err
	}
	if n := len(needing) - needingShown; n > 0 {
		v.More = fmt.Sprintf("And %d more.", n)
	}
	stays, by, err := s.fate(ctx, z, r, records)
	if err != nil {
		return view{}, err
	}
	v.Notes = append(v.Notes, stays)
	v.Facts = []templates.Fact{{Label: "Database", Value: firstOf(r.Database, "unknown"), Note: firstOf(names[r.InstanceID], "a server that is not known here"), Words: true},
		{Label: "Size", Value: templates.Bytes(r.Bytes()).Text, Title: templates.Bytes(r.Bytes()).Exact, Note: templates.Count(len(r.Copies), "copy", "copies"), Words: true},
		{Label: "Restores", Value: templates.Count(len(chain), "set", "sets"), Note: "in its chain", Words: true, Tone: toneIf(len(chain) == 0, templates.ToneWarn)},
		{Label: "Needed by", Value: templates.Count(len(needing), "set", "sets"), Note: "that stand on it", Words: true}}
	v.Pairs, v.LSNs = setPairs(z, r, by), lsnPairs(r.Set)
	for _, k := range r.Copies {
		p := templates.SetPlace{Place: templates.Link{Text: k.BucketID, Href: "/storage/" + k.BucketID}, Keys: k.Keys, Size: templates.Bytes(k.Size), When: z.At(k.At)}
		if b, err := s.Endpoints.Bucket(ctx, k.BucketID); err == nil {
			p.Place.Text = b.Name
		} else if fault.Is(err, fault.NotFound) {
			p.Place = templates.Link{Text: "a place that was removed"}
		}
		v.Files = append(v.Files, p)
	}
	if len(chain) > 0 && r.InstanceID != "" && !r.Apart {
		v.Actions = []templates.Action{{Label: "Restore this set", Href: restoreHref(r.InstanceID, r.Database, r.Finished()), Primary: true}}
	}
	v.Pin = pinForm(r, refused)
	out := view{title: v.Title, section: "sets", page: func(f templates.Frame) templ.Component { return templates.SetShowPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// fate says why a set is kept, or that it goes, by the same decision that a
// pruning makes; by is the name of its policy.
func (s *Server) fate(ctx context.Context, z templates.Zone, r backup.Record, records []backup.Record) (h templates.Help, by string, err error) {
	switch {
	case r.State == backup.Removed || !r.Gone.IsZero():
		return templates.Help{Tone: templates.ToneWarn, Title: "It is gone since " + z.At(r.Gone).Exact + "."}, "", nil
	case r.PolicyID == "" && r.Origin == backup.ByOthers:
		return templates.Help{Tone: templates.ToneRun, Title: "Another tool took it: Bakplane never removes it.", Cause: "It is a link of the chain as long as it is there."}, "", nil
	case r.PolicyID == "":
		return templates.Help{Tone: templates.ToneRun, Title: "No policy looks after it: nothing prunes it."}, "", nil
	}
	p, err := s.Policies.Policy(ctx, r.PolicyID)
	if fault.Is(err, fault.NotFound) {
		return templates.Help{Tone: templates.ToneRun, Title: "The policy that took it was removed: nothing prunes it any more."}, "removed", nil
	}
	if err != nil {
		return h, "", err
	}
	pruned, err := policy.Prune(p, records, z.Now)
	if err != nil {
		return h, p.Name, err
	}
	for _, k := range pruned.Keep {
		if k.Record.ID == r.ID {
			h = templates.Help{Tone: templates.ToneOK, Title: "It is kept.", Cause: k.Why}
			if len(k.Grounds) == 1 && k.Grounds[0] == policy.ByDays {
				days := p.KeepFor(r.Set.Kind).Days
				h.Fix = "It may go from " + z.At(r.Finished().AddDate(0, 0, days)).Exact + " on, unless something kept needs it then."
			}
			return h, p.Name, nil
		}
	}
	for _, g := range pruned.Remove {
		if g.Record.ID == r.ID {
			return templates.Help{Tone: templates.ToneWarn, Title: "It goes with the next pruning.", Cause: g.Why, Fix: "Pin it to keep it."}, p.Name, nil
		}
	}
	return templates.Help{Tone: templates.ToneRun, Title: "The policy " + p.Name + " decides about it."}, p.Name, nil
}

func setPairs(z templates.Zone, r backup.Record, by string) []templates.Pair {
	s := r.Set
	yes := func(on bool, word string) string {
		if on {
			return word
		}
		return ""
	}
	version := ""
	if s.VersionMajor > 0 {
		version = fmt.Sprintf("%d.%d.%d", s.VersionMajor, s.VersionMinor, s.VersionBuild)
	}
	var said []string
	for _, w := range []string{yes(s.CopyOnly, "copy-only"), yes(s.Compressed, "compressed"), yes(s.Checksums, "with checksums"), yes(s.BulkLogged, "holds minimally logged changes"), yes(s.TailLog, "tail of the log"), yes(s.Snapshot, "snapshot"), yes(s.Damaged, "damaged")} {
		if w != "" {
			said = append(said, w)
		}
	}
	verified := "no"
	if !r.Verified.IsZero() {
		verified = ""
	}
	return []templates.Pair{{Key: "Began", When: z.At(s.Started.Time())}, {Key: "Finished", When: z.At(r.Finished())}, {Key: "Leads up to", When: z.At(s.ValidUntil.Time())},
		{Key: "Taken by", Value: originWords(r)}, {Key: "Policy", Value: by}, {Key: "Name", Value: s.Name}, {Key: "Server", Value: s.Server}, {Key: "Written by", Value: version},
		{Key: "Recovery model", Value: string(s.RecoveryModel)}, {Key: "It is", Value: strings.Join(said, ", ")}, {Key: "Uncompressed", Value: bytesIf(s.Size)},
		{Key: "Verified", Value: verified, When: z.At(r.Verified)}, {Key: "Last seen", When: z.At(r.Seen)}, {Key: "Expires", When: z.At(r.Expires)}}
}

func bytesIf(n int64) string {
	if n <= 0 {
		return ""
	}
	return templates.Bytes(n).Text
}

func lsnPairs(s backup.Set) []templates.Pair {
	lsn := func(key string, l backup.LSN) templates.Pair {
		p := templates.Pair{Key: key}
		if !l.IsZero() {
			p.Value = l.String()
		}
		return p
	}
	guid := func(key string, g backup.GUID) templates.Pair {
		p := templates.Pair{Key: key}
		if !g.IsZero() {
			p.Value = g.String()
		}
		return p
	}
	return []templates.Pair{lsn("First", s.First), lsn("Last", s.Last), lsn("Checkpoint", s.Checkpoint), lsn("Newest full's checkpoint", s.DatabaseBackup), lsn("Differential base", s.DifferentialBaseLSN),
		guid("Set", s.ID), guid("Base", s.DifferentialBase), guid("Family", s.Family), guid("Recovery fork", s.Fork)}
}

func pinForm(r backup.Record, refused error) templates.Form {
	if r.Pinned {
		return templates.Form{Action: "/sets/" + r.ID + "/pin", Submit: "Unpin", Hidden: []templates.Hidden{{Name: "on", Value: ""}}, Problem: problemOf(refused),
			Fields: []templates.Field{{Name: "note", Label: "Why it is kept", Value: r.PinNote, Optional: true}}}
	}
	return templates.Form{Action: "/sets/" + r.ID + "/pin", Submit: "Pin", Hidden: []templates.Hidden{{Name: "on", Value: "1"}}, Problem: problemOf(refused),
		Fields: []templates.Field{{Name: "note", Label: "Why it is kept", Placeholder: "before the upgrade", Hint: "A pinned set is never pruned, and neither is what it needs for its restore.", Autocomplete: "off"}}}
}

// catalogueSetPin pins a set, or lets go of it.
func (s *Server) catalogueSetPin(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	err := s.pin(c, id, c.FormValue("on") != "", c.FormValue("note"))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		r, viewErr := s.Catalogue.Record(ctx, id)
		if viewErr != nil {
			return viewErr
		}
		v, viewErr := s.setPage(c, r, err)
		return s.shownAgain(c, v, viewErr, err)
	}
	if err != nil {
		return err
	}
	word := "pinned: it stays until it is unpinned"
	if c.FormValue("on") == "" {
		word = "no longer pinned"
	}
	s.say(c, templates.ToneOK, "The set is "+word+".")
	return seeOther(c, "/sets/"+id)
}

func (s *Server) pin(c echo.Context, id string, on bool, note string) error {
	note = strings.TrimSpace(note)
	switch {
	case on && note == "":
		return invalid("A pin needs a reason.", "Write for whom or for what the set is kept.")
	case len(note) > 200:
		return invalid("The reason is longer than 200 bytes.", "Make it shorter.")
	}
	action, words := "set.pin", "Pinned the backup set: "+note
	if !on {
		action, words, note = "set.unpin", "Unpinned the backup set", ""
	}
	return s.Catalogue.Pin(c.Request().Context(), id, on, note, s.entry(c, action, "set/"+id, strings.TrimSuffix(words, ".")+"."))
}

// collectAsk asks where to look for backups.
func (s *Server) collectAsk(c echo.Context) (view, error) { return s.collectForm(c, nil) }

func (s *Server) collectForm(c echo.Context, refused error) (view, error) {
	ctx := c.Request().Context()
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return view{}, err
	}
	instances, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return view{}, err
	}
	where := templates.Field{Name: "subject", Label: "Look at", Type: "select", Value: firstOf(c.FormValue("subject"), c.QueryParam("subject"))}
	for _, b := range buckets {
		where.Options = append(where.Options, templates.Option{Value: string(scan.BucketSubject(b.ID)), Label: "Bucket or folder " + b.Name})
	}
	for _, i := range instances {
		where.Options = append(where.Options, templates.Option{Value: string(scan.InstanceSubject(i.ID)), Label: "Instance " + instanceName(i)})
	}
	v := templates.Decision{Title: "Look for backups", Crumbs: []templates.Link{{Text: "Backup sets", Href: "/sets"}, {Text: "Look"}},
		Intro: "After this dashboard was lost, a bucket alone gives its catalogue back: every file says of itself what it is.",
		Points: []string{"Every file is asked for its headers; only those are read, never the whole.", "Sets that are known already stay as they are; copies that are found are added.",
			"Sets of servers that are not known here appear without one, and are adopted when the server is added."},
		Form: &templates.Form{Action: "/sets/collect", Submit: "Look now", Cancel: "/sets", Fields: []templates.Field{where}, Problem: problemOf(refused)}}
	if len(where.Options) == 0 {
		v.Form, v.Notes = nil, []templates.Help{{Tone: templates.ToneWarn, Title: "No bucket and no instance is known yet.", Actions: []templates.Action{{Label: "Add a bucket", Href: "/settings/buckets/new"}}}}
	}
	out := view{title: v.Title, section: "sets", page: func(f templates.Frame) templ.Component { return templates.DecisionPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// collectOrder orders a look as a run.
func (s *Server) collectOrder(c echo.Context) error {
	id, err := s.lookNow(c, c.FormValue("subject"))
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.collectForm(c, err)
		return s.shownAgain(c, v, viewErr, err)
	}
	s.say(c, templates.ToneOK, "The look is ordered.")
	return seeOther(c, "/runs/"+id)
}

func (s *Server) lookNow(c echo.Context, subject string) (runID string, err error) {
	ctx := c.Request().Context()
	kind, id, _ := strings.Cut(subject, "/")
	var name string
	switch kind {
	case "bucket":
		b, err := s.Endpoints.Bucket(ctx, id)
		if err != nil {
			return "", notThere(err)
		}
		name = b.Name
	case "instance":
		i, err := s.Endpoints.Instance(ctx, id)
		if err != nil {
			return "", notThere(err)
		}
		name = i.Name
	default:
		return "", invalid("Nothing to look at is chosen.", "Choose a bucket or an instance.")
	}
	runID = s.NewID()
	return runID, scan.ScanNow(ctx, s.Scans, scan.Subject(subject), name, runID, actor(c), s.Now().UTC().Truncate(time.Microsecond))
}

func notThere(err error) error {
	if fault.Is(err, fault.NotFound) {
		return invalid("That place does not exist any more.", "Choose another.")
	}
	return err
}
