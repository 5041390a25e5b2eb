package templates_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bakplane/bakplane/web/static"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// TestPagesInABrowser opens every page in Chromium, wide and narrow, light and
// dark, under the real content security policy: nothing may reach over the
// right edge, be refused by the policy or be hard to read. With
// BAKPLANE_SHOTS set to a folder it leaves pictures there.
func TestPagesInABrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	files, err := static.Load()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sampleSite(files))
	defer server.Close()

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
	ctx, cancel = context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()

	shots, only := os.Getenv("BAKPLANE_SHOTS"), os.Getenv("BAKPLANE_SHOTS_ONLY")
	for _, p := range pages() {
		if only != "" && !strings.Contains(","+only+",", ","+p.name+",") {
			continue
		}
		for _, size := range []struct {
			name          string
			width, height int64
		}{{"wide", 1440, 900}, {"narrow", 390, 844}} {
			for _, theme := range []string{"light", "dark"} {
				t.Run(p.name+"-"+size.name+"-"+theme, func(t *testing.T) {
					var faults []string
					err := chromedp.Do(ctx,
						chromedp.EmulateViewport(size.width, size.height),
						chromedp.Navigate(fmt.Sprintf("%s/%s?theme=%s", server.URL, p.name, theme)))
					if err == nil {
						faults, err = chromedp.Run(ctx, chromedp.Evaluate[[]string](inspect))
					}
					if err != nil {
						t.Fatal(err)
					}
					for _, f := range faults {
						t.Error(f)
					}
					if shots == "" {
						return
					}
					png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
					if err == nil {
						err = os.WriteFile(filepath.Join(shots, strings.ReplaceAll(t.Name(), "TestPagesInABrowser/", "")+".png"), png, 0o644)
					}
					if err != nil {
						t.Fatal(err)
					}
				})
			}
		}
	}
}

// sampleSite serves every sample page under its name, and /watch.js, which
// collects violations of the policy from the first moment on.
func sampleSite(files *static.Files) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, files)
	mux.HandleFunc("/watch.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `window.violations=[];document.addEventListener("securitypolicyviolation",function(e){violations.push(e.violatedDirective+" "+e.blockedURI+" "+e.sourceFile)});`)
	})
	for _, p := range pages() {
		mux.HandleFunc("/"+p.name, func(w http.ResponseWriter, r *http.Request) {
			f := frame(files, p.title, p.section, r.URL.Query().Get("theme"))
			f.Stream = ""
			var page strings.Builder
			if err := p.draw(f).Render(r.Context(), &page); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Security-Policy", kit.Policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, strings.Replace(page.String(), "<head>", `<head><script src="/watch.js"></script>`, 1))
		})
	}
	return mux
}

// inspect lists what is wrong with the page on show: overflow, refused
// content, and text whose contrast with its background is below WCAG AA.
const inspect = `(function () {
  var out = [];
  if (document.documentElement.scrollWidth > innerWidth) {
    var worst = null;
    document.querySelectorAll("body *").forEach(function (e) {
      if (e.closest(".wide") && !e.matches(".wide")) return;
      var r = e.getBoundingClientRect().right;
      if (r > innerWidth + 1 && (!worst || r > worst.r)) worst = {r: r, e: e};
    });
    out.push("reaches " + document.documentElement.scrollWidth + " px of " + innerWidth + ": " + (worst ? worst.e.outerHTML.slice(0, 120) : "?"));
  }
  (window.violations || ["the policy was not watched"]).forEach(function (v) { out.push("refused: " + v); });
  var canvas = document.createElement("canvas"), pen = canvas.getContext("2d", {willReadFrequently: true});
  canvas.width = canvas.height = 1;
  function over(css, under) {
    pen.fillStyle = "rgb(" + under.join(",") + ")"; pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = css; pen.fillRect(0, 0, 1, 1);
    return Array.from(pen.getImageData(0, 0, 1, 1).data.slice(0, 3));
  }
  function light(c) {
    var v = c.map(function (x) { x /= 255; return x <= 0.03928 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4); });
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
  }
  function ground(e) {
    var chain = [];
    for (; e; e = e.parentElement) chain.unshift(getComputedStyle(e).backgroundColor);
    return chain.reduce(function (under, css) { return over(css, under); }, [255, 255, 255]);
  }
  var seen = {};
  var walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    var e = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || e.closest("svg") || e.closest("[disabled], .off") || !e.getClientRects().length || e.closest(".skip")) continue;
    var style = getComputedStyle(e), bg = ground(e), a = light(over(style.color, bg)), b = light(bg);
    var ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5 && !seen[style.color + bg]) {
      seen[style.color + bg] = true;
      out.push("contrast " + ratio.toFixed(2) + " of " + JSON.stringify(text.slice(0, 40)) + " " + style.color + " on " + bg);
    }
  }
  return out;
})()`
