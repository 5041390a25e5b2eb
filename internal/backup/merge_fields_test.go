package backup

import (
	"fmt"
	"testing"
	"time"
)

// TestWhatARecordKeepsWhenItIsFoundAgain, field by field, in both orders of
// finding where the order must not matter.
func TestWhatARecordKeepsWhenItIsFoundAgain(t *testing.T) {
	early, late := clock(10).Time(), clock(20).Time()
	for _, tc := range []struct {
		name     string
		was, now Record
		want     string
		show     func(Record) any
	}{
		{"an instance is given once", Record{InstanceID: "a"}, Record{InstanceID: "b"}, "a", func(r Record) any { return r.InstanceID }},
		{"and adopted", Record{}, Record{InstanceID: "b"}, "b", func(r Record) any { return r.InstanceID }},
		{"a name is kept", Record{Database: "shop"}, Record{Database: "SHOP"}, "shop", func(r Record) any { return r.Database }},
		{"and learnt", Record{}, Record{Database: "shop"}, "shop", func(r Record) any { return r.Database }},
		{"a policy is kept", Record{PolicyID: "p"}, Record{}, "p", func(r Record) any { return r.PolicyID }},
		{"and learnt", Record{}, Record{PolicyID: "p"}, "p", func(r Record) any { return r.PolicyID }},
		{"ours, then the history's", Record{Origin: ByUs}, Record{Origin: ByOthers}, "us", func(r Record) any { return r.Origin }},
		{"the history's, then ours", Record{Origin: ByOthers}, Record{Origin: ByUs}, "us", func(r Record) any { return r.Origin }},
		{"a bucket's, then the history's", Record{Origin: InBucket}, Record{Origin: ByOthers}, "others", func(r Record) any { return r.Origin }},
		{"the history's, then a bucket's", Record{Origin: ByOthers}, Record{Origin: InBucket}, "others", func(r Record) any { return r.Origin }},
		{"the cloud's, then the history's", Record{Origin: InCloud}, Record{Origin: ByOthers}, "cloud", func(r Record) any { return r.Origin }},
		{"ours, then the cloud's", Record{Origin: ByUs}, Record{Origin: InCloud}, "us", func(r Record) any { return r.Origin }},
		{"verified, and later not", Record{Verified: early}, Record{}, early.String(), func(r Record) any { return r.Verified }},
		{"verified again", Record{Verified: early}, Record{Verified: late}, late.String(), func(r Record) any { return r.Verified }},
		{"verified before", Record{Verified: late}, Record{Verified: early}, late.String(), func(r Record) any { return r.Verified }},
		{"a pin stays", Record{Pinned: true, PinNote: "audit"}, Record{}, "true audit", func(r Record) any { return fmt.Sprint(r.Pinned, " ", r.PinNote) }},
		{"a pin comes", Record{}, Record{Pinned: true, PinNote: "audit"}, "true audit", func(r Record) any { return fmt.Sprint(r.Pinned, " ", r.PinNote) }},
		{"an expiry stays", Record{Expires: late}, Record{}, late.String(), func(r Record) any { return r.Expires }},
		{"an expiry is set anew, earlier too", Record{Expires: late}, Record{Expires: early}, early.String(), func(r Record) any { return r.Expires }},
		{"seen later", Record{Seen: early}, Record{Seen: late}, late.String(), func(r Record) any { return r.Seen }},
		{"seen earlier", Record{Seen: late}, Record{Seen: early}, late.String(), func(r Record) any { return r.Seen }},
		{"apart, until files are seen", Record{Origin: ByOthers, Apart: true}, Record{Origin: InBucket, Copies: []Copy{{BucketID: "b"}}}, "false", func(r Record) any { return r.Apart }},
		{"apart, as is said again", Record{Origin: ByOthers}, Record{Origin: ByOthers, Apart: true}, "true", func(r Record) any { return r.Apart }},
		{"apart, as was said", Record{Origin: ByOthers, Apart: true}, Record{Origin: ByOthers}, "true", func(r Record) any { return r.Apart }},
		{"the cloud tells anew", Record{Origin: InCloud, Cloud: &CloudSet{Size: 1}, Set: Set{Kind: Full}}, Record{Origin: InCloud, Cloud: &CloudSet{Size: 2}, Set: Set{Kind: Differential}}, "2 differential",
			func(r Record) any { return fmt.Sprint(r.Cloud.Size, " ", r.Set.Kind) }},
		{"the cloud does not tell", Record{Origin: InCloud, Cloud: &CloudSet{Size: 1}, Set: Set{Kind: Full}}, Record{Origin: InCloud, Cloud: &CloudSet{Size: 2}}, "2 full", func(r Record) any { return fmt.Sprint(r.Cloud.Size, " ", r.Set.Kind) }},
		{"what others say of files is no look", Record{Origin: ByUs}, Record{Origin: ByOthers, Copies: []Copy{{BucketID: "b"}}}, "0", func(r Record) any { return len(r.Copies) }},
		{"the key that was known stays", Record{Origin: InBucket, Copies: []Copy{{BucketID: "b", Keys: []string{"x"}}}}, Record{Origin: InBucket, Copies: []Copy{{BucketID: "b", Keys: []string{"y"}}}}, "x", func(r Record) any { return r.Copies[0].Keys[0] }},
		{"unless it was a bucket's", Record{Origin: InBucket}, Record{Origin: ByOthers, Copies: []Copy{{BucketID: "b"}}}, "1", func(r Record) any { return len(r.Copies) }},
		{"a bucket's whole set", Record{Origin: InBucket}, Record{Origin: InBucket, State: Broken, Set: Set{Complete: true, Last: at(9)}}, "complete", func(r Record) any { return r.State }},
		{"a bucket's cut set", Record{Origin: InBucket, State: Complete}, Record{Origin: InBucket, State: Complete, Set: Set{}}, "broken", func(r Record) any { return r.State }},
		{"a bucket's set without a stripe", Record{Origin: InBucket}, Record{Origin: InBucket, State: Complete, Set: Set{Complete: true, Last: at(9), FamilyCount: 2, Files: []SetFile{{Family: 1}}}}, "broken", func(r Record) any { return r.State }},
		{"ours broke after it was whole", Record{Origin: ByUs, State: Complete}, Record{Origin: ByUs, State: Broken}, "broken", func(r Record) any { return r.State }},
		{"the cloud's is whole after it was broken", Record{Origin: InCloud, State: Broken}, Record{Origin: InCloud, State: Complete}, "complete", func(r Record) any { return r.State }},
		{"the history says that a broken one is whole", Record{Origin: ByOthers, State: Broken}, Record{Origin: ByOthers, State: Complete}, "complete", func(r Record) any { return r.State }},
	} {
		if got := fmt.Sprint(tc.show(tc.was.Merge(tc.now))); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// TestWhichOfTwoSetsIsBelieved: the one that is complete and tells its LSNs;
// stripes are those of both, in their order, and sizes the larger.
func TestWhichOfTwoSetsIsBelieved(t *testing.T) {
	told := Set{Complete: true, Last: at(9), Name: "told"}
	for _, tc := range []struct {
		name     string
		old, now Set
		want     string
	}{
		{"both tell", Set{Complete: true, Last: at(9), Name: "old"}, told, "old"},
		{"the old one was cut", Set{Last: at(9), Name: "old"}, told, "told"},
		{"the old one has no LSNs", Set{Complete: true, Name: "old"}, told, "told"},
		{"the new one is cut", Set{Name: "old"}, Set{Last: at(9), Name: "cut"}, "old"},
		{"the new one has no LSNs", Set{Name: "old"}, Set{Complete: true, Name: "none"}, "old"},
	} {
		if got := mergeSets(tc.old, tc.now); got.Name != tc.want {
			t.Errorf("%s: %s", tc.name, got.Name)
		}
	}
	one := Set{Complete: true, Last: at(9), FamilyCount: 2, DatabaseSize: 5, Files: []SetFile{{Family: 2, Name: "b"}}}
	two := Set{Complete: true, Last: at(9), FamilyCount: 1, DatabaseSize: 7, Files: []SetFile{{Family: 1, Name: "a"}, {Family: 2, Name: "other"}}}
	got := mergeSets(one, two)
	if len(got.Files) != 2 || got.Files[0].Name != "a" || got.Files[1].Name != "b" || got.FamilyCount != 2 || got.DatabaseSize != 7 || !got.Complete {
		t.Errorf("%+v", got)
	}
	if len(one.Files) != 1 {
		t.Error("what was known before was written to")
	}
	two.Complete = false
	if mergeSets(one, two).Complete {
		t.Error("a stripe that is cut makes no whole set")
	}
	two.Files = two.Files[1:]
	if !mergeSets(one, two).Complete {
		t.Error("a cut copy of a stripe that is whole spoils it")
	}
}

// TestCopiesAreJoinedByBucketAndStripe.
func TestCopiesAreJoinedByBucketAndStripe(t *testing.T) {
	c := func(bucket string, size int64, keys ...string) Copy {
		return Copy{BucketID: bucket, Size: size, Keys: keys}
	}
	for _, tc := range []struct {
		name     string
		old, now []Copy
		want     string
	}{
		{"another bucket", []Copy{c("a", 5, "x")}, []Copy{c("b", 7, "x")}, "a:5[x] b:7[x]"},
		{"the same again", []Copy{c("a", 5, "x")}, []Copy{c("a", 7, "x")}, "a:7[x]"},
		{"another key of a stripe that is there", []Copy{c("a", 5, "x")}, []Copy{c("a", 7, "y")}, "a:5[x]"},
		{"the second stripe", []Copy{c("a", 5, "x", "")}, []Copy{c("a", 6, "", "y")}, "a:11[x y]"},
		{"the second of more", []Copy{c("a", 5, "x")}, []Copy{c("a", 6, "", "y")}, "a:11[x y]"},
		{"two stripes, one known", []Copy{c("a", 5, "x", "", "")}, []Copy{c("a", 8, "", "y", "z")}, "a:13[x y z]"},
		{"an empty look", []Copy{c("a", 5, "x")}, []Copy{c("a", 0, "")}, "a:5[x]"},
	} {
		before := fmt.Sprint(tc.old)
		got := ""
		for i, m := range mergeCopies(tc.old, tc.now) {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("%s:%d%v", m.BucketID, m.Size, m.Keys)
		}
		if got != tc.want || fmt.Sprint(tc.old) != before {
			t.Errorf("%s: %s, want %s; before %s, now %v", tc.name, got, tc.want, before, tc.old)
		}
	}
}

// TestWhatARecordTellsOfItself.
func TestWhatARecordTellsOfItself(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name             string
		r                Record
		finished         time.Time
		bytes            int64
		manual, snapshot bool
	}{
		{"ours, by a policy", Record{Origin: ByUs, PolicyID: "p", Set: Set{Finished: clock(1)}, Copies: []Copy{{Size: 3}, {Size: 4}}}, clock(1).Time(), 7, false, false},
		{"ours, by hand", Record{Origin: ByUs, Set: Set{Finished: clock(1)}}, clock(1).Time(), 0, true, false},
		{"others'", Record{Origin: ByOthers, Set: Set{Snapshot: true}}, time.Time{}, 0, false, true},
		{"the cloud's", Record{Origin: InCloud, Set: Set{Finished: clock(1)}, Cloud: &CloudSet{Finished: day, Size: 9, Manual: true, Snapshot: true}}, day, 9, true, true},
		{"the cloud's, copied", Record{Origin: InCloud, Cloud: &CloudSet{Finished: day, Size: 9}, Copies: []Copy{{Size: 4}}}, day, 4, false, false},
		{"the cloud's, under way", Record{Origin: InCloud, Set: Set{Finished: clock(1)}, Cloud: &CloudSet{}}, clock(1).Time(), 0, false, false},
	} {
		r := tc.r
		if !r.Finished().Equal(tc.finished) || r.Bytes() != tc.bytes || r.Manual() != tc.manual || r.Snapshot() != tc.snapshot {
			t.Errorf("%s: %s, %d bytes, manual %v, snapshot %v", tc.name, r.Finished(), r.Bytes(), r.Manual(), r.Snapshot())
		}
	}
}

// TestTheOrderOfProtections: those late longest first, those never late last.
func TestTheOrderOfProtections(t *testing.T) {
	p := func(late time.Time, instance, database string) Protection {
		return Protection{LateAt: late, Promise: Promise{InstanceID: instance, Database: database}}
	}
	last := ""
	for _, p := range []Protection{p(clock(1).Time(), "z", "z"), p(clock(2).Time(), "a", "b"), p(clock(2).Time(), "a", "c"), p(clock(2).Time(), "b", "a"), p(time.Time{}, "a", "a")} {
		if p.Key() <= last {
			t.Errorf("%s comes before %s", p.Key(), last)
		}
		last = p.Key()
	}
	late := p(clock(5).Time(), "", "")
	if late.Late(clock(5).Time().Add(-1)) || !late.Late(clock(5).Time()) || p(time.Time{}, "", "").Late(clock(9).Time()) {
		t.Error("late before its time, or not at it")
	}
}
