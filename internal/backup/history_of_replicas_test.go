package backup

import (
	"fmt"
	"strings"
	"testing"
)

// TestLogsOfReplicasStandWhereTheyJoin: before the first log that goes on where
// they end; what would come behind a backup that is on its way waits.
func TestLogsOfReplicasStandWhereTheyJoin(t *testing.T) {
	row := func(id int64, kind Kind, name string, from, to uint32) HistoryRow {
		return HistoryRow{ID: id, Set: Set{Kind: kind, Name: name, First: LSN{VLF: from}, Last: LSN{VLF: to}}}
	}
	log := func(id int64, from, to uint32) HistoryRow { return row(id, Log, fmt.Sprint("log", to), from, to) }
	for _, tc := range []struct {
		name        string
		own, theirs []HistoryRow
		pending     string
		want        string
	}{
		{"nothing of others", []HistoryRow{log(1, 1, 2)}, nil, "", "1:2"},
		{"in between", []HistoryRow{log(1, 1, 2), log(2, 4, 5)}, []HistoryRow{log(9, 3, 4), log(8, 2, 3)}, "", "1:2 0:3 0:4 2:5"},
		{"behind", []HistoryRow{log(1, 1, 2)}, []HistoryRow{log(9, 2, 3)}, "", "1:2 0:3"},
		{"a full is no joint", []HistoryRow{row(1, Full, "full", 5, 6), log(2, 3, 7)}, []HistoryRow{log(9, 2, 3)}, "", "1:6 0:3 2:7"},
		{"ours is on its way", []HistoryRow{log(1, 1, 2)}, []HistoryRow{log(9, 4, 5)}, "log4", "1:2"},
		{"ours has its row", []HistoryRow{log(1, 1, 2), log(2, 3, 4)}, []HistoryRow{log(8, 2, 3), log(9, 4, 5)}, "log4", "1:2 0:3 2:4 0:5"},
	} {
		var got []string
		for _, r := range Interleave(tc.own, tc.theirs, tc.pending) {
			got = append(got, fmt.Sprintf("%d:%d", r.ID, r.Set.Last.VLF))
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, s, tc.want)
		}
	}
	rows := []HistoryRow{log(1, 1, 2), log(2, 2, 3), row(3, Full, "full", 2, 9), {ID: 4, Set: Set{Kind: Log, CopyOnly: true, Last: LSN{VLF: 9}}}}
	if got := LogsBehind(rows, LSN{VLF: 2}); len(got) != 1 || got[0].ID != 2 {
		t.Errorf("%+v", got)
	}
}
