package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// TestAPersonMovesAServer does by hand what the pages of servers promise: a
// code, a job, synchronisations by themselves and by hand, a pause, a failure
// and its retry, another interval, the completion behind its checklist, a
// verification, the clearing, and a wave of two.
func TestAPersonMovesAServer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	y := newServerYard(t, emulators.Pace{Step: time.Millisecond})
	b := openBrowser(t, y.app.URL())
	b.get("/")
	b.types("code", y.app.SetUpCode().Reveal())
	b.types("name", "ana")
	b.types("password", "correct horse battery")
	b.types("again", "correct horse battery")
	b.do(chromedp.Click("form button[type=submit]"))
	b.sees("Overview")

	// A code is shown once.
	b.get("/servers")
	b.sees("Source servers", "sqldemo", "webfront", "winfiles", "as the service told it")
	b.picture("servers")
	b.clicks("Add source servers")
	b.puts("name", "batch-1")
	b.clicks("Make a code")
	b.sees("shown this once", "access_token_code", "batch-1", "0 of 10")
	b.picture("code")
	b.get("/servers/" + demo.Account + "/tokens")
	b.is(`!document.querySelector("main").innerText.includes("access_token_code:")`)
	b.clicks("Disable")
	b.sees("registers no more servers")

	// The instance on it is confirmed by a person.
	if err := y.app.Collector.Scan(t.Context(), scan.InstanceSubject(demo.Server), nil); err != nil {
		t.Fatal(err)
	}
	source := "/servers/" + demo.Account + "/sources/" + emulators.SourceSQL
	b.get(source)
	b.sees("SQL Server on it", "Data disk 2")
	b.puts("instance", demo.Server)
	b.clicks("Confirm")
	b.sees("Its databases, with their last backups", "Take a last backup")
	b.clicks("Count rows now")
	b.sees("Rows and objects are counted", "databases were counted")
	b.picture("source")

	// The form says what is wrong before anything is sent, and the exact call.
	b.clicks("New migration job")
	b.sees("The exact call", "SystemDiskSize=80", "How it would be synchronised")
	b.puts("every", "200")
	b.sees("The interval is 1 hour to 7 days")
	b.puts("every", "24")
	b.puts("vpc", emulators.VPC)
	b.puts("vswitch", emulators.VSwitch)
	b.clicks("A VPC")
	b.sees("NetMode=2", "VSwitchId="+emulators.VSwitch)
	b.is(`!document.querySelector("main").innerText.includes("The interval is 1 hour to 7 days")`)
	b.picture("draft")
	b.clicks("Make the job")
	b.sees("The job j-")
	job := ""
	y.until("the job", nil, func() bool {
		all, err := y.app.DB.Servers().JobsOf(t.Context(), demo.Account, emulators.SourceSQL)
		if err == nil && len(all) > 0 {
			job = all[0].ID
		}
		return job != ""
	})
	page := "/servers/" + demo.Account + "/jobs/" + job
	orders := func(what, button string, more ...func()) {
		b.get(page)
		b.is(fmt.Sprintf(`(() => { const e = [...document.querySelectorAll("ul.offers a")].find(e => e.innerText.trim() === %q); if (!e) return false; e.click(); return true; })()`, what))
		b.sees("What will happen", "The exact call")
		for _, f := range more {
			f()
		}
		b.clicks(button)
		b.sees("What was ordered")
	}
	pace := func(p float64) { y.cloud.SMC.Settings(smcemu.SettingsPatch{Pace: &p}) }

	// It is started, paused while it copies, and goes on.
	pace(1) // as slow as a real one; its clock is moved ahead
	orders("Start", "Start")
	b.sees("preparing")
	y.cloud.SMC.Forward(20 * time.Minute)
	b.sees("copying data", "The intermediate instance")
	b.picture("copying")
	b.clicks("Pause")
	b.sees("What will happen")
	b.clicks("Pause")
	b.sees("The job is paused")
	pace(1e6)
	orders("Go on", "Go on")
	b.sees("waiting", "Newest image holds the server as of")

	// Two synchronisations come by themselves.
	for n := 2; n <= 3; n++ {
		y.cloud.SMC.Forward(25 * time.Hour)
		y.until(fmt.Sprintf("image %d", n), nil, func() bool { j := y.job(job); return j.Status == servermigration.Waiting && len(j.Cycles) == n })
	}
	b.sees("by itself")
	b.picture("synchronised")

	// One by hand: refused with two ways round, then taken.
	orders("Synchronise now", "Synchronise now")
	b.sees("does not synchronise a waiting job", "one last synchronisation")
	yes := true
	y.cloud.SMC.Settings(smcemu.SettingsPatch{StartWaiting: &yes})
	orders("Synchronise now", "Synchronise now")
	b.sees("A synchronisation has ended", "by hand")

	// One fails, is explained and tried again.
	y.cloud.SMC.Job(job, smcemu.JobPatch{Trouble: &smcemu.Trouble{Phase: "Syncing", Code: "InternalError", Info: "Do Rsync Disk 1 Failed, return: 3072"}})
	orders("Synchronise now", "Synchronise now")
	b.sees("Copying was cut off", "Stop the database service")
	b.picture("failed")
	orders("Try again", "Try again")
	y.until("it waits", nil, func() bool { return y.job(job).Status == servermigration.Waiting })

	orders("Change interval and images", "Change interval and images", func() { b.puts("every", "12"); b.puts("keep", "5") })
	b.sees("Every 12 hours, 5 images kept")

	// The completion waits for its checklist and the name.
	b.get(page + "/complete")
	b.sees("Not ticked", "cannot be undone")
	b.is(`document.querySelector("main form.fields") === null`)
	b.picture("not-ticked")
	b.get(page)
	for range servermigration.BeforeComplete(servermigration.Server{}, true) {
		b.clicks("Tick")
		b.is(`document.readyState === "complete"`)
	}
	b.sees("ana, ")
	b.picture("ticked")
	b.get(page + "/complete")
	b.sees("One last synchronisation")
	b.puts("confirm", y.job(job).Name)
	b.clicks("Complete")
	b.sees("The job is completed", "After the move")
	b.picture("completed")

	// Verified, and cleared.
	orders("Verify an image", "Verify an image", func() {
		b.puts("zone", "cn-hangzhou-i")
		b.puts("type", "ecs.g7.large")
	})
	b.sees("Verified: an instance made of the image started", "stack OOS-")
	orders("Delete the job", "Delete the job", func() { b.puts("confirm", y.job(job).Name) })
	b.sees("gone from the service", "what was known of it")
	b.picture("cleared")

	// What it has become is set beside what was counted: here another server.
	b.get(source)
	b.is(fmt.Sprintf(`(() => { const f = document.querySelector('form[action$="/moved"]'); if (!f) return false; f.querySelector("select").value = %q; f.requestSubmit(); return true; })()`, demo.RDS))
	b.sees("After the move", "was read now", "It is not at the new server")
	b.picture("set-beside")

	y.waveOfTwo(t, b)
}

