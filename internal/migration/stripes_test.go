package migration

import (
	"slices"
	"testing"
	"time"
)

func TestStripesAtTheirBounds(t *testing.T) {
	own := Migration{Traits: serverTraits}
	for _, tc := range []struct {
		bytes, each int64
		want        int
	}{
		{2*StripeBytes - 1, StripeBytes, 1}, {8 * StripeBytes, StripeBytes, 8}, {9 * StripeBytes, StripeBytes, 8}, {3 * StripeBytes, StripeBytes, 3},
		{1 << 50, 0, 1}, {1 << 50, -1, 1}, {100, 10, 8}, {79, 10, 7},
	} {
		if got := StripesFor(own, "full", tc.bytes, tc.each); got != tc.want {
			t.Errorf("%d bytes of %d each: %d files, want %d", tc.bytes, tc.each, got, tc.want)
		}
	}
	for key, want := range map[string][]string{
		"a.bak": {"a.bak"}, "as1of1.bak": {"as1of1.bak"}, "as1of9.bak": {"as1of9.bak"}, "as2of3.bak": {"as2of3.bak"}, "as1of2.bak": {"as1of2.bak", "as2of2.bak"},
	} {
		if got := StripeKeys(key); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	place := Place{Folder: `D:\backup\`}
	if got, want := place.Paths(SourceBackup{Key: "b/as1of2.bak"}), []string{`D:\backup\b\as1of2.bak`, `D:\backup\b\as2of2.bak`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAPlaceKnowsItsFiles: nothing outside the folder is one of them.
func TestAPlaceKnowsItsFiles(t *testing.T) {
	windows, linux := Place{Folder: `D:\Backup\`}, Place{Folder: "/backup/"}
	for _, tc := range []struct {
		place Place
		path  string
		key   string
		ok    bool
	}{
		{windows, `d:\backup\Shop\a.trn`, "Shop/a.trn", true},
		{windows, `D:\Backup2\a.trn`, "", false},
		{windows, `D:\Backup\`, "", false},
		{windows, `D:\Backup\..\secret\a.trn`, "", false},
		{windows, `E:\Backup\a.trn`, "", false},
		{linux, "/backup/a.trn", "a.trn", true},
		{linux, "/backups/a.trn", "", false},
		{linux, "/backup/x/../../etc/a.trn", "", false},
	} {
		if key, ok := tc.place.Key(tc.path); key != tc.key || ok != tc.ok {
			t.Errorf("%s in %s: %q, %v", tc.path, tc.place.Folder, key, ok)
		}
	}
	if got := linux.Path("b/a.trn"); got != "/backup/b/a.trn" {
		t.Errorf("%q", got)
	}
}

// TestTheNamesOfABackupAreItsOwn: the number in them tells one order from the
// next even in the same second, and only this migration's begin with its id.
func TestTheNamesOfABackupAreItsOwn(t *testing.T) {
	m := fed(func(m *Migration) { m.ID = "01a1f9d0-a8cc-7a0c-b5af-d7dd7c6e2fdf" })
	name, key := SourceBackupName(m, "log", t0)
	if name != "bakplane "+m.ID+" 3 LOG" || key != "ordersLOG202603011200007c6e2fdf3.bak" {
		t.Errorf("%q, %q", name, key)
	}
	m.LiveSource.SourceBackups = m.LiveSource.SourceBackups[:1]
	if again, other := SourceBackupName(m, "log", t0.Add(time.Second)); again == name || other == key {
		t.Errorf("%q, %q a second time", again, other)
	}
	for given, want := range map[string]bool{name: true, "bakplane " + m.ID + "0 1 LOG": false, "bakplane other 1 LOG": false, "": false, "x " + name: false} {
		if got := ours(m, given); got != want {
			t.Errorf("%q is ours: %v", given, got)
		}
	}
	here, there := Place{BucketID: "staging"}, Place{BucketID: "elsewhere"}
	m.StagingID, m.StagingPrefix = "staging", "bakplane/"
	for _, tc := range []struct {
		own   bool
		place Place
		want  string
	}{{true, here, "d/a.bak"}, {true, there, "bakplane/a.bak"}, {false, here, "bakplane/a.bak"}} {
		m.Traits = traitsOf(tc.own)
		if got := StagedKey(m, tc.place, "d/a.bak"); got != tc.want {
			t.Errorf("own folder %v, from %s: %q, want %q", tc.own, tc.place.BucketID, got, tc.want)
		}
	}
}
