package app_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bakplane/bakplane/internal/migration"
)

// browser is a person with Chromium in front of the dashboard.
type browser struct {
	t     *testing.T
	ctx   context.Context // chromedp keeps the tab in it
	url   string
	shots string // folder for pictures; empty = none
	n     int
}

func openBrowser(t *testing.T, url string) *browser {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, url: url, shots: os.Getenv("BAKPLANE_SHOTS")}
	b.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate("about:blank"))
	return b
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.picture("failed")
		b.t.Fatal(err)
	}
}

func (b *browser) get(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.url + path)) }

// text is what the page shows once its scripts are at work; empty before, and
// while one page gives way to the next, when the browser refuses to look.
func (b *browser) text() string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.readyState === "complete" ? document.body.innerText : ""`))
	if err != nil && b.ctx.Err() != nil {
		b.t.Fatal(err)
	}
	return text
}

// sees waits until the page shows every one of the texts.
func (b *browser) sees(texts ...string) {
	b.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		duePolicy, missing := strings.ToLower(b.text()), ""
		for _, want := range texts {
			if !strings.Contains(duePolicy, strings.ToLower(want)) {
				missing = want
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			b.picture("missing")
			b.t.Fatalf("the page does not show %q:\n%s", missing, b.text())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// clicks presses the button or link with a text, and waits until it is there.
func (b *browser) clicks(text string) {
	b.t.Helper()
	find := fmt.Sprintf(`(() => { if (document.readyState !== "complete") return false; const e = [...document.querySelectorAll("main button, main a, main label")].filter(e => e.innerText.trim().startsWith(%q) && !e.disabled); if (!e.length) return false; e[0].click(); return true; })()`, text)
	deadline := time.Now().Add(5 * time.Minute)
	for {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](find))
		if err != nil && time.Now().After(deadline) {
			b.t.Fatal(err)
		}
		if ok {
			time.Sleep(100 * time.Millisecond)
			return
		}
		if time.Now().After(deadline) {
			b.picture("nothing-to-click")
			b.t.Fatalf("nothing called %q can be pressed:\n%s", text, b.text())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (b *browser) types(name, value string) {
	b.t.Helper()
	b.is(`document.readyState === "complete"`)
	b.do(chromedp.SendKeys(fmt.Sprintf(`[name=%q]`, name), value))
}

// picture leaves a picture of the page, wide and narrow, light and dark.
func (b *browser) picture(name string) {
	if b.shots == "" {
		return
	}
	b.n++
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"narrow", 390, 844}, {"wide", 1440, 900}} {
		for _, theme := range []string{"dark", "light"} {
			_, _ = chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`(document.documentElement.dataset.theme=%q, true)`, theme)))
			_ = chromedp.Do(b.ctx, chromedp.EmulateViewport(size.width, size.height))
			time.Sleep(300 * time.Millisecond) // colours fade from one theme to the other
			png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(90))
			if err == nil {
				_ = os.WriteFile(filepath.Join(b.shots, fmt.Sprintf("%02d-%s-%s-%s.png", b.n, name, size.name, theme)), png, 0o600)
			}
		}
	}
}

// TestAPersonTakesTheRealChainToAnOpenDatabase does the main job by hand: sign
// in, choose files, see what they are, check, start, add an increment while
// it waits, open, read the details and the audit trail.
func TestAPersonTakesTheRealChainToAnOpenDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := os.Mkdir(filepath.Join(h.files, "clean"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.sampleIn("clean", restoretime[0])
	b := openBrowser(t, h.app.URL())

	b.get("/")
	b.sees("administrator") // the first start asks for one
	b.types("code", h.app.SetUpCode().Reveal())
	b.types("name", "ana")
	b.types("password", "correct horse battery")
	b.types("again", "correct horse battery")
	b.picture("welcome")
	b.do(chromedp.Click("form button[type=submit]"))
	b.sees("Overview", "New migration")

	b.get("/migrations/new")
	b.types("prefix", "clean/")
	b.picture("where")
	b.clicks("Look at the files")
	b.sees("RestoreTimeClean", "will be applied", "CreateMigrateTask", "BackupMode=UPDF")
	b.picture("files")
	b.clicks("Run the checks")
	b.sees("Recovery model", "Bucket", "Version")
	b.picture("checks")
	b.clicks("Start")
	b.sees("Every known file is applied")
	b.picture("following")

	h.sampleIn("clean", restoretime[1])
	b.clicks("Add the next increment")
	b.sees("sql2016-sp2_restoretime_diff.bak")
	b.picture("add")
	b.clicks("Add")
	b.sees("2 of 2", "39000000059800001", "Every known file is applied")

	b.clicks("Open…")
	b.sees("CreateOnlineDatabaseTask")
	b.picture("ask-open")
	b.clicks("Open the database")
	b.sees("The database is open")
	b.picture("opened")
	b.clicks("File details")
	b.sees("Restored")
	b.picture("details")

	for name, path := range map[string]string{"overview": "/", "migrations": "/migrations", "storage": "/storage", "runs": "/runs", "audit": "/audit", "settings": "/settings"} {
		b.get(path)
		b.picture(name)
	}
	b.get("/audit")
	b.sees("whole", "migration.open", "ana")

	ms, err := h.app.DB.Migrations().Migrations(t.Context(), migration.Filter{})
	if err != nil || len(ms) != 1 || ms[0].Stage != migration.StageOpened {
		t.Fatalf("migrations %+v, %v", ms, err)
	}
}
