package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

func TestRestoresAreGuarded(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	good := func() (backup.RestoreOrder, RestoreGround) {
		return backup.RestoreOrder{SetID: "1", Target: "rm-2", Databases: map[string]string{"shop": "shop_old"}},
			RestoreGround{Source: "rm-1", Target: "rm-2", Typed: "rm-2", Names: []string{"Shop"}, MaxDatabases: 2, Now: now,
				Set: &backup.CloudSet{ID: "1", Usable: true, Databases: []string{"shop"}, Expires: now.Add(time.Hour)}}
	}
	moment := func(at time.Time) func(*backup.RestoreOrder, *RestoreGround) {
		return func(r *backup.RestoreOrder, g *RestoreGround) {
			r.SetID, r.At, g.Set = "", at, nil
			g.Windows = []backup.Window{{From: now.Add(-2 * time.Hour), To: now.Add(-time.Hour)}}
		}
	}
	for name, c := range map[string]struct {
		change func(*backup.RestoreOrder, *RestoreGround)
		field  string
	}{
		"as it is":      {func(*backup.RestoreOrder, *RestoreGround) {}, ""},
		"not typed":     {func(_ *backup.RestoreOrder, g *RestoreGround) { g.Typed = "rm-1" }, FieldTarget},
		"taken":         {func(r *backup.RestoreOrder, _ *RestoreGround) { r.Databases["shop"] = "SHOP" }, FieldNames},
		"system":        {func(r *backup.RestoreOrder, _ *RestoreGround) { r.Databases["shop"] = "msdb" }, FieldNames},
		"not in it":     {func(r *backup.RestoreOrder, _ *RestoreGround) { r.Databases = map[string]string{"crm": "c"} }, FieldNames},
		"too many":      {func(_ *backup.RestoreOrder, g *RestoreGround) { g.MaxDatabases = 1 }, FieldTarget},
		"expired":       {func(_ *backup.RestoreOrder, g *RestoreGround) { g.Set.Expires = now }, FieldMoment},
		"failed":        {func(_ *backup.RestoreOrder, g *RestoreGround) { g.Set.Failed = true }, FieldMoment},
		"inside":        {moment(now.Add(-90 * time.Minute)), ""},
		"outside":       {moment(now.Add(-30 * time.Minute)), FieldMoment},
		"both":          {func(r *backup.RestoreOrder, _ *RestoreGround) { r.At = now }, FieldNames},
		"nothing named": {func(r *backup.RestoreOrder, _ *RestoreGround) { r.Databases = nil }, FieldNames},
	} {
		r, g := good()
		c.change(&r, &g)
		found := CheckRestore(r, g)
		if (c.field == "") == Barred(found) || c.field != "" && !slices.ContainsFunc(found, func(f Finding) bool { return f.Field == c.field }) {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestErrorsFindTheirFields(t *testing.T) {
	refused := fault.New(fault.Conflict, "Words.", "Fix.").Because(&Refusal{Code: "X", Field: FieldHour})
	if got := Findings(refused); len(got) != 1 || got[0] != (Finding{FieldHour, true, "Words.", "Fix."}) {
		t.Errorf("%+v", got)
	}
	objected := fault.New(fault.Invalid, "x", "").Because(&Objection{[]Finding{{Field: FieldDays, Bars: true, Text: "t"}}})
	if got := Findings(objected); len(got) != 1 || got[0].Field != FieldDays {
		t.Errorf("%+v", got)
	}
	if got := Findings(fault.New(fault.Unavailable, "x", "")); got != nil {
		t.Errorf("%+v", got)
	}
}
