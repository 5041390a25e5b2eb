package kit

// Frame is what surrounds every page.
type Frame struct {
	Title    string // of the page; the product's name is added
	Section  string // key of the rail entry that is current
	Nav      []NavItem
	Who      string // name of the person signed in
	Clock    When   // now
	Zone     string // name of the zone local times are in
	Theme    string // light, dark or system
	Here     string // path and query of this page, for forms that come back
	Stream   string // address of this page's event stream; empty = the page does not change
	Notice   *Notice
	Troubles []Help // what is wrong with the dashboard itself
	Charts   bool   // the page draws numbers over time
	Assets   Assets
}

// NavItem is one entry of the rail.
type NavItem struct {
	Key, Label, Href string
	Count            int // 0 = not shown
	Tone             Tone
	CountWords       string // what is counted: "2 need a person"
}

// Notice is a sentence about what the person just did.
type Notice struct {
	Tone Tone
	Text string
}

// Assets are the addresses of embedded files.
type Assets struct {
	Pico, CSS, HTMX, SSE, Morph, JS, Icon string
	Plot, PlotCSS, Chart                  string // only for pages with numbers over time
}

// Policy is the Content-Security-Policy every page keeps: nothing from
// elsewhere, no inline script, no inline style, no framing.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// htmx is told once: no evaluation of strings, no style element of its own, a
// rejected form (422) is shown, other errors are not swapped in.
const htmxConfig = `{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyCacheSize":0,` +
	`"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"422","swap":true},{"code":"[45]..","swap":false,"error":true}]}`

func dataTheme(theme string) string {
	if theme == "light" || theme == "dark" {
		return theme
	}
	return ""
}

func pressed(on bool) string {
	if on {
		return "true"
	}
	return "false"
}
