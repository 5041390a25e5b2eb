package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
)

// is fails unless an expression is true within a while.
func (b *browser) is(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			b.picture("not-so")
			b.t.Fatalf("%s: %v", expression, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// puts writes a value into a field in place of what is there, as a person does.
func (b *browser) puts(name, value string) {
	b.t.Helper()
	b.is(fmt.Sprintf(`(() => { const e = document.querySelector('main [name="%s"]'); if (!e || document.readyState !== "complete") return false; e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`, name, value))
}

// TestAPersonLooksAfterBackupsInTheCloud does by hand what backups of the
// cloud are about: the policy changed, changed elsewhere and put back; a backup
// to its end, kept longer; and a restore to a second chosen on the picture.
func TestAPersonLooksAfterBackupsInTheCloud(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	h := newHouseBeside(t, emulators.Pace{Step: 10 * time.Millisecond, Past: 9 * 24 * time.Hour})
	b := openBrowser(t, h.app.URL())
	b.get("/")
	b.types("code", h.app.SetUpCode().Reveal())
	b.types("name", "ana")
	b.types("password", "correct horse battery")
	b.types("again", "correct horse battery")
	b.do(chromedp.Click("form button[type=submit]"))
	b.sees("Overview")
	instance := "/instances/" + demo.Instance

	// The form says at once what excludes what, without a reload.
	b.get(instance + "/policy")
	b.sees("Next data backup", "Coming backups", "first seen")
	b.clicks("Change")
	b.sees("Keep data and log backups for (days)")
	b.is(`(window.sameDocument = true)`)
	b.clicks("Snapshot")
	b.sees("Snapshots are always full", "Switch it off.")
	b.clicks("Physical")
	b.puts("retention", "3")
	b.sees("Backups are kept for 7 to 730 days")
	b.is(`window.sameDocument === true`)
	b.puts("retention", "21")
	b.is(`!document.querySelector("main").innerText.includes("Backups are kept for")`)
	b.is(`document.querySelector('[name="incremental"][value="true"]').disabled === false`)
	b.clicks("On")
	b.picture("policy-edit")
	b.clicks("Review the change")
	b.sees("14 days", "21 days", "BackupRetentionPeriod=21", "Sets kept at once")
	b.picture("policy-review")
	b.clicks("Save it")
	b.sees("Read again, the service has what was asked for")

	patch := map[string]any{"policy": map[string]any{"retention": 30}}
	if err := (control.Remote{URL: h.cloud.RDS.ControlURL}).Call(t.Context(), http.MethodPatch, "/instances/"+emulators.Instance+"/backups", patch, nil); err != nil {
		t.Fatal(err)
	}
	b.clicks("Look now")
	b.sees("Changed elsewhere: Kept: 21 days → 30 days")
	b.picture("policy-drift")
	b.clicks("Put version 2 back")
	b.sees("Roll back to version 2")
	b.clicks("Roll back")
	b.sees("rolled back to version 2")

	b.get(instance + "/backup")
	b.sees("of 20", "Now it would be")
	b.clicks("Chosen databases")
	b.sees("webshop")
	b.clicks("crm")
	b.puts("retention", "30")
	b.sees("BackupRetentionPeriod=30", "DBName=crm")
	b.picture("backup-now")
	b.clicks("Back up now")
	b.sees("Back up 1 database", "done")
	b.picture("backup-run")

	manual := true
	rows, err := h.app.DB.Catalogue().Records(t.Context(), backup.RecordFilter{InstanceID: demo.Instance, Manual: &manual, Limit: 10})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d sets by hand %v", len(rows), err)
	}
	set := instance + "/sets/" + rows[0].ID
	later := rows[0].Cloud.Expires.AddDate(0, 1, 0).UTC().Truncate(time.Minute).Format(time.DateTime)
	b.get(set + "/extend")
	b.puts("expiry", "2026-01-01 00:00:00")
	b.sees("The expiry can only be moved later")
	b.puts("expiry", later)
	b.sees("ExpectExpireTime")
	b.picture("extend")
	b.clicks("Keep it longer")
	b.sees("the service keeps it until " + later)
	b.get(instance + "/sets?mode=automated")
	b.sees("by the policy", "Full backups")
	b.is(`document.querySelectorAll("figure.chart .uplot canvas").length === 3`)
	b.is(`!document.querySelector("figure.chart details").open`)
	b.picture("sets")

	b.get(instance + "/logs")
	b.sees("Recovery window")
	b.is(`(() => { const svg = document.querySelector("svg.times.flat"), r = svg.getBoundingClientRect();
		svg.dispatchEvent(new MouseEvent("click", {bubbles: true, clientX: r.left + r.width * 0.8, clientY: r.top + r.height / 2}));
		window.chosen = document.getElementById("f-at").value; return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(window.chosen) && Date.now() - Date.parse(window.chosen.replace(" ", "T") + "Z") > 3600e3; })()`)
	b.picture("timeline")
	chosen, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`window.chosen`))
	if err != nil {
		t.Fatal(err)
	}
	b.clicks("Restore to this second")
	b.sees("Into the instance")
	b.is(fmt.Sprintf(`document.getElementById("f-at").value === %q`, chosen))
	b.clicks("webshop")
	b.puts("target", demo.Second)
	b.puts("suffix", "_then")
	b.clicks("Look at it")
	b.sees("CopyDatabaseBetweenInstances", "webshop becomes", "Type Hangzhou reports")
	b.is(`document.querySelector("button[data-guarded]").disabled`)
	b.puts("confirm", "Hangzhou reports")
	b.picture("restore")
	b.do(chromedp.Click("main button[data-guarded]"))
	b.sees("Restore webshop of Hangzhou demo", "done")
	if in, _ := h.cloud.RDS.Instance(emulators.Second); in.Databases["webshop_then"] == nil {
		t.Errorf("%s holds %d databases and not webshop_then", emulators.Second, len(in.Databases))
	}
	b.get("/audit")
	b.sees("policy.write", "set.extend", "restore.order", "whole")
}
