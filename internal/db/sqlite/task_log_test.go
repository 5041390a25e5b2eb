package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite/tasklog"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// TestTasksOfAServiceAreKept: newest first, page by page, changed ones as they
// were told last, those of another instance apart; the oldest go when there are
// too many.
func TestTasksOfAServiceAreKept(t *testing.T) {
	d := open(t)
	log, ctx := d.TaskLog(), t.Context()
	at := func(n int) backup.ServiceTask {
		return backup.ServiceTask{ID: fmt.Sprint(n), Type: "BACKUP_DB", State: "SUCCESS", Over: true, Created: noon.Add(time.Duration(n/2) * time.Minute), Code: "window", Percent: -1}
	}
	keep := func(instance string, tasks ...backup.ServiceTask) {
		t.Helper()
		if err := log.KeepTasks(ctx, instance, tasks); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a", "b"} {
		if err := d.SaveInstance(ctx, endpoint.Instance{ID: id, Name: id, Kind: "server", Host: "h", Login: "sa"}, entry("instance.save")); err != nil {
			t.Fatal(err)
		}
	}
	keep("a", at(3), at(2), at(1))
	keep("b", at(9))
	later := at(3)
	later.Text, later.CanCancel = strings.Repeat("x", 100_000)+"the end", true
	keep("a", at(5), at(4), later)
	var ids []string
	for before, pages := "", 0; ; pages++ {
		page, next, err := log.Tasks(ctx, "a", before, 2)
		if err != nil || pages > 5 {
			t.Fatal(pages, err)
		}
		for _, k := range page {
			ids = append(ids, k.ID)
			if k.ID == "3" && (!strings.HasSuffix(k.Text, "the end") || len(k.Text) > 10_000 || k.CanCancel || k.Code != "window" || !k.Created.Equal(later.Created)) {
				t.Errorf("%d bytes, %+v", len(k.Text), k.State)
			}
		}
		if before = next; next == "" {
			break
		}
	}
	if got := strings.Join(ids, " "); got != "5 4 3 2 1" {
		t.Errorf("listed %s", got)
	}
	if _, _, err := log.Tasks(ctx, "a", "nonsense", 2); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	// Made anew behind the same address, it counts from 1 again: nothing is lost.
	anew := at(1)
	anew.Database, anew.Created = "other", noon.Add(40*24*time.Hour)
	shifted := anew
	shifted.Created = shifted.Created.Add(time.Hour) // the zone of its clock
	keep("a", anew)
	keep("a", anew)
	keep("a", shifted)
	page, _, err := log.Tasks(ctx, "a", "", 10)
	if err != nil || len(page) != 6 || page[0].ID != "1" || page[0].Database != "other" || !page[0].Created.Equal(shifted.Created) || page[5].ID != "1" || page[5].Database != "" {
		t.Errorf("%d tasks, %+v, %v", len(page), page, err)
	}
	many := make([]backup.ServiceTask, tasklog.Most)
	for i := range many {
		many[i] = at(100 + 2*(tasklog.Most-i))
	}
	keep("a", many...)
	n := 0
	if err := d.read.QueryRowContext(ctx, `SELECT count(*) FROM service_tasks WHERE instance_id = 'a'`).Scan(&n); err != nil || n != tasklog.Most {
		t.Errorf("%d are kept, %v", n, err)
	}
	if err := d.RemoveInstance(ctx, "a", entry("instance.remove")); err != nil {
		t.Fatal(err)
	}
	if err := d.read.QueryRowContext(ctx, `SELECT count(*) FROM service_tasks`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d are kept when their instance is removed, want the other's: %v", n, err)
	}
}
