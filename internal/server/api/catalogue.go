package api

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
)

// recordJSON is a backup set of the catalogue.
type recordJSON struct {
	ID       string     `json:"id"`
	Instance string     `json:"instance,omitempty"`
	Database string     `json:"database,omitempty"`
	Kind     string     `json:"kind"`
	Origin   string     `json:"origin"`
	State    string     `json:"state"`
	Manual   bool       `json:"manual"`
	Snapshot bool       `json:"snapshot"`
	Policy   string     `json:"policy,omitempty"`
	Started  *time.Time `json:"started"`
	Finished *time.Time `json:"finished"`
	Bytes    int64      `json:"bytes"`
	First    string     `json:"first_lsn,omitempty"`
	Last     string     `json:"last_lsn,omitempty"`
	SetID    string     `json:"set_guid,omitempty"`
	Base     string     `json:"base_guid,omitempty"`
	CopyOnly bool       `json:"copy_only"`
	Verified *time.Time `json:"verified"`
	Pinned   bool       `json:"pinned"`
	PinNote  string     `json:"pin_note,omitempty"`
	Expires  *time.Time `json:"expires"`
	Gone     *time.Time `json:"gone"`
	Seen     *time.Time `json:"seen"`
	Copies   []copyJSON `json:"copies"`
}

func recordToJSON(r backup.Record) recordJSON {
	j := recordJSON{ID: r.ID, Instance: r.InstanceID, Database: r.Database, Kind: string(r.Set.Kind), Origin: string(r.Origin), State: string(r.State), Manual: r.Manual(), Snapshot: r.Snapshot(), Policy: r.PolicyID,
		Started: moment(r.Set.Started.Time()), Finished: moment(r.Finished()), Bytes: r.Bytes(), CopyOnly: r.Set.CopyOnly, Verified: moment(r.Verified), Pinned: r.Pinned, PinNote: r.PinNote, Expires: moment(server.Expiry(r)),
		Gone: moment(r.Gone), Seen: moment(r.Seen), Copies: []copyJSON{}}
	if !r.Set.Last.IsZero() {
		j.First, j.Last = r.Set.First.String(), r.Set.Last.String()
	}
	if !r.Set.ID.IsZero() {
		j.SetID = r.Set.ID.String()
	}
	if !r.Set.DifferentialBase.IsZero() {
		j.Base = r.Set.DifferentialBase.String()
	}
	if r.Cloud != nil {
		j.Started = moment(r.Cloud.Started)
	}
	for _, k := range r.Copies {
		j.Copies = append(j.Copies, copyJSON{Bucket: k.BucketID, Keys: k.Keys, Bytes: k.Size, At: k.At.UTC()})
	}
	return j
}

// records lists the sets of everything, newest first, by the filters of the
// page.
func (s *API) records(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	f, wrong := server.CatalogueFilter(c.QueryParam)
	for name, text := range wrong {
		return fault.Newf(fault.Invalid, "%s: %s", name, text).
			WithFix("See /api/v1/openapi.json for the filters.")
	}
	f.Limit = limit
	found, err := s.Catalogue.Records(c.Request().Context(), f)
	out := list[recordJSON](nil, "")
	for _, r := range found {
		out.Items = append(out.Items, recordToJSON(r))
	}
	if len(found) == limit {
		out.Next = server.NextPage(c, "before", found[len(found)-1].ID)
	}
	return answer(c, http.StatusOK, out, err)
}

// recordWholeJSON is a set with its chain and what needs it.
type recordWholeJSON struct {
	recordJSON
	Chain   []string `json:"chain"`     // ids that restore it, in order; empty = they are not all there
	Needing []string `json:"needed_by"` // ids that cannot be restored without it
	Kept    string   `json:"kept,omitempty"`
	Goes    string   `json:"goes,omitempty"` // why it goes with the next pruning
}

