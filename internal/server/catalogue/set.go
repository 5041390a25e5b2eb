package catalogue

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// needingShown is how many of the sets that need one are listed.
const needingShown = 12

// catalogueSet shows one set; those of the cloud have a page of their own.
func (s *Pages) catalogueSet(c echo.Context) error {
	r, err := s.Catalogue.Record(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if r.Cloud != nil {
		return c.Redirect(http.StatusSeeOther, server.SetHref(r))
	}
	return s.Page(func(c echo.Context) (server.View, error) { return s.setPage(c, r, nil) })(c)
}

func (s *Pages) setPage(c echo.Context, r backup.Record, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	v := views.SetPage{Title: setTitle(z, r), Kind: server.SetKind(r), Badge: setBadge(r), Pinned: r.Pinned,
		NoFiles: kit.Empty{Title: "No copy of it is known.", Text: "It lies where this dashboard does not look: in another folder, on tape or behind a URL; or its files are gone."},
		NoChain: "The sets that are there do not lead to it: what it builds on is missing."}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	v.Crumbs = []kit.Link{{Text: "Backup sets", Href: "/sets"}, {Text: server.FirstOf(r.Database, "set"), Href: server.DatabaseHref(r.InstanceID, r.Database)}, {Text: v.Title}}
	if r.InstanceID == "" {
		v.Crumbs[1].Href = ""
	}
	records := []backup.Record{r}
	if r.InstanceID != "" {
		if records, err = s.Catalogue.Sets(ctx, r.InstanceID, r.Database, backup.MaxSets); err != nil {
			return server.View{}, err
		}
	}
	chain, needing := backup.ChainOf(records, r.ID)
	if v.Chain, err = s.setRows(ctx, z, chain); err != nil {
		return server.View{}, err
	}
	if v.Needing, err = s.setRows(ctx, z, needing[:min(len(needing), needingShown)]); err != nil {
		return server.View{}, err
	}
	if n := len(needing) - needingShown; n > 0 {
		v.More = fmt.Sprintf("And %d more.", n)
	}
	stays, by, err := s.fate(ctx, z, r, records)
	if err != nil {
		return server.View{}, err
	}
	v.Notes = append(v.Notes, stays)
	v.Facts = []kit.Fact{{Label: "Database", Value: server.FirstOf(r.Database, "unknown"), Note: server.FirstOf(names[r.InstanceID], "a server that is not known here"), Words: true},
		{Label: "Size", Value: kit.Bytes(r.Bytes()).Text, Title: kit.Bytes(r.Bytes()).Exact, Note: kit.Count(len(r.Copies), "copy", "copies"), Words: true},
		{Label: "Restores", Value: kit.Count(len(chain), "set", "sets"), Note: "in its chain", Words: true, Tone: server.ToneIf(len(chain) == 0, kit.ToneWarn)},
		{Label: "Needed by", Value: kit.Count(len(needing), "set", "sets"), Note: "that stand on it", Words: true}}
	v.Pairs, v.LSNs = setPairs(z, r, by), lsnPairs(r.Set)
	for _, k := range r.Copies {
		p := views.SetPlace{Place: kit.Link{Text: k.BucketID, Href: "/storage/" + k.BucketID}, Keys: k.Keys, Size: kit.Bytes(k.Size), When: z.At(k.At)}
		if b, err := s.Endpoints.Bucket(ctx, k.BucketID); err == nil {
			p.Place.Text = b.Name
		} else if fault.Is(err, fault.NotFound) {
			p.Place = kit.Link{Text: "a place that was removed"}
		}
		v.Files = append(v.Files, p)
	}
	if len(chain) > 0 && r.InstanceID != "" && !r.Apart {
		v.Actions = []kit.Action{{Label: "Restore this set", Href: server.RestoreHref(r.InstanceID, r.Database, r.Finished()), Primary: true}}
	}
	v.Pin = pinForm(r, refused)
	out := server.View{Title: v.Title, Section: "sets", Page: func(f kit.Frame) templ.Component { return views.SetShowPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// fate says why a set is kept, or that it goes, by the same decision that a
// pruning makes; by is the name of its policy.
func (s *Pages) fate(ctx context.Context, z kit.Zone, r backup.Record, records []backup.Record) (h kit.Help, by string, err error) {
	switch {
	case r.State == backup.Removed || !r.Gone.IsZero():
		return kit.Help{Tone: kit.ToneWarn, Title: "It is gone since " + z.At(r.Gone).Exact + "."}, "", nil
	case r.PolicyID == "" && r.Origin == backup.ByOthers:
		return kit.Help{Tone: kit.ToneRun, Title: "Another tool took it: Bakplane never removes it.", Cause: "It is a link of the chain as long as it is there."}, "", nil
	case r.PolicyID == "":
		return kit.Help{Tone: kit.ToneRun, Title: "No policy looks after it: nothing prunes it."}, "", nil
	}
	p, err := s.Policies.Policy(ctx, r.PolicyID)
	if fault.Is(err, fault.NotFound) {
		return kit.Help{Tone: kit.ToneRun, Title: "The policy that took it was removed: nothing prunes it any more."}, "removed", nil
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
			h = kit.Help{Tone: kit.ToneOK, Title: "It is kept.", Cause: k.Why}
			if len(k.Grounds) == 1 && k.Grounds[0] == policy.ByDays {
				days := p.KeepFor(r.Set.Kind).Days
				h.Fix = "It may go from " + z.At(r.Finished().AddDate(0, 0, days)).Exact + " on, unless something kept needs it then."
			}
			return h, p.Name, nil
		}
	}
	for _, g := range pruned.Remove {
		if g.Record.ID == r.ID {
			return kit.Help{Tone: kit.ToneWarn, Title: "It goes with the next pruning.", Cause: g.Why, Fix: "Pin it to keep it."}, p.Name, nil
		}
	}
	return kit.Help{Tone: kit.ToneRun, Title: "The policy " + p.Name + " decides about it."}, p.Name, nil
}

func setPairs(z kit.Zone, r backup.Record, by string) []kit.Pair {
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
	return []kit.Pair{{Key: "Began", When: z.At(s.Started.Time())}, {Key: "Finished", When: z.At(r.Finished())}, {Key: "Leads up to", When: z.At(s.ValidUntil.Time())},
		{Key: "Taken by", Value: originWords(r)}, {Key: "Policy", Value: by}, {Key: "Name", Value: s.Name}, {Key: "Server", Value: s.Server}, {Key: "Written by", Value: version},
		{Key: "Recovery model", Value: string(s.RecoveryModel)}, {Key: "It is", Value: strings.Join(said, ", ")}, {Key: "Uncompressed", Value: bytesIf(s.Size)},
		{Key: "Verified", Value: verified, When: z.At(r.Verified)}, {Key: "Last seen", When: z.At(r.Seen)}, {Key: "Expires", When: z.At(r.Expires)}}
}

func bytesIf(n int64) string {
	if n <= 0 {
		return ""
	}
	return kit.Bytes(n).Text
}

func lsnPairs(s backup.Set) []kit.Pair {
	lsn := func(key string, l backup.LSN) kit.Pair {
		p := kit.Pair{Key: key}
		if !l.IsZero() {
			p.Value = l.String()
		}
		return p
	}
	guid := func(key string, g backup.GUID) kit.Pair {
		p := kit.Pair{Key: key}
		if !g.IsZero() {
			p.Value = g.String()
		}
		return p
	}
	return []kit.Pair{lsn("First", s.First), lsn("Last", s.Last), lsn("Checkpoint", s.Checkpoint), lsn("Newest full's checkpoint", s.DatabaseBackup), lsn("Differential base", s.DifferentialBaseLSN),
		guid("Set", s.ID), guid("Base", s.DifferentialBase), guid("Family", s.Family), guid("Recovery fork", s.Fork)}
}

func pinForm(r backup.Record, refused error) kit.Form {
	if r.Pinned {
		return kit.Form{Action: "/sets/" + r.ID + "/pin", Submit: "Unpin", Hidden: []kit.Hidden{{Name: "on", Value: ""}}, Problem: server.ProblemOf(refused),
			Fields: []kit.Field{{Name: "note", Label: "Why it is kept", Value: r.PinNote, Optional: true}}}
	}
	return kit.Form{Action: "/sets/" + r.ID + "/pin", Submit: "Pin", Hidden: []kit.Hidden{{Name: "on", Value: "1"}}, Problem: server.ProblemOf(refused),
		Fields: []kit.Field{{Name: "note", Label: "Why it is kept", Placeholder: "before the upgrade", Hint: "A pinned set is never pruned, and neither is what it needs for its restore.", Autocomplete: "off"}}}
}

// catalogueSetPin pins a set, or lets go of it.
func (s *Pages) catalogueSetPin(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	err := backupjob.Pin(c.Request().Context(), s.Catalogue, id, c.FormValue("on") != "", c.FormValue("note"), s.OrderedBy(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		r, viewErr := s.Catalogue.Record(ctx, id)
		if viewErr != nil {
			return viewErr
		}
		v, viewErr := s.setPage(c, r, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	if err != nil {
		return err
	}
	word := "pinned: it stays until it is unpinned"
	if c.FormValue("on") == "" {
		word = "no longer pinned"
	}
	s.Say(c, kit.ToneOK, "The set is "+word+".")
	return server.SeeOther(c, "/sets/"+id)
}
