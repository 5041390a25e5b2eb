package sqlite

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

func setID(n int) (g backup.GUID) {
	binary.BigEndian.PutUint64(g[:], uint64(n)+1)
	g[15] = 7
	return g
}

func utc(t time.Time) backup.Moment { return backup.Moment{Local: t.Add(8 * time.Hour), UTC: &t} }

// set is the n-th set of a chain: a full each ten, else logs, a minute apart.
func set(instance, database string, n int) backup.Record {
	at := noon.Add(time.Duration(n) * time.Minute)
	s := backup.Set{Kind: backup.Log, Type: bakfile.TypeLog, ID: setID(n + 1000*len(database)), Database: database, Family: setID(1), Fork: setID(2), FirstFork: setID(2), FamilyCount: 1, Complete: true,
		First: backup.LSN{VLF: 1, Block: uint32(10 * n), Slot: 1}, Last: backup.LSN{VLF: 1, Block: uint32(10*n + 10), Slot: 1}, Started: utc(at), Finished: utc(at), Size: 100,
		Files: []backup.SetFile{{Name: fmt.Sprintf("/backup/%d.bak", n), Family: 1, Position: 1}}}
	if n%10 == 0 {
		s.Kind, s.Type, s.First = backup.Full, bakfile.TypeFull, backup.LSN{VLF: 1, Block: uint32(10*n + 5), Slot: 1}
	}
	if n%10 == 1 {
		s.First = backup.LSN{VLF: 1, Block: uint32(10*n - 10), Slot: 1}
	}
	return backup.Record{InstanceID: instance, Database: database, Origin: backup.ByOthers, State: backup.Complete, Set: s, Seen: at,
		Copies: []backup.Copy{{BucketID: "b", Keys: []string{fmt.Sprintf("%d.bak", n)}, Size: 100, At: at}}}
}

func put(t testing.TB, c *Catalogue, records ...backup.Record) {
	t.Helper()
	if err := c.Put(context.Background(), records); err != nil {
		t.Fatal(err)
	}
}

