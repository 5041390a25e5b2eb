package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
)

// ownPolicyJSON is a policy of our own. In a PUT everything is given anew, and
// version is the one it was read at.
type ownPolicyJSON struct {
	ID        string        `json:"id,omitempty"`
	Name      string        `json:"name"`
	Enabled   bool          `json:"enabled"`
	Version   int           `json:"version,omitempty"`
	Changed   *time.Time    `json:"changed,omitempty"`
	Servers   []string      `json:"servers"`
	Include   []string      `json:"include"`
	Exclude   []string      `json:"exclude"`
	System    bool          `json:"system"`
	Rules     []ownRuleJSON `json:"rules"`
	Zone      string        `json:"zone"`
	Missed    string        `json:"missed"` // late or skip
	Window    int64         `json:"window_seconds"`
	Longest   int64         `json:"longest_seconds,omitempty"` // 0 = the usual 72 hours
	Compress  bool          `json:"compress"`
	CopyOnly  bool          `json:"copy_only"`
	Verify    bool          `json:"verify"`
	Stripes   int           `json:"stripes,omitempty"`
	BlockSize int           `json:"block_size,omitempty"`
	Transfer  int           `json:"max_transfer_size,omitempty"`
	Buffers   int           `json:"buffer_count,omitempty"`
	Key       string        `json:"kms_key,omitempty"`
	AsBucket  bool          `json:"bucket_encryption,omitempty"`
	Overwrite bool          `json:"overwrite,omitempty"`
	Bucket    string        `json:"bucket,omitempty"`
	Objective int64         `json:"objective_seconds"`
}

// ownRuleJSON is when one kind is taken and how long it is kept; all zero is
// for ever.
type ownRuleJSON struct {
	Kind    string `json:"kind"`
	Cron    string `json:"cron"`
	Days    int    `json:"days,omitempty"`
	Count   int    `json:"count,omitempty"`
	Daily   int    `json:"daily,omitempty"`
	Weekly  int    `json:"weekly,omitempty"`
	Monthly int    `json:"monthly,omitempty"`
	Yearly  int    `json:"yearly,omitempty"`
}

