package sqlserveremu_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/bakfile"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

// After any history of changes and backups, any chain that fits restores to
// what the source held at the chain's last LSN.
func TestContentsAfterAnyChainAreThoseAtItsLSN(t *testing.T) {
	s := start(t, nil)
	to := target(t, s)
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		name := fmt.Sprintf("Shop%d", number)
		must := func(on *started, query string) {
			if _, err := on.db.Exec(query); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
		must(s, "CREATE DATABASE "+name+"; CREATE TABLE "+name+".dbo.T (id int, v nvarchar(20) NULL)")
		type taken struct {
			path  string
			kind  bakfile.Type
			at    bakfile.LSN
			sums  map[string]sqlserveremu.TableSum
			base  int // of a differential
			after int // logs taken before it
		}
		var sets []taken
		logs, full := 0, -1
		backup := func(kind bakfile.Type, statement, with string) {
			path := fmt.Sprintf("%s-%d.bak", name, len(sets))
			must(s, statement+" "+name+" TO DISK = '"+path+"'"+with)
			file := read(t, s.file(path))
			d, _ := s.DatabaseNow(name)
			sets = append(sets, taken{path, kind, file.Sets[0].LastLSN, d.Tables, full, logs})
			if d.NextLSN.Compare(file.Sets[0].LastLSN) != 0 {
				t.Fatalf("%s ends at %s, the database stands at %s", path, file.Sets[0].LastLSN, d.NextLSN)
			}
		}
		backup(bakfile.TypeFull, "BACKUP DATABASE", " WITH CHECKSUM")
		full = 0
		for range rapid.IntRange(3, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0, 1:
				must(s, fmt.Sprintf("INSERT INTO %s.dbo.T (id, v) VALUES (%d, N'x')", name, rapid.IntRange(1, 5).Draw(t, "id")))
			case 2:
				must(s, fmt.Sprintf("UPDATE %s.dbo.T SET v = v + 'y' WHERE id = %d; DELETE FROM %s.dbo.T WHERE id = %d", name, rapid.IntRange(1, 5).Draw(t, "changed"), name, rapid.IntRange(1, 5).Draw(t, "deleted")))
			case 3:
				backup(bakfile.TypeFull, "BACKUP DATABASE", "")
				full = len(sets) - 1
			case 4:
				backup(bakfile.TypeDifferential, "BACKUP DATABASE", " WITH DIFFERENTIAL")
			default:
				backup(bakfile.TypeLog, "BACKUP LOG", "")
				logs++
			}
		}
		// A chain: a full backup, perhaps a differential on it, logs behind.
		var chain []taken
		var fulls, diffs []int
		for i, b := range sets {
			if b.kind == bakfile.TypeFull {
				fulls = append(fulls, i)
			}
		}
		base := rapid.SampledFrom(fulls).Draw(t, "base")
		chain = append(chain, sets[base])
		for i, b := range sets {
			if b.kind == bakfile.TypeDifferential && b.base == base {
				diffs = append(diffs, i)
			}
		}
		from := base
		if len(diffs) > 0 && rapid.Bool().Draw(t, "with differential") {
			from = rapid.SampledFrom(diffs).Draw(t, "differential")
			chain = append(chain, sets[from])
		}
		for _, b := range sets[from+1:] {
			if b.kind == bakfile.TypeLog {
				chain = append(chain, b)
			}
		}
		chain = chain[:rapid.IntRange(1, len(chain)).Draw(t, "length")]

		var alone json.RawMessage
		for i, b := range chain {
			verb := "DATABASE"
			if b.kind == bakfile.TypeLog {
				verb = "LOG"
			}
			must(to, "RESTORE "+verb+" "+name+" FROM DISK = '"+b.path+"' WITH NORECOVERY")
			alone = apply(t, alone, s.file(b.path))
			d, _ := to.DatabaseNow(name)
			if d.RedoLSN != b.at || !reflect.DeepEqual(d.Tables, b.sums) {
				t.Fatalf("after %d sets at %s, want %s\n%v\n%v", i+1, d.RedoLSN, b.at, d.Tables, b.sums)
			}
			if sums, err := sqlserveremu.Sums(alone); err != nil || !reflect.DeepEqual(sums, b.sums) {
				t.Fatalf("files alone give %v (%v), want %v", sums, err, b.sums)
			}
		}
		must(to, "RESTORE DATABASE "+name+" WITH RECOVERY; DROP DATABASE "+name)
		must(s, "DROP DATABASE "+name)
		for _, b := range sets {
			os.Remove(s.file(b.path))
		}
	})
}

func apply(t rapid.TB, before json.RawMessage, path string) json.RawMessage {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out, err := sqlserveremu.Apply(before, read(t, path), f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFiftyDatabasesAtOnce(t *testing.T) {
	n := 50
	if testing.Short() {
		n = 10
	}
	s := start(t, func(c *sqlserveremu.Config) {
		c.Databases = nil
		for i := range n {
			c.Databases = append(c.Databases, sqlserveremu.DatabaseSpec{Name: fmt.Sprintf("db%02d", i), Size: 64 << 10, Tables: tables()})
		}
	})
	to := target(t, s)
	var all sync.WaitGroup
	for i := range n {
		name := fmt.Sprintf("db%02d", i)
		if err := s.Load(name, 20); err != nil {
			t.Fatal(err)
		}
		all.Add(1)
		go func() {
			defer all.Done()
			ctx := context.Background()
			for _, step := range []struct {
				on    *started
				query string
			}{
				{s, "BACKUP DATABASE $ TO DISK = '$.bak' WITH CHECKSUM"}, {to, "RESTORE DATABASE $ FROM DISK = '$.bak' WITH NORECOVERY"},
				{s, "BACKUP LOG $ TO DISK = '$-1.trn'"}, {to, "RESTORE LOG $ FROM DISK = '$-1.trn' WITH NORECOVERY"},
				{s, "ALTER DATABASE $ SET RESTRICTED_USER WITH ROLLBACK IMMEDIATE"}, {s, "BACKUP LOG $ TO DISK = '$-2.trn' WITH NORECOVERY"},
				{to, "RESTORE LOG $ FROM DISK = '$-2.trn' WITH RECOVERY"},
			} {
				if _, err := step.on.db.ExecContext(ctx, strings.ReplaceAll(step.query, "$", name)); err != nil {
					t.Errorf("%s: %v", strings.ReplaceAll(step.query, "$", name), err)
					return
				}
			}
			a, _ := s.DatabaseNow(name)
			b, _ := to.DatabaseNow(name)
			if !reflect.DeepEqual(a.Tables, b.Tables) || a.Writable || !b.Writable {
				t.Errorf("%s: source writable %v, target %v; equal %v", name, a.Writable, b.Writable, reflect.DeepEqual(a.Tables, b.Tables))
			}
		}()
	}
	all.Wait()
}
