package backup

import (
	"strings"
	"testing"
)

// TestOneReplicaTakesEachBackup by role, preference, version and kind.
func TestOneReplicaTakesEachBackup(t *testing.T) {
	at := func(role Role, preferred, anyKind bool) Database {
		return Database{InAvailabilityGroup: true, PreferredReplica: preferred, Member: &Member{Group: "AG", Role: role, Primary: "SQL01", Preference: "SECONDARY", AnyKind: anyKind}}
	}
	for _, tc := range []struct {
		name     string
		d        Database
		kind     Kind
		copyOnly bool
		take     bool
		says     string
	}{
		{"no member", Database{PreferredReplica: true}, Full, false, true, ""},

		{"full, primary, preferred", at(Primary, true, false), Full, false, true, ""},
		{"full, primary, not preferred", at(Primary, false, false), Full, false, true, "before SQL Server 2025"},
		{"full, secondary, preferred", at(Secondary, true, false), Full, false, false, "on the primary, SQL01"},
		{"full, secondary, not preferred", at(Secondary, false, false), Full, false, false, "on the primary, SQL01"},
		{"differential, primary, not preferred", at(Primary, false, false), Differential, false, true, "before SQL Server 2025"},
		{"differential, secondary, preferred", at(Secondary, true, false), Differential, false, false, "on the primary"},

		{"log, primary, preferred", at(Primary, true, false), Log, false, true, ""},
		{"log, primary, not preferred", at(Primary, false, false), Log, false, false, "prefers another"},
		{"log, secondary, preferred", at(Secondary, true, false), Log, false, true, ""},
		{"log, secondary, not preferred", at(Secondary, false, false), Log, false, false, "prefers another"},

		{"copy, primary, not preferred", at(Primary, false, false), Full, true, false, "prefers another"},
		{"copy, secondary, preferred", at(Secondary, true, false), Full, true, true, ""},
		{"copy of a log, secondary, preferred", at(Secondary, true, false), Log, true, false, "no copy-only logs"},
		{"copy of a log, primary, not preferred", at(Primary, false, false), Log, true, true, ""},

		{"2025: full, secondary, preferred", at(Secondary, true, true), Full, false, true, ""},
		{"2025: full, primary, not preferred", at(Primary, false, true), Full, false, false, "prefers another"},
		{"2025: differential, secondary, preferred", at(Secondary, true, true), Differential, false, true, ""},

		{"role not told, preferred", at("", true, false), Full, false, true, ""},
		{"role not told, not preferred", at("", false, false), Full, false, false, "prefers another"},
		{"no primary", at(Resolving, true, false), Log, false, false, "no primary replica"},
	} {
		got := tc.d.ShareOf(tc.kind, tc.copyOnly)
		if got.Take != tc.take || !strings.Contains(got.Why.String(), tc.says) || (tc.says == "") != got.Why.IsZero() || got.Failed != (tc.name == "no primary") {
			t.Errorf("%s: %+v, %q", tc.name, got, got.Why)
		}
	}
}

func TestWhatNamesAMember(t *testing.T) {
	g, d := GUID{1}, GUID{2}
	m := &Member{Group: "A]G", GroupID: g, DatabaseID: d}
	if key := m.Key(); !strings.Contains(key, "/") || key != strings.ToLower(key) || key == (&Member{GroupID: d, DatabaseID: g}).Key() {
		t.Error(key)
	}
	for _, none := range []*Member{nil, {}, {GroupID: g}, {DatabaseID: d}} {
		if none.Key() != "" {
			t.Errorf("%+v: %s", none, none.Key())
		}
	}
	if got := m.RemoveFromGroup("Shop"); got != "ALTER AVAILABILITY GROUP [A]]G] REMOVE DATABASE [Shop]" {
		t.Error(got)
	}
}
