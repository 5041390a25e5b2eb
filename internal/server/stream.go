package server

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// View is one page, worded and ready to be drawn.
type View struct {
	Title, Section string
	Page           func(kit.Frame) templ.Component
	Live           []kit.Fragment   // parts that change while one looks; none = no stream
	Status         int              // 200 when zero; 422 for a form that comes back
	again          func(error) View // the same question with what was wrong; only for questions
	Charts         bool             // it draws numbers over time
}

const (
	streamType  = "text/event-stream"
	streamPause = 250 * time.Millisecond // least time between two looks at the store
	streamTick  = 15 * time.Second       // a look without a notifier: ages grow, and a dead connection is noticed
	streamMost  = 500                    // open streams in all
)

func wantsStream(c echo.Context) bool {
	return c.Request().Header.Get("Accept") == streamType
}

// Page answers a GET with the page that build words. The same address asked
// as an event stream sends the page's fragments whenever they change.
func (s *Kit) Page(build func(echo.Context) (View, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Add("Vary", "Accept")
		if wantsStream(c) {
			return s.stream(c, build)
		}
		v, err := build(c)
		if err != nil {
			return err
		}
		stream := ""
		if len(v.Live) > 0 {
			stream = c.Request().URL.RequestURI()
		}
		f := s.Frame(c, v.Title, v.Section, stream)
		f.Charts = v.Charts
		return Render(c, max(v.Status, http.StatusOK), v.Page(f))
	}
}

// stream re-reads the store after every notification and sends what looks different.
// The first look sends everything: it closes the gap between the page and the
// stream, and makes a reconnect nothing special.
func (s *Kit) stream(c echo.Context, build func(echo.Context) (View, error)) error {
	ctx := c.Request().Context()
	if s.streams.Add(1) > streamMost {
		s.streams.Add(-1)
		return echo.NewHTTPError(http.StatusServiceUnavailable)
	}
	defer s.streams.Add(-1)
	changes, stop := s.Notifier.Listen()
	defer stop()
	tick := time.NewTicker(streamTick)
	defer tick.Stop()
	w := c.Response()
	w.Header().Set("Content-Type", streamType)
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w.Writer)
	sent := map[string]uint64{}
	for {
		news, err := s.news(c, build, sent)
		if err != nil {
			if w.Committed {
				return nil // the browser asks again and gets the error then
			}
			return err
		}
		// A reader that takes nothing for this long is gone.
		if err := out.SetWriteDeadline(s.deadline()); err != nil {
			return fmt.Errorf("stream: %w", err)
		}
		if _, err := w.Write(news); err != nil {
			return nil
		}
		if err := out.Flush(); err != nil {
			return nil
		}
		if !pause(ctx.Done(), streamPause) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
		case <-tick.C:
		}
	}
}

func (s *Kit) deadline() time.Time { return time.Now().Add(30 * time.Second) }

func pause(done <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return false
	case <-t.C:
		return true
	}
}

// news words the page again and writes the fragments that differ from what was
// sent before; without any it writes a comment, which keeps the line open.
func (s *Kit) news(c echo.Context, build func(echo.Context) (View, error), sent map[string]uint64) ([]byte, error) {
	ctx := c.Request().Context()
	// Whoever left or changed their password in the meantime sees nothing more.
	if _, ok, err := s.PersonOf(ctx); err != nil || !ok {
		return nil, echo.NewHTTPError(http.StatusUnauthorized)
	}
	last, err := s.Runs.LastEvent(ctx)
	if err != nil {
		return nil, err
	}
	v, err := build(c)
	if err != nil {
		return nil, err
	}
	var out, part bytes.Buffer
	parts := append([]kit.Fragment{{ID: "rail", Component: kit.Rail(s.nav(ctx), v.Section)}, {ID: "troubles", Component: kit.Troubles(s.banner())}}, v.Live...)
	for _, f := range parts {
		part.Reset()
		if err := f.Component.Render(ctx, &part); err != nil {
			return nil, err
		}
		h := fnv.New64a()
		h.Write(part.Bytes())
		if sent[f.ID] == h.Sum64() {
			continue
		}
		sent[f.ID] = h.Sum64()
		fmt.Fprintf(&out, "id: %d\nevent: %s\n", last, f.ID)
		for line := range strings.SplitSeq(string(words.VisiblePage(part.Bytes())), "\n") {
			fmt.Fprintf(&out, "data: %s\n", strings.TrimSuffix(line, "\r"))
		}
		out.WriteByte('\n')
	}
	if out.Len() == 0 {
		out.WriteString(":\n\n")
	}
	return out.Bytes(), nil
}
