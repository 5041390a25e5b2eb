package preflight

import (
	"context"
	"errors"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// lying is a bucket with these keys.
type lying struct {
	objectstore.Bucket
	keys   []string
	prefix string // asked for last
}

func (b *lying) List(_ context.Context, prefix, _ string, _ int) (out []objectstore.Object, err error) {
	b.prefix = prefix
	for _, k := range b.keys {
		out = append(out, objectstore.Object{Key: k})
	}
	return out, nil
}

// TestWhatBeginsAlike: a target that takes a set by its prefix takes whatever
// else begins so.
func TestWhatBeginsAlike(t *testing.T) {
	set := bakfile.GUID{1}
	m := migration.Migration{Traits: endpoint.Traits{Stripes: true, Prefixed: true}, Files: []migration.File{
		{Ord: 1, Kind: "full", Key: "a/shop1", SetGUID: set}, {Ord: 2, Kind: "full", Key: "a/shop2", SetGUID: set}, {Ord: 3, Kind: "log", Key: "a/shoplog", SetGUID: bakfile.GUID{2}}}}
	b := &lying{keys: []string{"a/shop1", "a/shop2", "a/shoplog"}}
	others, err := beside(t.Context(), b, m)
	if err != nil || len(others) != 1 || others[0] != "a/shoplog" || b.prefix != "a/shop" {
		t.Errorf("%v under %q, %v", others, b.prefix, err)
	}
	for code, f := range map[string]Facts{
		"prefix":     {Migration: m, Beside: others},
		"many-files": {Migration: m, Sets: []SetFacts{{FamilyCount: 11}}},
		"":           {Migration: m, Sets: []SetFacts{{FamilyCount: 10}}},
	} {
		var j judge
		j.prefixes(f)
		if code == "" && len(j.out) > 0 || code != "" && (len(j.out) != 1 || j.out[0].Code != code || j.out[0].Level != migration.Barred) {
			t.Errorf("%s: %+v", code, j.out)
		}
	}
	m.Traits.Prefixed = false
	if others, _ := beside(t.Context(), b, m); others != nil {
		t.Errorf("another target: %v", others)
	}
}

// choosy is a target whose service has checks of its own.
type choosy struct {
	migration.Target
	err error
}

func (c choosy) Check(context.Context, Facts) ([]migration.Finding, error) {
	return []migration.Finding{{Code: "zone"}}, c.err
}

func TestWhatTheServiceRefusesIsAFinding(t *testing.T) {
	for _, tc := range []struct {
		err   error
		codes int
		fails bool
	}{{nil, 1, false}, {fault.New(fault.Denied, "No.", "Ask."), 2, false}, {fault.New(fault.Unavailable, "Later.", "Wait."), 1, true}, {errors.New("?"), 1, true}} {
		got, err := serviceFindings(t.Context(), choosy{err: tc.err}, Facts{})
		if len(got) != tc.codes || (err != nil) != tc.fails {
			t.Errorf("%v: %+v, %v", tc.err, got, err)
		}
	}
}