func strings0(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func ownPolicyToJSON(p policy.Policy) ownPolicyJSON {
	j := ownPolicyJSON{ID: p.ID, Name: p.Name, Enabled: p.Enabled, Version: p.Version, Changed: moment(p.Changed), Servers: strings0(p.Servers), Include: strings0(p.Databases.Include), Exclude: strings0(p.Databases.Exclude),
		System: p.Databases.System, Rules: []ownRuleJSON{}, Zone: p.Zone, Missed: string(p.Missed), Window: int64(p.Window.Seconds()), Longest: int64(p.Longest.Seconds()), Compress: p.How.Compress, CopyOnly: p.How.CopyOnly, Verify: p.How.Verify,
		BlockSize: p.How.BlockSize, Transfer: p.How.Transfer, Buffers: p.How.Buffers, Key: p.How.Key, AsBucket: p.How.AsBucket, Overwrite: p.How.Overwrite,
		Stripes: p.How.Stripes, Bucket: p.BucketID, Objective: int64(p.Objective.Seconds())}
	for _, r := range p.Rules {
		j.Rules = append(j.Rules, ownRuleJSON{string(r.Kind), r.Cron, r.Keep.Days, r.Keep.Count, r.Keep.Daily, r.Keep.Weekly, r.Keep.Monthly, r.Keep.Yearly})
	}
	return j
}

func (j ownPolicyJSON) policy(id string) policy.Policy {
	p := policy.Policy{ID: id, Name: j.Name, Enabled: j.Enabled, Version: j.Version, Servers: j.Servers, Databases: policy.Selection{Include: j.Include, Exclude: j.Exclude, System: j.System}, Zone: j.Zone,
		Missed: policy.Missed(j.Missed), Window: seconds(j.Window), Longest: seconds(j.Longest), How: policy.How{Compress: j.Compress, CopyOnly: j.CopyOnly, Verify: j.Verify, Stripes: j.Stripes, BlockSize: j.BlockSize, Transfer: j.Transfer, Buffers: j.Buffers, Key: j.Key, AsBucket: j.AsBucket, Overwrite: j.Overwrite}, BucketID: j.Bucket, Objective: seconds(j.Objective)}
	for _, r := range j.Rules {
		p.Rules = append(p.Rules, policy.Rule{Kind: backup.Kind(r.Kind), Cron: r.Cron, Keep: policy.Keep{Days: r.Days, Count: r.Count, Daily: r.Daily, Weekly: r.Weekly, Monthly: r.Monthly, Yearly: r.Yearly}})
	}
	return p
}

// seconds is a duration given in seconds, bounded so that none overflows.
func seconds(n int64) time.Duration {
	const most = int64(100 * 365 * 24 * 3600)
	return time.Duration(min(max(n, -1), most)) * time.Second
}

func (s *API) ownPolicies(c echo.Context) error {
	found, err := s.Policies.Policies(c.Request().Context())
	out, err := all(found, err, ownPolicyToJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) ownPolicy(c echo.Context) error {
	p, err := s.Policies.Policy(c.Request().Context(), c.Param("id"))
	return answer(c, http.StatusOK, ownPolicyToJSON(p), err)
}

func (s *API) ownPolicySave(c echo.Context) error {
	var in ownPolicyJSON
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id, status := c.Param("id"), http.StatusOK
	if id == "" {
		status = http.StatusCreated
	}
	p, err := s.Editor().Save(c.Request().Context(), in.policy(id), policy.By{Actor: server.Actor(c)})
	return answer(c, status, ownPolicyToJSON(p), err)
}

func (s *API) ownPolicyRemove(c echo.Context) error {
	if err := s.Editor().Remove(c.Request().Context(), c.Param("id"), policy.By{Actor: server.Actor(c)}); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

type findingJSON struct {
	Field string `json:"field"`
	Bars  bool   `json:"bars"` // it cannot be saved so; else a warning
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"`
}

type slotJSON struct {
	Kind    string    `json:"kind"`
	Local   string    `json:"local"` // on the clock of the policy's zone
	At      time.Time `json:"at"`
	Verdict string    `json:"verdict,omitempty"`
	Why     string    `json:"why,omitempty"`
	Late    bool      `json:"late,omitempty"`
	Count   int       `json:"count,omitempty"`
}

type spanJSON struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type goesJSON struct {
	Instance string     `json:"instance"`
	Database string     `json:"database"`
	Sets     []goneJSON `json:"sets"`
	Lost     []spanJSON `json:"lost"` // moments that can be restored to and will not be
}

type goneJSON struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	Finished time.Time `json:"finished"`
	Bytes    int64     `json:"bytes"`
	Why      string    `json:"why"`
}

func goesToJSON(instance, database string, goes []policy.Removal, lost []policy.Span) goesJSON {
	j := goesJSON{Instance: instance, Database: database, Sets: []goneJSON{}, Lost: []spanJSON{}}
	for _, g := range goes {
		j.Sets = append(j.Sets, goneJSON{g.Record.ID, string(g.Record.Set.Kind), g.Record.Finished().UTC(), g.Record.Bytes(), g.Why})
	}
	for _, l := range lost {
		j.Lost = append(j.Lost, spanJSON{l.From.UTC(), l.To.UTC()})
	}
	return j
}

type keptJSON struct {
	Kind    string `json:"kind"`
	Sets    int    `json:"sets"`
	AtLeast bool   `json:"at_least,omitempty"`
	Yearly  bool   `json:"for_ever,omitempty"` // sets is how many a year brings
}

type ownReviewJSON struct {
	Findings []findingJSON `json:"findings"`
	Changes  []changeJSON  `json:"changes"`
	Next     []slotJSON    `json:"next"`
	RPO      int64         `json:"worst_rpo_seconds"`
	Simple   int64         `json:"worst_rpo_simple_seconds"` // of databases in recovery model SIMPLE
	Kept     []keptJSON    `json:"kept"`
	Goes     []goesJSON    `json:"goes"` // what would go that the rules in force keep
	Bytes    int64         `json:"bytes"`
	Beyond   bool          `json:"beyond"` // more databases than were looked at
}

// ownPolicyReview tells what saving would do.
func (s *API) ownPolicyReview(c echo.Context) error {
	var in ownPolicyJSON
	if err := readJSON(c, &in); err != nil {
		return err
	}
	v, err := s.Editor().Preview(c.Request().Context(), in.policy(c.Param("id")))
	if err != nil {
		return err
	}
	out := ownReviewJSON{Findings: []findingJSON{}, Changes: changesJSON(v.Changes), Next: []slotJSON{}, RPO: int64(v.Outlook.RPO.Seconds()), Simple: int64(v.Outlook.RPOSimple.Seconds()), Kept: []keptJSON{}, Goes: []goesJSON{}, Bytes: v.Bytes, Beyond: v.Beyond}
	for _, f := range v.Findings {
		out.Findings = append(out.Findings, findingJSON{f.Field, f.Bars, f.Text.String(), f.Fix.String()})
	}
	for _, n := range v.Outlook.Next {
		out.Next = append(out.Next, slotJSON{Kind: string(n.Kind), Local: n.Local, At: n.At.UTC()})
	}
	for _, k := range v.Outlook.Kept {
		out.Kept = append(out.Kept, keptJSON{string(k.Kind), k.Sets, k.AtLeast, k.Grows})
	}
	for _, l := range v.Loses {
		out.Goes = append(out.Goes, goesToJSON(l.InstanceID, l.Database, l.Goes, l.Lost))
	}
	return c.JSON(http.StatusOK, out)
}

type ownVersionJSON struct {
	Number int           `json:"number"`
	At     time.Time     `json:"at"`
	Actor  string        `json:"actor"`
	Via    string        `json:"via"`
	Note   string        `json:"note,omitempty"`
	Policy ownPolicyJSON `json:"policy"`
}

func (s *API) ownPolicyVersions(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	found, err := s.Policies.Versions(c.Request().Context(), policy.Subject(c.Param("id")), limit)
	if err != nil {
		return err
	}
	out := list[ownVersionJSON](nil, "")
	for _, v := range found {
		p, err := policy.ReadVersion(v)
		if err != nil {
			return err
		}
		out.Items = append(out.Items, ownVersionJSON{v.Number, v.At.UTC(), v.Actor, v.Via, v.Note, ownPolicyToJSON(p)})
	}
	return c.JSON(http.StatusOK, out)
}

func (s *API) ownPolicyRollBack(c echo.Context) error {
	var in struct {
		Number int `json:"number"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	p, err := s.Editor().RollBack(c.Request().Context(), c.Param("id"), in.Number, policy.By{Actor: server.Actor(c)})
	return answer(c, http.StatusOK, ownPolicyToJSON(p), err)
}

func (s *API) ownPolicySlots(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	found, err := s.Policies.Slots(c.Request().Context(), c.Param("id"), c.QueryParam("before"), limit)
	out := list[slotJSON](nil, "")
	for _, d := range found {
		out.Items = append(out.Items, slotJSON{string(d.Kind), d.Local, d.At.UTC(), string(d.Verdict), d.Why, d.Late, d.Count})
	}
	if len(found) == limit {
		out.Next = server.NextPage(c, "before", found[len(found)-1].Key())
	}
	return answer(c, http.StatusOK, out, err)
}

// runsJSON are the runs that an order made.
type runsJSON struct {
	Runs []string `json:"runs"`
}

func (s *API) ownPolicyRun(c echo.Context) error {
	var in struct {
		Kind    string   `json:"kind"`
		Servers []string `json:"servers"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	runs, err := s.Editor().RunNow(c.Request().Context(), c.Param("id"), backup.Kind(in.Kind), in.Servers, policy.By{Actor: server.Actor(c)})
	return answer(c, http.StatusAccepted, runsJSON{strings0(runs)}, err)
}

type pruningJSON struct {
	At     time.Time  `json:"at"`
	Digest string     `json:"digest"` // an order repeats both
	Sets   int        `json:"sets"`
	Bytes  int64      `json:"bytes"`
	Goes   []goesJSON `json:"goes"`
}

func (s *API) ownPruning(c echo.Context) error {
	v, err := s.Pruner.Preview(c.Request().Context(), c.Param("id"), s.Now().UTC().Truncate(time.Microsecond))
	out := pruningJSON{At: v.At, Digest: v.Digest, Sets: v.Sets, Bytes: v.Bytes, Goes: []goesJSON{}}
	for _, d := range v.Databases {
		out.Goes = append(out.Goes, goesToJSON(d.InstanceID, d.Database, d.Remove, d.Lost))
	}
	return answer(c, http.StatusOK, out, err)
}

func (s *API) ownPrune(c echo.Context) error {
	var in struct {
		At     time.Time `json:"at"`
		Digest string    `json:"digest"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	run, err := backupjob.PruneNow(c.Request().Context(), s.Pruner, c.Param("id"), in.At.UTC(), in.Digest, s.NewID, s.OrderedBy(c))
	return answer(c, http.StatusAccepted, runsJSON{[]string{run}}, err)
}
