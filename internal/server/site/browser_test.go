package site_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestAPageFollowsAMigrationWithoutReloading watches one page in a real
// browser from the start of a migration to its opening, under the strict
// policy: everything on it must arrive through the stream.
func TestAPageFollowsAMigrationWithoutReloading(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	h := servertest.NewHouse(t)
	h.Cloud(t)
	h.Admin(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	complaints := listenToConsole(ctx)
	ctx, cancel = context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	says := func(text string) {
		t.Helper()
		// While a page gives way to the next there is nothing to ask: ask again.
		for {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && (document.querySelector("main") || {innerText: ""}).innerText.includes(`+quoted(text)+`)`))
			if err == nil && ok {
				return
			}
			if ctx.Err() != nil {
				t.Fatalf("the page never said %q: %v", text, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	is := func(expression string) {
		t.Helper()
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err != nil || !ok {
			t.Errorf("%s: %v %v", expression, ok, err)
		}
	}

	do(chromedp.Navigate(h.URL+"/migrations/new/checks?source=files&prefix=orders/&instance=target&staging=staging"),
		chromedp.SendKeys(chromedp.CSS("input[name=name]"), servertest.AdminName), chromedp.SendKeys(chromedp.CSS("input[name=password]"), servertest.AdminPassword+"\r"))
	says("It can start")
	do(chromedp.Click(chromedp.CSS("main form.fields button[type=submit]")))
	says("has begun")
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.sameDocument = true`)); err != nil {
		t.Fatal(err)
	}
	says("Every known file is applied")
	says("target is here")
	is(`window.sameDocument === true`)
	is(`document.getElementById("linkstate").dataset.state === "live"`)
	is(`document.querySelectorAll("svg.chain.flat rect.applied").length === 4`)

	// Colours change at once and stay with the person.
	do(chromedp.Click(chromedp.CSS("form.theme button[value=dark]")))
	is(`document.documentElement.dataset.theme === "dark" && window.sameDocument === true`)

	// What cannot be undone waits for the typed name.
	do(chromedp.Click(chromedp.CSS("a.btn.danger")), chromedp.WaitVisible(chromedp.CSS("input[name=confirm]")))
	is(`document.documentElement.dataset.theme === "dark"`)
	is(`document.querySelector("button[data-guarded]").disabled`)
	do(chromedp.SendKeys(chromedp.CSS("input[name=confirm]"), "orders"))
	is(`!document.querySelector("button[data-guarded]").disabled`)

	do(chromedp.NavigateBack())
	says("Every known file is applied")
	do(chromedp.Click(chromedp.CSS(".head a.btn:not(.plain):not(.danger)")))
	says("What will happen")
	do(chromedp.Click(chromedp.CSS("main form.fields button[type=submit]")))
	says("The database is open")
	for _, c := range complaints() {
		t.Error("console: " + c)
	}
}

// listenToConsole collects what the browser complains of.
func listenToConsole(ctx context.Context) func() []string {
	var mu sync.Mutex
	var all []string
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			mu.Lock()
			all = append(all, string(m.Type)+": "+m.Text)
			mu.Unlock()
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }
