package backupjob

import (
	"context"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// ruled is one rule.
type ruled struct {
	rules []CopyRule
	set   []CopyRule
}

func (r *ruled) CopyRules(context.Context) ([]CopyRule, error) { return r.rules, nil }

func (r *ruled) SetCopyRule(_ context.Context, rule CopyRule, _ audit.Entry) error {
	r.set = append(r.set, rule)
	return nil
}

func cloudSet(change func(*backup.Record)) backup.Record {
	r := cloudRecord("i", backup.CloudSet{ID: "s1", Kind: backup.Full, Finished: noon}, noon)
	r.ID = "r1"
	if change != nil {
		change(&r)
	}
	return r
}

func TestWhichSetsOfACloudARuleCopies(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*backup.Record)
		due    bool // by a rule of noon
		can    bool // by a person
	}{
		{"a full", nil, true, true},
		{"a differential", func(r *backup.Record) { r.Set.Kind = backup.Differential }, true, true},
		{"a log", func(r *backup.Record) { r.Set.Kind = backup.Log }, false, false},
		{"a snapshot", func(r *backup.Record) { r.Cloud.Snapshot = true }, false, false},
		{"a broken one", func(r *backup.Record) { r.State = backup.Broken }, false, false},
		{"one that is gone", func(r *backup.Record) { r.Gone = noon }, false, false},
		{"none of a cloud", func(r *backup.Record) { r.Cloud, r.Set.Finished = nil, onClock(noon, 0) }, false, false},
		{"one that lies there", func(r *backup.Record) { r.Copies = []backup.Copy{{BucketID: "b"}} }, false, false},
		{"one that lies elsewhere", func(r *backup.Record) { r.Copies = []backup.Copy{{BucketID: "other"}} }, true, true},
		{"one of before the rule", func(r *backup.Record) { r.Cloud.Finished = noon.Add(-time.Second) }, false, true},
	} {
		w := newWorld(t)
		r := cloudSet(c.change)
		w.library.records = []backup.Record{r}
		k := &Copier{CloudKit: CloudKit{Kit: w.kit}, Copies: &ruled{rules: []CopyRule{{InstanceID: "i", BucketID: "b", Since: noon}}}}
		for range 2 { // it is ordered once, however often it is due
			if err := k.Due(t.Context()); err != nil {
				t.Fatal(c.what, err)
			}
		}
		if (len(w.paper.sent) == 1) != c.due || len(w.paper.sent) > 1 || (uncopiable(r, "b") == "") != c.can {
			t.Errorf("%s: sent %v, %q", c.what, w.paper.sent, uncopiable(r, "b"))
		}
	}
}

func TestWhoMayHaveACopyRule(t *testing.T) {
	cloud := endpoint.Instance{ID: "c", Name: "rds", Traits: endpoint.Traits{BacksUpItself: true}}
	for _, c := range []struct {
		instance, bucket string
		ok               bool
	}{{"c", "folder", true}, {"c", "", true}, {"c", "gone", false}, {"i", "folder", false}, {"gone", "folder", false}} {
		w := newWorld(t)
		w.traits["c"] = cloud
		rules := &ruled{}
		err := (&Copier{CloudKit: CloudKit{Kit: w.kit}, Copies: rules}).Rule(t.Context(), c.instance, c.bucket, By{At: noon.Add(time.Millisecond)})
		if c.ok != (err == nil) || !c.ok && !fault.Is(err, fault.Invalid) || c.ok != (len(rules.set) == 1) {
			t.Errorf("%s to %q: %v", c.instance, c.bucket, err)
		}
		if c.ok && !rules.set[0].Since.Equal(noon) {
			t.Errorf("since %s: sets of the same second are left out", rules.set[0].Since)
		}
	}
}
