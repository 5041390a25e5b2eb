package app_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/scan"
)

// sets writes a value into a field as a person would leave it.
func (b *browser) sets(name, value string) {
	b.t.Helper()
	script := fmt.Sprintf(`(() => { const e = document.querySelector('main [name="' + CSS.escape(%q) + '"]'); if (!e) return false; e.value = %q; return true; })()`, name, value)
	if ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script)); err != nil || !ok {
		b.t.Fatalf("no field %s: %v", name, err)
	}
}

// fulls are the verified full backups of a database, oldest first.
func fulls(t *testing.T, h *house, database string) (out []backup.Record) {
	t.Helper()
	all, err := h.app.DB.Catalogue().Sets(t.Context(), demo.Server, database, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Set.Kind == backup.Full && r.Gone.IsZero() && r.State == backup.Complete && !r.Verified.IsZero() {
			out = append(out, r)
		}
	}
	return out
}

// TestAPolicyOfOnesOwn does the second job by hand: a policy is made in the
// form and runs on its cron; its retention is shortened to the first of each
// day, the preview names the sets that go, and exactly those go; the timeline
// restores a database to a second, with the rows it had then.
func TestAPolicyOfOnesOwn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the minute of a cron line")
	}
	h := newHouseBeside(t, emulators.Pace{Step: 10 * time.Millisecond, Load: 50})
	b := openBrowser(t, h.app.URL())
	b.get("/")
	b.sees("administrator")
	b.types("code", h.app.SetUpCode().Reveal())
	b.types("name", "ana")
	b.types("password", "correct horse battery")
	b.types("again", "correct horse battery")
	b.do(chromedp.Click("form button[type=submit]"))
	b.sees("Overview", "New migration")

	// The form tells of the last look where the server is slow to answer.
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := h.app.Collector.Scan(t.Context(), scan.InstanceSubject(demo.Server), nil)
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the server was not looked at: %v", err)
		}
	}
	// What is wrong lands beside its field, and nothing is lost of what was typed.
	b.get("/policies/new")
	b.sets("name", "Shop, every minute")
	b.clicks(emulators.Server)
	b.sees("What matches now", "billing")
	for name, value := range map[string]string{"include": "shop", "full.cron": "0 0 31 2 *", "zone": "Mars/Base", "log.cron": "TZ=0 * * * * *"} {
		b.sets(name, value)
	}
	b.clicks("Look at what it will do")
	b.sees("never comes", `no time zone "Mars/Base"`, "the zone has a field of its own", "no pattern chooses it")
	b.picture("policy-refused")
	for name, value := range map[string]string{"full.cron": "0 2 * * *", "full.weekly": "", "full.monthly": "", "full.count": "20", "differential.cron": "", "differential.days": "", "log.cron": "", "log.days": "", "zone": "UTC", "objective": "5m"} {
		b.sets(name, value)
	}
	b.clicks("Look at what it will do")
	b.sees("A new policy", "Worst-case RPO", "the newest 20", "Backups to come")
	b.picture("policy-preview")
	b.clicks("Make the policy")
	b.sees("is saved", "enabled", "at 02:00")

	p := only(t, h)
	for n := range 3 {
		time.Sleep(1100 * time.Millisecond) // history counts seconds
		b.get("/policies/" + p.ID + "/run")
		b.clicks("Back up now")
		b.sees("Full backup", "done")
		for deadline := time.Now().Add(5 * time.Minute); len(fulls(t, h, "shop")) <= n; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d full backups", len(fulls(t, h, "shop")))
			}
		}
	}
	have := fulls(t, h, "shop")

	// The first of each of two days is kept, and the newest: what lies between goes.
	b.get("/policies/" + p.ID + "/edit")
	b.sets("full.count", "")
	b.sets("full.daily", "2")
	b.sets("log.cron", "* * * * *")
	b.sets("log.count", "30")
	b.clicks("Look at what it will do")
	b.sees("What goes because of it", "1 set of 1 database", "Lost:", "the newest 20")
	b.picture("policy-shorter")
	b.types("confirm", p.Name)
	b.clicks("Save")
	b.sees("is saved", "version 2", "every minute")
	b.clicks("Prune now")
	b.sees("1 set", "Remove exactly these", "none of this holds it")
	b.picture("prune")
	b.types("confirm", p.Name)
	b.clicks("Remove them")
	b.sees("done", "Removed 1 set")
	left := fulls(t, h, "shop")
	if len(left) != 2 || left[0].ID != have[0].ID || left[1].ID != have[2].ID {
		t.Errorf("%d sets are left of %d", len(left), len(have))
	}

	// The cron line fires at its minute, and brings the log up to it.
	h.cloud.SQL.StopLoad("shop")
	time.Sleep(1100 * time.Millisecond)
	want, _ := h.cloud.SQL.DatabaseNow("shop")
	at := time.Now().UTC().Truncate(time.Second)
	time.Sleep(1100 * time.Millisecond)
	if err := h.cloud.SQL.Load("shop", 50); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		d, err := h.app.DB.Catalogue().Protection(t.Context(), demo.Server, "shop")
		if err == nil && d.RestorableTo.After(at.Add(time.Second)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("restorable to %v, wanted %v", d.RestorableTo, at)
		}
	}
	slots, err := h.app.DB.Policies().Slots(t.Context(), p.ID, "", 10)
	if err != nil || !slices.ContainsFunc(slots, func(d policy.Decided) bool { return d.Kind == backup.Log && d.Verdict == policy.Fired }) {
		t.Fatalf("slots %+v, %v", slots, err)
	}
	b.get("/policies/" + p.ID)
	b.sees("taken", "as promised")
	b.picture("policy")

	b.get("/instances/" + demo.Server + "/database?" + url.Values{"name": {"shop"}}.Encode())
	b.sees("Recovery window", "any second", "whole")
	b.picture("database")
	b.sets("at", at.Format(time.DateTime))
	b.clicks("Restore to it")
	b.sees("To which moment")
	b.sets("as", "shop_then")
	b.clicks("Look at it")
	b.sees("The exact statements", "STOPAT = N'"+at.Format("2006-01-02T15:04:05"), "RESTORE DATABASE [shop_then]", "WITH RECOVERY")
	b.picture("restore")
	b.types("confirm", emulators.Server)
	b.do(chromedp.Click("main button[data-guarded]"))
	b.sees("is open as it was at")
	got, ok := h.cloud.SQL.DatabaseNow("shop_then")
	if !ok || fmt.Sprint(got.Tables) != fmt.Sprint(want.Tables) {
		t.Errorf("the restored rows differ: %.300s\nwant %.300s", fmt.Sprint(got.Tables), fmt.Sprint(want.Tables))
	}
	for name, path := range map[string]string{"overview": "/", "policies": "/policies", "sets": "/sets", "protection": "/protection"} {
		b.get(path)
		b.sees("shop")
		b.picture(name)
	}
	b.get("/audit")
	b.sees("policy.make", "policy.change", "backup.prune", "restore.order", "whole")
	b.letsGo(p)
	b.get("/audit")
	b.sees("policy.remove", "backup.clear-order", "whole")
}

