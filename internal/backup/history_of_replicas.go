package backup

import (
	"context"
	"slices"

	"github.com/bakplane/bakplane/internal/bakfile"
	told "github.com/bakplane/bakplane/internal/words"
)

// maxBehind bounds how many rows of msdb one look reads behind the last one.
const maxBehind = 20_000

// HistorySince reads the history of a database behind a row, to its end.
func HistorySince(ctx context.Context, server Server, database string, after int64) (out []HistoryRow, err error) {
	const page = 500
	for len(out) < maxBehind {
		rows, err := server.History(ctx, database, after, page)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
		if len(rows) < page {
			break
		}
		after = rows[len(rows)-1].ID
	}
	return out, nil
}

// LogsBehind are the logs of a history that lead beyond an LSN. Copy-only ones
// are no links.
func LogsBehind(rows []HistoryRow, at bakfile.LSN) []HistoryRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r HistoryRow) bool {
		return r.Set.Kind != Log || r.Set.CopyOnly || r.Set.Last.Compare(at) <= 0
	})
}

// Interleave puts logs that other replicas took between the rows of one server's
// history, each before the first log that goes on where it ends; those of
// replicas lose their ID, which counts in their own history alone. While a backup
// of a name is on its way, what would come behind it waits for its row.
func Interleave(own, theirs []HistoryRow, pending string) (out []HistoryRow) {
	theirs = slices.Clone(theirs)
	slices.SortStableFunc(theirs, func(a, b HistoryRow) int { return a.Set.Last.Compare(b.Set.Last) })
	for i := range theirs {
		theirs[i].ID = 0
	}
	found := pending == ""
	for _, r := range own {
		for r.Set.Kind == Log && len(theirs) > 0 && theirs[0].Set.Last.Compare(r.Set.First) <= 0 {
			out, theirs = append(out, theirs[0]), theirs[1:]
		}
		found = found || r.Set.Name == pending
		out = append(out, r)
	}
	if found {
		out = append(out, theirs...)
	}
	return out
}

// Unfreezable says why a member of an availability group cannot be frozen by its
// tail or by READ_ONLY (error 1468), and the way out; false where it can.
func (d Database) Unfreezable() (why, fix told.Text, yes bool) {
	if !d.InAvailabilityGroup {
		return why, fix, false
	}
	m := d.Member
	if m == nil || m.Group == "" {
		m = &Member{Group: "…"}
	}
	return told.Say("%s is a member of the availability group %s: its tail cannot be taken WITH NORECOVERY there, and it cannot be set READ_ONLY (error 1468). Nothing was tried, and it takes writes as before.", d.Name, m.Group),
		told.Say("Take it out of the group on the primary replica: %s; then retry. Or abort, and start again with the application stopped as freeze.", m.RemoveFromGroup(d.Name)), true
}
