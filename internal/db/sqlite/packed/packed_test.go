package packed

import (
	"reflect"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestEveryPartOfASetIsPacked fills every field of a set, also those that will
// be added: one without a column and without a place in setParts is lost.
func TestEveryPartOfASetIsPacked(t *testing.T) {
	var s backup.Set
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("text")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(i) + 1)
		case reflect.Uint8, reflect.Uint16:
			f.SetUint(3)
		}
	}
	id := func(n byte) (g backup.GUID) { g[3] = n; return g }
	s.ID, s.Family, s.BindingID, s.DifferentialBase, s.FirstFork, s.Fork, s.MediaSet = id(1), id(2), id(3), id(4), id(5), id(6), id(7)
	lsn := func(n uint32) backup.LSN { return backup.LSN{VLF: n, Block: 1 << 31, Slot: 65535} }
	s.First, s.Last, s.Checkpoint, s.DatabaseBackup, s.DifferentialBaseLSN, s.ForkPoint = lsn(1), lsn(2), lsn(3), lsn(4), lsn(5), lsn(6)
	s.Files = []backup.SetFile{{Name: "a", Size: 1 << 40, Family: 1, Position: 2, Row: 3}, {Name: "b", Family: 2}}
	got, err := OpenSet(Set(&s))
	if err != nil {
		t.Fatal(err)
	}
	got.Kind = s.Kind // a column, as times are
	if v := reflect.ValueOf(got); !reflect.DeepEqual(got, s) || v.NumField() != len(setParts(&s))+4 {
		t.Errorf("got  %+v\nwant %+v", got, s)
	}
	for n := range Set(&s) {
		if cut, err := OpenSet(Set(&s)[:n]); err == nil && reflect.DeepEqual(cut, s) {
			t.Errorf("cut at %d it is the same", n)
		}
	}
}

// TestEveryPartOfACloudSetIsPacked does the same for sets of the cloud.
func TestEveryPartOfACloudSetIsPacked(t *testing.T) {
	at := time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	c := backup.CloudSet{ID: "1", Failed: true, Kind: backup.Log, Manual: true, Snapshot: true, CopyOnly: true, Started: at, Finished: at.Add(time.Minute), Size: 1 << 40, Expires: at.AddDate(0, 1, 0),
		Usable: true, Databases: []string{"orders", "stock"}, Downloads: true, Kept: true, Archived: true, Checksum: "17", Region: "cn-beijing"}
	for v, i := reflect.ValueOf(c), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not filled here", v.Type().Field(i).Name)
		}
	}
	got, err := OpenCloud(Cloud(&c))
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, c)
	}
	for n := range Cloud(&c) {
		if cut, err := OpenCloud(Cloud(&c)[:n]); err == nil && reflect.DeepEqual(cut, c) {
			t.Errorf("cut at %d it is the same", n)
		}
	}
}

func BenchmarkUnpack(b *testing.B) {
	s := backup.Set{Name: "orders by plan", Server: "sql01", Machine: "sql01", Size: 100, FamilyCount: 1, Complete: true, Files: []backup.SetFile{{Name: "/backup/1.bak", Family: 1, Position: 1}}}
	b.Run("pack", func(b *testing.B) {
		for b.Loop() {
			Set(&s)
		}
	})
	b.Run("unpack", func(b *testing.B) {
		text := Set(&s)
		for b.Loop() {
			if _, err := OpenSet(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
