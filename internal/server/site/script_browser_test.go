package site_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestTheScriptIsCopied presses the button in a real browser: with a clipboard
// the whole script goes there, without one it is selected. With BAKPLANE_SHOTS
// set to a folder it leaves pictures there.
func TestTheScriptIsCopied(t *testing.T) {
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
	ctx, cancel = context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	becomes := func(expression string) {
		t.Helper()
		for {
			// While a page gives way to the next there is nothing to ask: ask again.
			if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && ok {
				return
			}
			if ctx.Err() != nil {
				t.Fatalf("never: %s", expression)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	shot := func(name string) {
		t.Helper()
		folder := os.Getenv("BAKPLANE_SHOTS")
		if folder == "" {
			return
		}
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(h.URL+"/migrations/new/script"),
		chromedp.SendKeys(chromedp.CSS("input[name=name]"), servertest.AdminName), chromedp.SendKeys(chromedp.CSS("input[name=password]"), servertest.AdminPassword+"\r"))
	becomes(`document.querySelector("textarea[name=databases]") !== null`)
	shot("script-form-wide")
	do(chromedp.SendKeys(chromedp.CSS("textarea[name=databases]"), "orders; [a;b]"), chromedp.SendKeys(chromedp.CSS("input[name=folder]"), `D:\backup`), chromedp.Click(chromedp.CSS("main form.fields button[type=submit]")))
	becomes(`document.getElementById("script") !== null && document.readyState === "complete"`)
	shot("script-shown-wide")
	becomes(`Object.defineProperty(navigator, "clipboard", {configurable: true, value: {writeText: function (t) { window.copied = t; return Promise.resolve(); }}}) === navigator`)
	do(chromedp.Click(chromedp.CSS("button[data-copy]")))
	becomes(`document.querySelector("button[data-copy]").textContent === "Copied" && copied === document.getElementById("script").textContent && copied.includes("N'a;b'")`)
	becomes(`document.querySelector("button[data-copy]").textContent === "Copy"`)
	becomes(`Object.defineProperty(navigator, "clipboard", {configurable: true, value: undefined}) === navigator`)
	do(chromedp.Click(chromedp.CSS("button[data-copy]")))
	becomes(`getSelection().toString().includes("RAISERROR(N'%s', 16, 1, @line)")`)
	for _, size := range []struct {
		name  string
		width int64
	}{{"narrow", 390}, {"wide", 1440}} {
		do(chromedp.EmulateViewport(size.width, 844))
		becomes(`document.documentElement.scrollWidth <= innerWidth`)
		shot("script-shown-" + size.name)
	}
}
