package app_test

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
)

// compared waits until the newest comparison has ended.
func (h *house) compared(id string) compare.Comparison {
	h.t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		c, err := h.app.DB.Migrations().LastComparison(h.t.Context(), id)
		if err != nil {
			h.t.Fatal(err)
		}
		if c != nil && c.Verdict() != compare.Comparing {
			return *c
		}
	}
	h.t.Fatal("nothing was compared in time")
	return compare.Comparison{}
}

// moveReadOnly takes a database under load to the open target with the source
// frozen READ_ONLY.
func (h *house) moveReadOnly(database string) string {
	h.t.Helper()
	if err := h.cloud.SQL.Load(database, 200); err != nil {
		h.t.Fatal(err)
	}
	id := h.follow(database, func(w *migration.LiveRequest) { w.Freeze = migration.FreezeReadOnly })
	h.until(id, "the differential applied", follows)
	h.cutOver(id)
	h.until(id, "the open database", opened)
	return id
}

// TestContentsAreComparedAfterTheCutover: frozen READ_ONLY, both sides are read
// over TDS and found equal; a row that changed on the target is found, and
// said loudly while the migration stays finished.
func TestContentsAreComparedAfterTheCutover(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.moveReadOnly("shop")
	h.sameContents("shop")
	c := h.compared(id)
	if c.Verdict() != compare.Equal || c.Compared != 2 || c.Source.Rows == 0 || c.Source.Rows != c.Target.Rows {
		t.Fatalf("%s %+v", c.Words(), c)
	}
	if m := h.migration(id); c.Source.Began.Before(m.Opened) || c.Source.Ended.Before(c.Source.Began) || c.Target.Ended.Before(c.Target.Began) {
		t.Errorf("moments %+v", c)
	}
	says(t, c.Source.Note+c.Target.Note, "READ_ONLY before and after")
	t.Log(c.Words())

	h.cloud.Reading.PatchDatabase("shop", sqlserveremu.DatabasePatch{ReadOnly: new(bool)})
	if err := h.cloud.Reading.Load("shop", 500); err != nil {
		t.Fatal(err)
	}
	for h.cloud.Reading.Loads()[0].Written < 50 {
		time.Sleep(time.Millisecond)
	}
	h.cloud.Reading.StopLoad("shop")
	h.compareAgain(id)
	if c = h.compared(id); c.Verdict() != compare.Different || c.Tables[0].Equal() {
		t.Fatalf("%s %+v", c.Words(), c)
	}
	says(t, c.Words().String(), "differ")
	says(t, c.Target.Note, "took writes")
	if m := h.migration(id); m.Stage != migration.StageOpened {
		t.Fatalf("stage %s", m.Stage)
	}
}

func (h *house) compareAgain(id string) {
	h.t.Helper()
	if err := compare.Order(h.t.Context(), h.app.DB.Migrations(), id, app.NewID, h.by()); err != nil {
		h.t.Fatal(err)
	}
}

// TestWhatCannotBeReadIsNotCompared: the migration is finished all the same,
// the reason is said, and the comparison can be had later.
func TestWhatCannotBeReadIsNotCompared(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	t.Run("no reading login", func(t *testing.T) {
		h := newHouse(t)
		with := h.reading(func(i *endpoint.Instance) { i.Host, i.Login = "", "" })
		id := h.moveReadOnly("stock")
		c := h.compared(id)
		if c.Verdict() != compare.NotCompared {
			t.Fatalf("%+v", c)
		}
		says(t, c.Words().String()+c.Fix.String(), "no SQL login is given", "Settings")
		h.reading(func(i *endpoint.Instance) { *i = with })
		h.compareAgain(id)
		if c := h.compared(id); c.Verdict() != compare.Equal {
			t.Fatalf("%s", c.Words())
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		h := newHouse(t)
		h.reading(func(i *endpoint.Instance) { i.Login = "nobody" })
		c := h.compared(h.moveReadOnly("stock"))
		if c.Verdict() != compare.NotCompared {
			t.Fatalf("%+v", c)
		}
		says(t, c.Words().String(), "login failed")
	})
	t.Run("closed by the tail", func(t *testing.T) {
		h := newHouse(t)
		id := h.follow("stock", nil)
		h.until(id, "the differential applied", follows)
		h.cutOver(id)
		m := h.until(id, "the open database", opened)
		err := compare.Order(t.Context(), h.app.DB.Migrations(), id, app.NewID, h.by())
		if err == nil {
			t.Fatal("compared with a source that nobody can read")
		}
		says(t, err.Error(), "closed the source", m.LiveSource.Tail.String())
	})
	t.Run("a table it may not read is refused", func(t *testing.T) {
		h := newHouse(t)
		h.bites(h.cloud.Reading.ControlPort(), control.Rule{Operation: "SELECT", Times: -1, Status: 500, Code: "229", Message: "The SELECT permission was denied on the object 'orders'."})
		c := h.compared(h.moveReadOnly("billing"))
		if c.Verdict() != compare.NotCompared {
			t.Fatalf("%s", c.Words())
		}
		says(t, c.Words().String(), "permission was denied")
	})
}

// reading changes how the target is read, and gives what it was before.
func (h *house) reading(change func(*endpoint.Instance)) endpoint.Instance {
	h.t.Helper()
	i, err := h.app.DB.Instance(h.t.Context(), demo.Instance)
	if err != nil {
		h.t.Fatal(err)
	}
	before := i
	change(&i)
	h.save(func(d demo.Furnisher) error { return d.App.DB.SaveInstance(h.t.Context(), i, d.Entry("instance")) })
	return before
}
