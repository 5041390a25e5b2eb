package control

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// errCut is what a handler reads when a rule cuts the request's body.
var errCut = errors.New("the connection was cut by a rule")

type visitKey struct{}

// visit is one request on its way through the door. Its fields belong to the
// request's goroutine.
type visit struct {
	port   *Port
	rule   Rule
	entry  Request
	harmed bool // a rule hid or broke the answer
	cut    bool // nothing more goes out
}

// Detail names what the request was about, so that it is counted apart under
// "Operation detail". Call it from the request's own goroutine.
func Detail(ctx context.Context, detail string) {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		v.entry.Detail = detail
	}
}

// Effect returns the value of a word that a biting rule carries for the emulator.
func Effect(ctx context.Context, name string) (string, bool) {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return "", false
	}
	value, ok := v.rule.Effects[name]
	return value, ok
}

// Wrap puts the door in front of an emulator's handler. The operation function
// names a request; it must not read the body.
func (d *Port) Wrap(operation func(*http.Request) string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op := operation(r)
		bites, _ := d.bitesOf(r, op)
		v := &visit{port: d, rule: bites, entry: Request{Time: time.Now().UTC(), Method: r.Method, Operation: op, Target: target(r)}}
		d.seen(v)
		defer d.done(v)
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))

		if bites.DelayMS > 0 {
			select {
			case <-time.After(time.Duration(bites.DelayMS) * time.Millisecond):
			case <-r.Context().Done():
			}
		}
		if bites.Hold == "before" {
			d.hold(bites.ID, op, "before", r)
		}
		if bites.Status != 0 && !bites.Acted {
			v.harmed = true
			d.refuse(w, r, bites)
			return
		}
		if bites.CutRequest != nil || bites.Rate > 0 {
			r.Body = &body{ReadCloser: r.Body, visit: v, left: bites.CutRequest, rate: bites.Rate}
		}
		out := &answer{ResponseWriter: w, visit: v, request: r, hide: bites.Status != 0, left: bites.CutAnswer}
		h.ServeHTTP(out, r)
		out.begin(http.StatusOK)
		if v.cut {
			panic(http.ErrAbortHandler)
		}
		if out.hide {
			d.refuse(w, r, bites)
		}
	})
}

func (d *Port) refuse(w http.ResponseWriter, r *http.Request, bites Rule) {
	for k, v := range bites.Headers {
		w.Header().Set(k, v)
	}
	switch {
	case bites.Body != "" || bites.ContentType != "":
		if bites.ContentType != "" {
			w.Header().Set("Content-Type", bites.ContentType)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(bites.Body)))
		w.WriteHeader(bites.Status)
		_, _ = io.WriteString(w, bites.Body)
	case d.Refuse != nil:
		d.Refuse(w, r, bites.Status, bites.Code, bites.Message)
	default:
		http.Error(w, bites.Code+": "+bites.Message, bites.Status)
	}
}

func (d *Port) seen(v *visit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next++
	v.entry.Seq = d.next
	d.count(d.ops, v.entry.Operation).Seen++
}

func (d *Port) done(v *visit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v.entry.Sent = !v.harmed && v.entry.Status != 0
	counts := []*Count{d.count(d.ops, v.entry.Operation)}
	if v.entry.Detail != "" {
		c := d.count(d.details, v.entry.Operation+" "+v.entry.Detail)
		c.Seen++
		counts = append(counts, c)
	}
	for _, c := range counts {
		c.Ended++
		switch {
		case v.entry.Status >= 200 && v.entry.Status < 300:
			c.Acted++
		case v.entry.Status != 0:
			c.Refused++
		}
		if v.harmed {
			c.Bitten++
		}
	}
	if len(d.requests) >= maxRequests {
		d.requests = append(d.requests[:0:0], d.requests[maxRequests/2:]...)
	}
	d.requests = append(d.requests, v.entry)
}

// count is called with mu held. Past its bound it counts into a lost entry.
func (d *Port) count(m map[string]*Count, key string) *Count {
	c, ok := m[key]
	if !ok {
		c = &Count{}
		if len(m) < maxDetails {
			m[key] = c
		}
	}
	return c
}

// answer watches what the emulator writes. The hold after acting happens at
// the first byte, because a handler acts before it answers.
type answer struct {
	http.ResponseWriter
	visit   *visit
	request *http.Request
	begun   bool
	hide    bool // the emulator acts, its answer is not sent
	header  http.Header
	left    *int64
}

// Header is a decoy while the emulator's answer is hidden.
func (a *answer) Header() http.Header {
	if a.hide {
		if a.header == nil {
			a.header = http.Header{}
		}
		return a.header
	}
	return a.ResponseWriter.Header()
}

func (a *answer) begin(status int) bool {
	if a.begun {
		return false
	}
	a.begun = true
	v := a.visit
	if v.cut { // the body was cut, whatever the handler says of it is lost
		return false
	}
	v.entry.Status = status
	if v.rule.Hold == "after" {
		v.port.hold(v.rule.ID, v.entry.Operation, "after", a.request)
	}
	if a.hide {
		v.harmed = true
	}
	if a.left != nil && *a.left <= 0 {
		v.harmed, v.cut = true, true
	}
	return true
}

func (a *answer) WriteHeader(status int) {
	if a.begin(status) && !a.hide && !a.visit.cut {
		a.ResponseWriter.WriteHeader(status)
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.begin(http.StatusOK)
	if a.hide || a.visit.cut {
		return len(p), nil
	}
	if a.left != nil && int64(len(p)) >= *a.left {
		n, _ := a.ResponseWriter.Write(p[:*a.left])
		_ = http.NewResponseController(a.ResponseWriter).Flush()
		a.visit.harmed, a.visit.cut = true, true
		return n, errCut
	}
	if a.visit.rule.Rate > 0 {
		pause(a.request.Context(), len(p), a.visit.rule.Rate)
	}
	n, err := a.ResponseWriter.Write(p)
	if a.left != nil {
		left := *a.left - int64(n)
		a.left = &left
	}
	return n, err
}

// ReadFrom keeps the kernel's copy from file to socket where no rule counts bytes.
func (a *answer) ReadFrom(src io.Reader) (int64, error) {
	a.begin(http.StatusOK)
	rf, ok := a.ResponseWriter.(io.ReaderFrom)
	if !ok || a.hide || a.visit.cut || a.left != nil || a.visit.rule.Rate > 0 {
		return io.Copy(struct{ io.Writer }{a}, src)
	}
	return rf.ReadFrom(src)
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// body is a request's body under a rule.
type body struct {
	io.ReadCloser
	visit *visit
	left  *int64
	rate  int64
}

func (b *body) Read(p []byte) (int, error) {
	if b.left != nil {
		if *b.left <= 0 {
			b.visit.harmed, b.visit.cut = true, true
			return 0, errCut
		}
		p = p[:min(int64(len(p)), *b.left)]
	}
	if b.rate > 0 {
		p = p[:min(int64(len(p)), max(b.rate/20, 1))]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left != nil {
		left := *b.left - int64(n)
		b.left = &left
	}
	if b.rate > 0 {
		pause(context.Background(), n, b.rate)
	}
	return n, err
}

func pause(ctx context.Context, n int, rate int64) {
	select {
	case <-time.After(time.Duration(float64(n) / float64(rate) * float64(time.Second))):
	case <-ctx.Done():
	}
}
