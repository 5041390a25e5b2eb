package servermigration

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Counted is what a database holds, by the server's own views: enough to see
// that the database of a moved server is the one that was there.
type Counted struct {
	Database string    `json:"database"`
	State    string    `json:"state"` // ONLINE, RECOVERY_PENDING, …
	Rows     int64     `json:"rows"`
	Objects  int       `json:"objects"` // tables, procedures and whatever else users made
	At       time.Time `json:"at"`      // by the server's clock
}

// mostCounted bounds how many databases of a server are counted.
const mostCounted = 500

// Count reads the databases of a SQL Server, tempdb left out. One that is not
// online has a state and no numbers.
func Count(ctx context.Context, s backup.Server) (out []Counted, err error) {
	all, err := s.Databases(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range all[:min(len(all), mostCounted)] {
		c := Counted{Database: d.Name, State: d.State}
		if d.Name == "tempdb" {
			continue
		}
		if d.State == "ONLINE" && !d.Standby {
			a, err := s.WriteActivity(ctx, d.Name)
			switch {
			case fault.Is(err, fault.Unavailable):
				return nil, err
			case err == nil:
				c.Rows, c.Objects, c.At = a.Rows, a.Objects, a.At
			default:
				c.State = "ONLINE, not readable with this login"
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// Beside is a database at the source, as it was counted, and at the server that
// it has become.
type Beside struct {
	Database     string
	Before, Then *Counted // nil = not there
	Same         bool
	Says         words.Text
}

// SetBeside compares what was counted at the source with what the new server
// tells. System databases are named and not counted: a new server's own differ.
func SetBeside(before, then []Counted) (out []Beside) {
	at := map[string]*Counted{}
	for i := range then {
		at[strings.ToLower(then[i].Database)] = &then[i]
	}
	for i, b := range before {
		row := Beside{Database: b.Database, Before: &before[i], Then: at[strings.ToLower(b.Database)]}
		switch {
		case row.Then == nil:
			row.Says = words.Say("It is not at the new server.")
		case row.Then.State == "RECOVERY_PENDING":
			row.Says = words.Say("Its files were not found: a drive letter may be missing or changed, or the service may not read them.")
		case row.Then.State != "ONLINE":
			row.Says = words.Say("It is %s.", row.Then.State)
		case slices.Contains([]string{"master", "model", "msdb"}, b.Database):
			row.Same, row.Says = true, words.Say("Online.")
		case row.Then.Rows == b.Rows && row.Then.Objects == b.Objects:
			row.Same, row.Says = true, words.Say("As many rows and objects as were counted at the source.")
		case row.Then.Rows < b.Rows:
			row.Says = words.Say("%s fewer than counted at the source: the image may be older than the count.", words.Count(b.Rows-row.Then.Rows, "row", "rows"))
		default:
			row.Says = words.Say("Rows or objects differ: something was written after the count, at the source or here.")
		}
		out = append(out, row)
	}
	return out
}
