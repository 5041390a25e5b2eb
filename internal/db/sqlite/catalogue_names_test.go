package sqlite

import (
	"slices"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/tsql"
)

// TestADatabaseIsOneHoweverItWasTyped: sets that jobs spelled in three ways are
// of one database where the server ignores case, spelled as the server does; of
// two where it does not.
func TestADatabaseIsOneHoweverItWasTyped(t *testing.T) {
	for _, tc := range []struct {
		by    tsql.Collation
		there []string
		want  []string
		sets  map[string]int // by the spelling that is asked for
	}{
		{"SQL_Latin1_General_CP1_CI_AS", []string{"Shop"}, []string{"Shop"}, map[string]int{"Shop": 3, "shop": 3, "SHOP": 3}},
		{"", []string{"Shop"}, []string{"Shop"}, map[string]int{"Shop": 3, "sHoP": 3}},
		{"Latin1_General_CS_AS", []string{"Shop", "SHOP"}, []string{"SHOP", "Shop"}, map[string]int{"Shop": 1, "SHOP": 1, "shop": 1}},
	} {
		ctx, c := t.Context(), open(t).Catalogue()
		names := func() (out []string) {
			t.Helper()
			all, err := c.Protections(ctx, backup.ProtectionFilter{InstanceID: "i"})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				if p.Dropped.IsZero() {
					out = append(out, p.Database)
				}
			}
			slices.Sort(out)
			return out
		}
		if tc.by.CaseSensitive() { // a server is looked at before what its history tells
			if err := c.Exist(ctx, "i", tc.there, tc.by, noon); err != nil {
				t.Fatal(err)
			}
		}
		for round := range 2 { // where case is ignored: spelled otherwise before the server was looked at, and after
			for n, typed := range []string{"SHOP", "shop", "Shop"} {
				put(t, c, set("i", typed, 10*(n+1)))
			}
			if err := c.Exist(ctx, "i", tc.there, tc.by, noon); err != nil {
				t.Fatal(err)
			}
			if got := names(); !slices.Equal(got, tc.want) {
				t.Errorf("%q, round %d: %v, not %v", tc.by, round, got, tc.want)
			}
			for typed, want := range tc.sets {
				if got := len(mustSets(t, c, "i", typed)); got != want {
					t.Errorf("%q, round %d: %s has %d sets, not %d", tc.by, round, typed, got, want)
				}
			}
		}
	}
}