func TestASetIsKeptAsItWasFound(t *testing.T) {
	ctx, c := context.Background(), open(t).Catalogue()
	want := set("i", "orders", 1)
	want.Set.ValidUntil = utc(noon.Add(time.Hour))
	put(t, c, set("i", "orders", 0), want)
	found, err := c.Sets(ctx, "i", "orders", 10)
	if err != nil || len(found) != 2 {
		t.Fatalf("%d sets, %v", len(found), err)
	}
	want.ID, want.Known = found[1].ID, found[1].Known // both the catalogue's
	if !reflect.DeepEqual(found[1], want) {
		t.Errorf("got  %+v\nwant %+v", found[1], want)
	}
	if one, err := c.Record(ctx, want.ID); err != nil || !reflect.DeepEqual(one, want) {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := c.Record(ctx, "nothing"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

func TestLookingAgainWritesNothing(t *testing.T) {
	c := open(t).Catalogue()
	put(t, c, set("i", "orders", 0), set("i", "orders", 1))
	changes, stop := c.notifier.Listen()
	defer stop()
	put(t, c, set("i", "orders", 0), set("i", "orders", 1))
	select {
	case <-changes:
		t.Error("the bell rang")
	default:
	}
	put(t, c, set("i", "orders", 2))
	<-changes
}

func TestProtectionFollowsTheSets(t *testing.T) {
	ctx, c := context.Background(), open(t).Catalogue()
	since := noon.Add(-time.Hour)
	if err := c.Promise(ctx, []backup.Promise{{InstanceID: "i", Database: "orders", Objective: time.Hour, Since: since}}); err != nil {
		t.Fatal(err)
	}
	look := func() backup.Protection {
		t.Helper()
		p, err := c.Protection(ctx, "i", "orders")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	tally := func(want backup.Tally) {
		t.Helper()
		if got, err := c.Count(ctx, noon); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	if p := look(); !p.Unprotected() || !p.LateAt.Equal(noon) || p.Words == "" {
		t.Errorf("%+v", p)
	}
	tally(backup.Tally{Databases: 1, Unprotected: 1, Late: 1})
	put(t, c, set("i", "orders", 0), set("i", "orders", 1), set("i", "orders", 2))
	if p := look(); !p.Whole || !p.RestorableTo.Equal(noon.Add(2*time.Minute)) || !p.LateAt.Equal(noon.Add(62*time.Minute)) || p.Bytes != 300 || p.Sets != 3 {
		t.Errorf("%+v", p)
	}
	tally(backup.Tally{Databases: 1, Sets: 3, Bytes: 300})
	put(t, c, set("i", "orders", 4))
	if p := look(); p.Whole || !p.BrokenSince.Equal(noon.Add(2*time.Minute)) || !strings.Contains(p.Words, "Log is missing") {
		t.Errorf("%+v", p)
	}
	tally(backup.Tally{Databases: 1, Broken: 1, Sets: 4, Bytes: 400})
	put(t, c, set("i", "orders", 3))
	if p := look(); !p.Whole || !p.RestorableTo.Equal(noon.Add(4*time.Minute)) {
		t.Errorf("%+v", p)
	}
	sets, err := c.Sets(ctx, "i", "orders", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DropCopies(ctx, []string{sets[3].ID}, "b", noon, entry("set.gone")); err != nil {
		t.Fatal(err)
	}
	if p := look(); p.Whole || p.Sets != 4 || p.Bytes != 400 {
		t.Errorf("%+v", p)
	}
	put(t, c, set("i", "orders", 3)) // msdb still tells of it
	if p := look(); p.Whole {
		t.Errorf("a removed file came back by msdb: %+v", p)
	}
	again := set("i", "orders", 3)
	again.Origin = backup.InBucket
	put(t, c, again) // it is seen again
	if p := look(); !p.Whole {
		t.Errorf("%+v", p)
	}
	if at, err := c.NextLate(ctx, noon); err != nil || !at.Equal(noon.Add(64*time.Minute)) {
		t.Errorf("%s, %v", at, err)
	}
	if err := c.Exist(ctx, "i", []string{"new"}, "", noon); err != nil {
		t.Fatal(err)
	}
	if at, err := c.NextLate(ctx, noon); err != nil || !at.IsZero() {
		t.Errorf("a dropped database is late at %s, %v", at, err)
	}
	if got, err := c.Count(ctx, noon); err != nil || got.Databases != 1 || got.Unprotected != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	dropped := func(want ...string) {
		t.Helper()
		var got []string
		for f := (backup.ProtectionFilter{InstanceID: "i", OnlyDropped: true, Limit: 1}); ; {
			page, err := c.Protections(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got, f.After = append(got, page[0].Database), page[0].Key()
		}
		if !slices.Equal(got, want) {
			t.Errorf("dropped are %v, want %v", got, want)
		}
	}
	dropped("orders")
	if err := c.Exist(ctx, "i", []string{"new", "orders"}, "", noon); err != nil {
		t.Fatal(err)
	}
	if at, err := c.NextLate(ctx, noon); err != nil || at.IsZero() {
		t.Errorf("a database that came back is late at %s, %v", at, err)
	}
	dropped()
}

func TestAWholeInstanceStandsForItsDatabases(t *testing.T) {
	ctx, c := context.Background(), open(t).Catalogue()
	full := backup.Record{InstanceID: "rds", Origin: backup.InCloud, State: backup.Complete, Set: backup.Set{Kind: backup.Full},
		Cloud: &backup.CloudSet{ID: "7", Kind: backup.Full, Started: noon, Finished: noon, Usable: true, Size: 9}}
	if err := c.Promise(ctx, []backup.Promise{{InstanceID: "rds", Objective: time.Hour, PolicyID: "p"}}); err != nil {
		t.Fatal(err)
	}
	put(t, c, full)
	list := func() (out []string) {
		t.Helper()
		all, err := c.Protections(ctx, backup.ProtectionFilter{InstanceID: "rds"})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			out = append(out, fmt.Sprintf("%s/%v/%s", p.Database, p.RestorableTo.Equal(noon), p.LateAt.Format("15:04")))
		}
		return out
	}
	if got := list(); !slices.Equal(got, []string{"/true/13:00"}) {
		t.Error(got)
	}
	if err := c.Exist(ctx, "rds", []string{"a", "b"}, "", noon); err != nil {
		t.Fatal(err)
	}
	if got := list(); !slices.Equal(got, []string{"a/true/13:00", "b/true/13:00"}) {
		t.Error(got)
	}
	if err := c.Promise(ctx, []backup.Promise{{InstanceID: "rds", Objective: 2 * time.Hour}, {InstanceID: "rds", Database: "b", Objective: time.Minute}}); err != nil {
		t.Fatal(err)
	}
	if got := list(); !slices.Equal(got, []string{"b/true/12:01", "a/true/14:00"}) {
		t.Error(got)
	}
	sets, err := c.Records(ctx, backup.RecordFilter{InstanceID: "rds"})
	if err != nil || len(sets) != 1 {
		t.Fatal(sets, err)
	}
	if err := c.Forget(ctx, []string{sets[0].ID}, noon, entry("set.gone")); err != nil {
		t.Fatal(err)
	}
	if got := list(); !slices.Equal(got, []string{"b/false/00:01", "a/false/00:01"}) && len(got) != 2 {
		t.Error(got)
	}
	if n, err := c.Count(ctx, noon); err != nil || n.Unprotected != 2 || n.Databases != 2 {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestASetFromABucketIsAdopted(t *testing.T) {
	ctx, c := context.Background(), open(t).Catalogue()
	r := set("", "orders", 0)
	r.Origin = backup.InBucket
	put(t, c, r)
	if err := c.Pin(ctx, mustSets(t, c, "", "orders")[0].ID, true, "for the audit", entry("set.pin")); err != nil {
		t.Fatal(err)
	}
	put(t, c, set("i", "orders", 0))
	if left := mustSets(t, c, "", "orders"); len(left) != 0 {
		t.Errorf("%+v", left)
	}
	got := mustSets(t, c, "i", "orders")
	if len(got) != 1 || !got[0].Pinned || got[0].PinNote != "for the audit" || got[0].Origin != backup.ByOthers {
		t.Errorf("%+v", got)
	}
	other := set("", "orders", 0)
	other.Origin, other.Copies[0].BucketID = backup.InBucket, "c"
	put(t, c, other)
	if got = mustSets(t, c, "i", "orders"); len(got) != 1 || len(got[0].Copies) != 2 {
		t.Errorf("%+v", got)
	}
}

func mustSets(t testing.TB, c *Catalogue, instance, database string) []backup.Record {
	t.Helper()
	out, err := c.Sets(context.Background(), instance, database, 0)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// many is a catalogue of everything that filters tell apart.
func many(n int) iter.Seq2[backup.Promise, []backup.Record] {
	return func(yield func(backup.Promise, []backup.Record) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range n / 20 {
			instance, database := fmt.Sprintf("i%d", i%7), fmt.Sprintf("db%d", i%11)
			if i >= 77 {
				database += fmt.Sprint("-", i)
			}
			var records []backup.Record
			for k := range 20 {
				s := set(instance, database, k)
				s.Set.ID = setID(i*1000 + k)
				s.Origin = []backup.Origin{backup.ByUs, backup.ByOthers, backup.InBucket}[r.IntN(3)]
				s.State = []backup.RecordState{backup.Complete, backup.Complete, backup.Broken, backup.Removed}[r.IntN(4)]
				s.Set.Snapshot = r.IntN(9) == 0
				s.Set.Kind = []backup.Kind{backup.Full, backup.Differential, backup.Log, backup.Log}[r.IntN(4)]
				at := noon.Add(time.Duration(r.IntN(1_000_000)) * time.Second)
				s.Set.Finished = utc(at)
				records = append(records, s)
			}
			if !yield(backup.Promise{InstanceID: instance, Database: database, Objective: time.Duration(r.IntN(3)) * time.Hour}, records) {
				return
			}
		}
	}
}

func filters() (out []backup.RecordFilter) {
	yes, no := true, false
	for _, instance := range []string{"", "i3"} {
		for _, database := range []string{"", "DB3"} {
			for _, kind := range []backup.Kind{"", backup.Log} {
				for _, snapshot := range []*bool{nil, &yes, &no} {
					for _, state := range []backup.RecordState{"", backup.Broken} {
						for _, origin := range []backup.Origin{"", backup.ByUs} {
							for _, manual := range []*bool{nil, &yes} {
								out = append(out, backup.RecordFilter{InstanceID: instance, Database: database, Kind: kind, Snapshot: snapshot, State: state, Origin: origin, Manual: manual})
							}
						}
					}
				}
			}
		}
	}
	for _, f := range slices.Clone(out) {
		f.From, f.To = noon.Add(200_000*time.Second), noon.Add(800_000*time.Second)
		out = append(out, f)
	}
	return out
}

// TestEveryFilterAndPage compares lists with sorting and filtering everything.
func TestEveryFilterAndPage(t *testing.T) {
	ctx, c := context.Background(), open(t).Catalogue()
	n := 2000
	if testing.Short() {
		n = 400
	}
	if err := c.Load(ctx, many(n)); err != nil {
		t.Fatal(err)
	}
	var all []backup.Record
	for before := ""; ; {
		page, err := c.Records(ctx, backup.RecordFilter{Before: before, Limit: 300})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		all, before = append(all, page...), page[len(page)-1].ID
	}
	if len(all) != n || !slices.IsSortedFunc(all, func(a, b backup.Record) int { return strings.Compare(b.ID, a.ID) }) {
		t.Fatalf("%d sets in order", len(all))
	}
	for _, f := range filters() {
		var want, got []string
		for _, r := range all {
			if (f.InstanceID == "" || r.InstanceID == f.InstanceID) && (f.Database == "" || strings.EqualFold(r.Database, f.Database)) && (f.Kind == "" || r.Set.Kind == f.Kind) &&
				(f.Snapshot == nil || r.Set.Snapshot == *f.Snapshot) && (f.Manual == nil || r.Manual() == *f.Manual) && (f.State == "" || r.State == f.State) && (f.Origin == "" || r.Origin == f.Origin) &&
				(f.From.IsZero() || !r.Finished().Before(f.From) && r.Finished().Before(f.To)) {
				want = append(want, r.ID)
			}
		}
		f.Limit = 7
		for {
			page, err := c.Records(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				got = append(got, r.ID)
			}
			if len(page) == 0 {
				break
			}
			f.Before = page[len(page)-1].ID
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v: %d sets, want %d", f, len(got), len(want))
		}
		if f.Database == "" && f.From.IsZero() {
			if n, _, err := c.CountRecords(ctx, f); err != nil || int(n) != len(want) {
				t.Fatalf("%+v: counted %d, want %d, %v", f, n, len(want), err)
			}
		}
	}
}

// TestNoQueryScans reads the plans: a table that grows is only searched.
func TestNoQueryScans(t *testing.T) {
	ctx, c := context.Background(), open(t).Catalogue()
	if err := c.Load(ctx, many(2000)); err != nil {
		t.Fatal(err)
	}
	check := func(query string, args ...any) {
		t.Helper()
		plan, err := explain(ctx, c, query, args...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, line := range plan {
			if strings.HasPrefix(line, "SCAN protections USING INDEX protections_") { // in order, as far as the limit
				continue
			}
			if strings.HasPrefix(line, "SCAN backup_sets") || strings.HasPrefix(line, "SCAN s") || strings.HasPrefix(line, "SCAN p") || strings.HasPrefix(line, "SCAN set_copies") {
				t.Errorf("%s\n%s", query, strings.Join(plan, "\n"))
			}
		}
	}
	for _, f := range filters() {
		s, err := scopeOf(ctx, c.read, f)
		if err != nil {
			t.Fatal(err)
		}
		fitting, every, err := classesOf(ctx, c.read, s, f)
		if err != nil {
			t.Fatal(err)
		}
		query, args := setPage{scope: s, classes: fitting, before: 1 << 62, limit: 50}.query(every)
		check(query, args...)
	}
	sorted := func(query string, args ...any) {
		t.Helper()
		check(query, args...)
		plan, _ := explain(ctx, c, query, args...)
		if strings.Contains(strings.Join(plan, "\n"), "TEMP B-TREE") {
			t.Errorf("sorts: %s\n%s", query, strings.Join(plan, "\n"))
		}
	}
	for _, instance := range []string{"", "i1"} {
		for _, which := range []backup.ProtectionFilter{{}, {OnlyLate: true, Now: noon}, {OnlyBroken: true}, {OnlyUnprotected: true}, {OnlyClosed: true}, {OnlyBroken: true, OnlyLate: true, Now: noon}} {
			for _, after := range []string{"", "12/i1/db"} {
				which.InstanceID, which.After = instance, after
				query, args, err := protectionsQuery(which)
				if err != nil {
					t.Fatal(err)
				}
				sorted(query, args...)
			}
		}
	}
	check(oneRecord+`s.key = ? AND s.instance = (SELECT n FROM catalogue_instances WHERE instance_id = ?)`, []byte("x"), "i1")
	check(oneRecord+`s.key = ? AND (?2 = '' OR p.instance_id = '') ORDER BY s.instance LIMIT 1`, []byte("x"), "i1")
	check(`SELECT state, count(*) FROM protections WHERE shown = 1 AND state <> '' AND state > '' GROUP BY state ORDER BY state`)
	check(`SELECT min(late_at) FROM protections WHERE shown = 1 AND late_at > ?`, 5)
	check(`SELECT count(*) FROM protections WHERE shown = 1 AND late_at <= ?`, 5)
	check(oneRecord+`s.id IN (SELECT set_id FROM set_copies WHERE bucket_id = ? AND set_id > ? ORDER BY set_id LIMIT ?) ORDER BY s.id`, "b", 0, 5)
}

func explain(ctx context.Context, c *Catalogue, query string, args ...any) ([]string, error) {
	rs, err := c.read.QueryContext(ctx, `EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	var out []string
	for rs.Next() {
		var id, parent, not int
		var line string
		if err := rs.Scan(&id, &parent, &not, &line); err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, rs.Err()
}

// TestCountsStayRight adds, changes and removes at random and counts anew.
func TestCountsStayRight(t *testing.T) {
	ctx, c := context.Background(), open(t).Catalogue()
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		s := set([]string{"i", "j"}[r.IntN(2)], []string{"a", "bb", "ccc"}[r.IntN(3)], r.IntN(30))
		s.Origin = []backup.Origin{backup.ByUs, backup.ByOthers, backup.InBucket}[r.IntN(3)]
		s.PolicyID = []string{"", "p", "q"}[r.IntN(3)]
		put(t, c, s)
		if all, err := c.Records(ctx, backup.RecordFilter{State: backup.Complete}); err != nil {
			t.Fatal(err)
		} else if len(all) > 0 && r.IntN(3) == 0 {
			if err := c.DropCopies(ctx, []string{all[r.IntN(len(all))].ID}, "b", noon, entry("set.gone")); err != nil {
				t.Fatal(err)
			}
		}
	}
	var wrong int
	err := c.read.QueryRowContext(ctx, `SELECT count(*) FROM (
		SELECT instance, class, count(*) AS n, sum(bytes) AS b FROM backup_sets GROUP BY instance, class UNION ALL SELECT 0, class, count(*), sum(bytes) FROM backup_sets GROUP BY class) r
		LEFT JOIN set_counts c USING (instance, class) WHERE c.sets IS NOT r.n OR c.bytes IS NOT r.b`).Scan(&wrong)
	if err != nil || wrong != 0 {
		t.Errorf("%d counts are wrong, %v", wrong, err)
	}
	owned := map[string]int{}
	var all []backup.Record
	for _, instance := range []string{"i", "j"} {
		for _, database := range []string{"a", "bb", "ccc"} {
			all = append(all, mustSets(t, c, instance, database)...)
		}
	}
	for _, s := range all {
		if s.PolicyID != "" && s.Gone.IsZero() && s.State != backup.Removed && s.Origin != backup.ByOthers {
			owned[s.PolicyID+" "+s.InstanceID+" "+s.Database]++
		}
	}
	for after := ""; err == nil; {
		var page []backupjob.Owned
		if page, err = c.Leftovers().Owned(ctx, after, 3); len(page) == 0 {
			break
		}
		for _, o := range page {
			key := o.PolicyID + " " + o.Is.InstanceID + " " + o.Is.Database
			if o.Sets != owned[key] {
				t.Errorf("%s: %d sets, counted %d", key, owned[key], o.Sets)
			}
			delete(owned, key)
		}
		after = page[len(page)-1].ID
	}
	if err != nil || len(owned) > 0 {
		t.Errorf("not counted: %v %v", owned, err)
	}
	var broken, unprotected int
	if err := c.read.QueryRowContext(ctx, `SELECT sum(trouble = 1), sum(trouble = 2) FROM protections WHERE shown`).Scan(&broken, &unprotected); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Count(ctx, noon); err != nil || n.Broken != broken || n.Unprotected != unprotected {
		t.Errorf("%+v, want %d broken and %d unprotected, %v", n, broken, unprotected, err)
	}
	for _, instance := range []string{"i", "j"} {
		for _, database := range []string{"a", "bb", "ccc"} {
			p, err := c.Protection(ctx, instance, database)
			if err != nil {
				t.Fatal(err)
			}
			want := backup.Protect(mustSets(t, c, instance, database), backup.Exempt{}, backup.Promise{InstanceID: instance, Database: database}, noon)
			if !reflect.DeepEqual(p, want) {
				t.Errorf("%+v\nwant %+v", p, want)
			}
		}
	}
}

// TestWindowsOfOutlinesAreThoseOfTheSets: what outlines leave out has no part
// in windows and protection.
func TestWindowsOfOutlinesAreThoseOfTheSets(t *testing.T) {
	c := open(t).Catalogue()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var all []backup.Record
	for i := range 12 {
		r := set("i", "orders", i)
		if i == 7 {
			r.Apart = true
		}
		if i == 4 {
			r.State = backup.Broken
		}
		all = append(all, r)
	}
	for i := range 9 {
		kind, from := backup.Log, at.Add(time.Duration(i)*time.Hour)
		if i%4 == 0 {
			kind = backup.Full
		}
		cloud := &backup.CloudSet{ID: fmt.Sprint("c", i), Kind: kind, Started: from, Finished: from.Add(time.Hour), Usable: true, Size: 1 << 20, Databases: []string{"orders"}}
		all = append(all, backup.Record{InstanceID: "rds", Origin: backup.InCloud, State: backup.Complete, Set: backup.Set{Kind: kind, Complete: true}, Cloud: cloud})
	}
	if err := c.Put(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for _, of := range [][2]string{{"i", "orders"}, {"rds", ""}} {
		sets, err := c.Sets(t.Context(), of[0], of[1], 0)
		outlines, err2 := c.Outlines(t.Context(), of[0], of[1], 0)
		if err != nil || err2 != nil || len(sets) == 0 || len(sets) != len(outlines) {
			t.Fatalf("%d sets, %d outlines, %v, %v", len(sets), len(outlines), err, err2)
		}
		a, b := backup.Windows(sets), backup.Windows(outlines)
		if len(a) == 0 || len(a) != len(b) {
			t.Fatalf("%s has %d windows, and %d out of outlines", of[0], len(a), len(b))
		}
		for i := range a {
			if !a[i].From.Equal(b[i].From) || !a[i].To.Equal(b[i].To) || len(a[i].Starts) != len(b[i].Starts) || len(a[i].Logs) != len(b[i].Logs) {
				t.Errorf("%s: window %d is %s to %s, out of outlines %s to %s", of[0], i, a[i].From, a[i].To, b[i].From, b[i].To)
			}
		}
		now := at.AddDate(0, 0, 1)
		if x, y := backup.Protect(sets, backup.Exempt{}, backup.Promise{}, now), backup.Protect(outlines, backup.Exempt{}, backup.Promise{}, now); !reflect.DeepEqual(x, y) {
			t.Errorf("%s is protected\n%+v, out of outlines\n%+v", of[0], x, y)
		}
	}
}