// waveOfTwo starts two jobs together and completes them together.
func (y *serverYard) waveOfTwo(t *testing.T, b *browser) {
	var jobs []string
	for i, source := range []string{emulators.SourceSQL, emulators.SourceWeb} {
		src, err := y.app.DB.Servers().Server(t.Context(), demo.Account, source)
		if err != nil {
			t.Fatal(err)
		}
		d := servermigration.Draft{SourceID: source, Region: emulators.Region, Name: fmt.Sprintf("wave-%d", i), Target: servermigration.ToImage, ImageName: fmt.Sprintf("wave-%d", i), Every: 24, Keep: 2, ValidTill: time.Now().Add(30 * 24 * time.Hour),
			Network: servermigration.Private, VPC: emulators.VPC, VSwitch: emulators.VSwitch}
		for _, disk := range src.Disks {
			d.Disks = append(d.Disks, servermigration.DraftDisk{Index: disk.Index, GiB: disk.GiB})
		}
		id, findings, err := y.app.Desk.Draft(t.Context(), demo.Account, d, dba)
		if err != nil {
			t.Fatal(err, findings)
		}
		o := y.ended(id, nil)
		if !o.Why.IsZero() {
			t.Fatal(o.Why)
		}
		jobs = append(jobs, o.Made)
	}
	y.until("both jobs", nil, func() bool { return y.job(jobs[0]).ID != "" && y.job(jobs[1]).ID != "" })
	b.get("/servers")
	b.is(`(() => { const e = [...document.querySelectorAll("main summary")].find(e => e.innerText.includes("Move several together")); if (!e) return false; e.click(); return true; })()`)
	b.is(`document.querySelectorAll("main form input[name=jobs]").length >= 2`)
	b.puts("name", "first wave")
	for _, id := range jobs {
		b.is(fmt.Sprintf(`(() => { const e = document.querySelector('input[name=jobs][value$="/%s"]'); if (!e) return false; e.checked = true; return true; })()`, id))
	}
	b.clicks("Make a wave")
	b.sees("Jobs of the wave", "wave-0", "wave-1")
	b.clicks("Start 2")
	b.sees("Start ordered of 2 jobs")
	y.until("both to wait", nil, func() bool {
		return y.job(jobs[0]).Status == servermigration.Waiting && y.job(jobs[1]).Status == servermigration.Waiting
	})
	b.sees("lines of its checklist are not ticked")
	b.picture("wave")
	for _, id := range jobs {
		y.tick(id)
	}
	b.clicks("Complete 2")
	b.sees("cannot be undone")
	b.puts("confirm", "first wave")
	b.clicks("Complete those that wait")
	b.sees("Complete ordered of 2 jobs")
	y.until("both to be completed", nil, func() bool {
		return y.job(jobs[0]).Status == servermigration.Finished && y.job(jobs[1]).Status == servermigration.Finished
	})
	b.sees("completed")
	b.picture("wave-completed")
}