func (s *API) record(c echo.Context) error {
	ctx := c.Request().Context()
	r, err := s.Catalogue.Record(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	out := recordWholeJSON{recordJSON: recordToJSON(r), Chain: []string{}, Needing: []string{}}
	if r.InstanceID != "" && r.Cloud == nil {
		records, err := s.Catalogue.Sets(ctx, r.InstanceID, r.Database, backup.MaxSets)
		if err != nil {
			return err
		}
		chain, needing := backup.ChainOf(records, r.ID)
		for _, one := range chain {
			out.Chain = append(out.Chain, one.ID)
		}
		for _, one := range needing {
			out.Needing = append(out.Needing, one.ID)
		}
		if p, err := s.Policies.Policy(ctx, r.PolicyID); r.PolicyID != "" && err == nil {
			pruned, err := policy.Prune(p, records, s.Now())
			if err != nil {
				return err
			}
			for _, k := range pruned.Keep {
				if k.Record.ID == r.ID {
					out.Kept = k.Why
				}
			}
			for _, g := range pruned.Remove {
				if g.Record.ID == r.ID {
					out.Goes = g.Why
				}
			}
		}
	}
	return c.JSON(http.StatusOK, out)
}

func (s *API) recordPin(c echo.Context) error {
	var in struct {
		On   bool   `json:"on"`
		Note string `json:"note"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if err := backupjob.Pin(c.Request().Context(), s.Catalogue, c.Param("id"), in.On, in.Note, s.OrderedBy(c)); err != nil {
		return err
	}
	return s.record(c)
}

// lookNow orders a look for backups at a bucket or an instance.
func (s *API) lookNow(c echo.Context) error {
	var in struct {
		Subject string `json:"subject"` // bucket/<id> or instance/<id>
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	run, err := s.LookNow(c, in.Subject)
	return answer(c, http.StatusAccepted, runsJSON{[]string{run}}, err)
}

// protectionJSON answers for one database.
type protectionJSON struct {
	Instance    string      `json:"instance"`
	Database    string      `json:"database"`
	Policy      string      `json:"policy,omitempty"`
	Objective   int64       `json:"objective_seconds"`
	Due         *time.Time  `json:"due"` // from when on a backup counts as missing
	LastFull    *time.Time  `json:"last_full"`
	LastDiff    *time.Time  `json:"last_differential"`
	LastLog     *time.Time  `json:"last_log"`
	From        *time.Time  `json:"restorable_from"`
	To          *time.Time  `json:"restorable_to"`
	RPO         *int64      `json:"rpo_seconds"` // null: cannot be restored
	Whole       bool        `json:"whole"`
	BrokenSince *time.Time  `json:"broken_since"`
	Late        bool        `json:"late"`
	LateAt      *time.Time  `json:"late_at"`
	Words       string      `json:"words,omitempty"`
	Sets        int         `json:"sets"`
	Bytes       int64       `json:"bytes"`
	Group       string      `json:"availability_group,omitempty"`
	Replicas    []string    `json:"replicas,omitempty"`     // instances whose backups count together
	State       string      `json:"state,omitempty"`        // where it is not simply open
	NotExpected string      `json:"not_expected,omitempty"` // why its state, or another replica, allows no backup of it here
	NotNeeded   *waiverJSON `json:"not_needed"`             // null: its backups are
}

func (s *API) protectionToJSON(p backup.Protection) protectionJSON {
	now := s.Now()
	j := protectionJSON{Instance: p.InstanceID, Database: p.Database, Policy: p.PolicyID, Objective: int64(p.Objective.Seconds()), Due: moment(p.Due), LastFull: moment(p.LastFull), LastDiff: moment(p.LastDifferential), LastLog: moment(p.LastLog),
		From: moment(p.RestorableFrom), To: moment(p.RestorableTo), Whole: p.Whole, BrokenSince: moment(p.BrokenSince), Late: p.Late(now), LateAt: moment(p.LateAt), Words: p.Words, Sets: p.Sets, Bytes: p.Bytes, Group: p.Group, Replicas: p.Replicas, State: p.State, NotExpected: p.NoFull, NotNeeded: waiverToJSON(p.Waiver, now)}
	if !p.RestorableTo.IsZero() {
		rpo := int64(now.Sub(p.RestorableTo).Seconds())
		j.RPO = &rpo
	}
	return j
}

// protections lists databases, those that are late longest first.
func (s *API) protections(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	f, err := server.ProtectionFilterOf(c.QueryParam("show"))
	if err != nil {
		return err
	}
	f.InstanceID, f.After, f.Now, f.Limit = c.QueryParam("instance"), c.QueryParam("after"), s.Now(), limit
	found, err := s.Catalogue.Protections(c.Request().Context(), f)
	out := list[protectionJSON](nil, "")
	for _, p := range found {
		out.Items = append(out.Items, s.protectionToJSON(p))
	}
	if len(found) == limit {
		out.Next = server.NextPage(c, "after", found[len(found)-1].Key())
	}
	return answer(c, http.StatusOK, out, err)
}

// tally counts databases by how they are protected.
func (s *API) tally(c echo.Context) error {
	t, err := s.Catalogue.Count(c.Request().Context(), s.Now())
	return answer(c, http.StatusOK, map[string]int64{"databases": int64(t.Databases), "late": int64(t.Late), "unprotected": int64(t.Unprotected), "broken": int64(t.Broken), "not_needed": int64(t.Waived), "sets": t.Sets, "bytes": t.Bytes}, err)
}

// ownBackup backs up databases of a server by hand.
func (s *API) ownBackup(c echo.Context) error {
	var in struct {
		Kind      string   `json:"kind"`
		Databases []string `json:"databases"` // none: every user database
		Compress  bool     `json:"compress"`
		CopyOnly  bool     `json:"copy_only"`
		Verify    bool     `json:"verify"`
		Bucket    string   `json:"bucket"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	form := url.Values{"bucket": {in.Bucket}}
	for word, on := range map[string]bool{"compress": in.Compress, "copyonly": in.CopyOnly, "verify": in.Verify} {
		if on {
			form.Add("how", word)
		}
	}
	run, err := s.BackUpNow(c, c.Param("id"), backup.Kind(in.Kind), in.Databases, form)
	return answer(c, http.StatusAccepted, runsJSON{[]string{run}}, err)
}

// ownRestoreJSON is a restore of a database of a server of our own.
type ownRestoreJSON struct {
	Database string `json:"database"`
	At       string `json:"at"`      // UTC, to the second
	Target   string `json:"target"`  // server restored at
	Name     string `json:"name"`    // of the restored database
	Replace  string `json:"replace"` // the name again, where that database may be replaced
	Fork     string `json:"fork"`    // where several histories hold the moment
}

func (j ownRestoreJSON) request() server.OwnRestore {
	return server.OwnRestore{Values: url.Values{"name": {j.Database}, "at": {j.At}, "target": {j.Target}, "as": {j.Name}, "replace": {j.Replace}, "fork": {j.Fork}}}
}

type restorePlanJSON struct {
	Sets       []string      `json:"sets"` // ids, in order
	Statements []string      `json:"statements"`
	Bytes      int64         `json:"bytes"`
	Wrong      []findingJSON `json:"wrong"` // what bars it, by field
}

// ownRestorePlan tells exactly what a restore would do.
func (s *API) ownRestorePlan(c echo.Context) error {
	var in ownRestoreJSON
	if err := readJSON(c, &in); err != nil {
		return err
	}
	ctx := c.Request().Context()
	o, err := in.request().Order(c.Param("id"))
	if err != nil {
		return err
	}
	d, err := s.Restoring.Draft(ctx, o)
	if err != nil {
		return err
	}
	out := restorePlanJSON{Sets: []string{}, Statements: []string{}, Bytes: d.Bytes, Wrong: []findingJSON{}}
	for _, w := range d.Wrong {
		out.Wrong = append(out.Wrong, findingJSON{w.Field, true, w.Message.String(), w.Fix.String()})
	}
	if len(d.Steps) > 0 {
		for _, step := range d.Steps {
			out.Sets = append(out.Sets, step.RecordID)
		}
		if out.Statements, err = s.Restoring.Statements(ctx, o, d.Steps); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, out)
}

// ownRestore orders it.
func (s *API) ownRestore(c echo.Context) error {
	var in ownRestoreJSON
	if err := readJSON(c, &in); err != nil {
		return err
	}
	run, err := s.RestoreOwn(c, c.Param("id"), in.request())
	return answer(c, http.StatusAccepted, runsJSON{[]string{run}}, err)
}