// letsGo removes the policy and then the backups that no rule wants any more.
func (b *browser) letsGo(p policy.Policy) {
	b.t.Helper()
	b.get("/policies/left-over")
	b.sees("Nothing is left over")
	b.get("/policies/" + p.ID + "/remove")
	b.sees("under Left-over backups")
	b.types("confirm", p.Name)
	b.do(chromedp.Click("main button[data-guarded]"))
	b.sees("go by its last rule")
	b.clicks("Left-over backups")
	b.clicks("Look now")
	b.sees("shop", "The policy "+p.Name+" was removed.")
	b.picture("left-over")
	b.do(chromedp.Click("main tbody th a"))
	b.sees("What keeps each set", "It is the newest full backup", "Let go of all of them")
	b.picture("left-over-database")
	b.types("confirm", "shop")
	b.do(chromedp.Click("main button[data-guarded]"))
	b.sees("done", "Removed ")
	b.get("/policies/left-over")
	b.sees("Nothing is left over")
}

// only is the one policy there is.
func only(t *testing.T, h *house) policy.Policy {
	t.Helper()
	all, err := h.app.DB.Policies().Policies(t.Context())
	if err != nil || len(all) != 1 || !strings.HasPrefix(all[0].Name, "Shop") {
		t.Fatalf("policies %+v, %v", all, err)
	}
	return all[0]
}
