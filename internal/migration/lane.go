package migration

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// UploadRules say how hard uploads may press.
type UploadRules struct {
	Parallel int           // parts at once
	PartSize int64         // bytes; 0 = chosen by the file's size
	Limit    *rate.Limiter // bytes per second over all uploads; nil = as fast as it goes
}

// lane does one thing after the other beside the others.
type lane struct {
	base context.Context // ends with the claim
	ends chan<- struct{}

	mu      sync.Mutex
	cancel  context.CancelFunc // of the work under way
	file    File
	running chan struct{} // closed when the work ended; nil = idle
	err     error
	told    bool // of err: it is written down, and a person must decide
}

func (l *lane) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running != nil
}

// failed returns how the last work failed, and on which file, until it is told.
func (l *lane) failed() (File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told {
		return l.file, nil
	}
	return l.file, l.err
}

// tell remembers that the failure is written down. The lane begins nothing
// before again.
func (l *lane) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = true
}

// again lets a lane begin whose failure was told and decided about.
func (l *lane) again() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told {
		l.err, l.told = nil, false
	}
}

// start begins work unless some is going on or has failed.
func (l *lane) start(f File, work func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running != nil || l.err != nil || l.base.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(l.base)
	ended := make(chan struct{})
	l.running, l.file, l.cancel = ended, f, func() { cancel(errInterrupted) }
	go func() {
		err := work(ctx)
		if errors.Is(err, ErrOvertaken) || errors.Is(context.Cause(ctx), errInterrupted) {
			err = nil // the next turn looks again
		}
		cancel(nil)
		l.mu.Lock()
		l.err, l.running = err, nil
		l.mu.Unlock()
		close(ended)
		select {
		case l.ends <- struct{}{}:
		default:
		}
	}()
}

var errInterrupted = errors.New("interrupted by a decision")

// interrupt ends the work under way and waits for it; the lane goes on.
func (l *lane) interrupt() {
	l.mu.Lock()
	ended, cancel := l.running, l.cancel
	l.mu.Unlock()
	if ended != nil {
		cancel()
		<-ended
	}
}

func (l *lane) wait() {
	l.mu.Lock()
	ended := l.running
	l.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// lanes are what goes on beside the target.
type lanes struct {
	uploads, sourceBackups *lane
	ends                   chan struct{}
	end                    context.CancelFunc
}

func newLanes(ctx context.Context) *lanes {
	ctx, end := context.WithCancel(ctx)
	ends := make(chan struct{}, 1)
	return &lanes{uploads: &lane{base: ctx, ends: ends}, sourceBackups: &lane{base: ctx, ends: ends}, ends: ends, end: end}
}

func (l *lanes) busy() bool { return l.uploads.busy() || l.sourceBackups.busy() }

// wait returns when work ended, the time is over, or ctx ends.
func (l *lanes) wait(ctx context.Context, longest time.Duration) error {
	timer := time.NewTimer(max(longest, time.Millisecond))
	defer timer.Stop()
	select {
	case <-l.ends:
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// stop ends what is going on and waits for it; what was sent stays for the
// next claim, and an order to the source is found again by its name.
func (l *lanes) stop() {
	l.end()
	l.uploads.wait()
	l.sourceBackups.wait()
}

// bringNext uploads what is next now. What the turn saw when it started the
// lane may be old: the work before may have ended between its look and its
// start.
func (j *job) bringNext(ctx context.Context) error {
	m, err := j.Store.Migration(ctx, j.id)
	if err != nil {
		return err
	}
	f, ok := NextUpload(m)
	if !ok {
		return nil
	}
	if err := j.forgetDropped(ctx, m); err != nil {
		return err
	}
	return j.bring(ctx, m, f)
}

// bring makes sure that a file lies in the bucket, whole and with an equal
// checksum.
func (j *job) bring(ctx context.Context, m Migration, f File) error {
	staging, err := j.Ports.Bucket(ctx, m.StagingID)
	if err != nil {
		return err
	}
	if m.SourceOf(f) == m.StagingID && f.Source == f.Key {
		return j.inPlace(ctx, m, staging, f)
	}
	if m.broughtWith(f) {
		if err := j.inPlace(ctx, m, staging, f); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	from, err := j.Ports.Bucket(ctx, m.SourceOf(f))
	if err != nil {
		return err
	}
	source, err := objectstore.OpenSource(ctx, from, f.Source)
	if err != nil {
		return err
	}
	defer source.Close()
	ledger := j.Store.Ledger(j.claim, j.id, f.Ord)
	if more, ok := grown(m, source, f); ok {
		if err := objectstore.Forget(ctx, staging, f.Key, ledger); err != nil {
			return err
		}
		f = more
	}
	if err := sameBackup(source, f); err != nil {
		return err
	}
	if f.State == FilePlanned {
		if err := objectstore.Forget(ctx, staging, f.Key, ledger); err != nil {
			return err
		}
	}
	err = j.upload(ctx, staging, source, ledger, f)
	if errors.Is(err, objectstore.ErrSourceChanged) && j.grew(ctx, m, from, f) {
		return nil // the next turn brings it as it is by then
	}
	return err
}

func (j *job) upload(ctx context.Context, to objectstore.Bucket, source objectstore.Source, ledger objectstore.Ledger, f File) error {
	step := run.Step{Key: StepUpload(f.Ord), Title: words.Say("Upload %s", f.base()), State: run.StepActive, Started: j.Now(), Total: f.Size, Unit: "bytes"}
	f.State = FileUploading
	if err := j.note(ctx, Change{Files: []File{f}, Steps: []run.Step{step}}); err != nil {
		return err
	}
	meter := newMeter(j, step, f)
	stop := meter.run(ctx)
	began := j.Now()
	object, err := objectstore.Upload{
		Bucket: to, Key: f.Key, Source: source, Ledger: ledger,
		Parallel: j.Upload.Parallel, PartSize: j.Upload.PartSize, Limit: j.Upload.Limit, Progress: meter.set,
	}.Run(ctx)
	stop()
	if err != nil {
		return fmt.Errorf("upload %s: %w", f.Key, err)
	}
	now := j.Now()
	f.State, f.Uploaded, f.Staged = FileStaged, object.Size, now
	step.State, step.Finished, step.Done = run.StepDone, now, f.Size
	if took := now.Sub(began).Seconds(); took > 0 {
		step.Rate = float64(meter.sent.Load()) / took
	}
	return j.note(ctx, Change{Files: []File{f}, Steps: []run.Step{step},
		Events: j.event(step.Key, run.Info, words.Say("%s is in its place; its checksum equals the file's.", path.Base(f.Source)))})
}

// inPlace takes a file that already lies where the target reads.
func (j *job) inPlace(ctx context.Context, m Migration, bucket objectstore.Bucket, f File) error {
	object, err := bucket.Stat(ctx, f.Key)
	if err != nil {
		return err
	}
	if f.Source == f.Key {
		if more, ok := grown(m, objectstore.ReaderAt(ctx, bucket, f.Key, object.Size), f); ok {
			f = more
		}
	}
	if object.Size != f.Size {
		return Changed(f)
	}
	if err := sameBackup(objectstore.ReaderAt(ctx, bucket, f.Key, object.Size), f); err != nil {
		return err
	}
	now := j.Now()
	f.State, f.Uploaded, f.Staged = FileStaged, f.Size, now
	return j.note(ctx, Change{Files: []File{f},
		Steps: []run.Step{{Key: StepUpload(f.Ord), Title: words.Say("Find %s", f.base()), State: run.StepSkipped, Started: now, Finished: now, Done: f.Size, Total: f.Size, Unit: "bytes", Message: words.Say("Already in its place.")}}})
}

// abortUploads throws away what half-sent uploads left in the bucket.
func (j *job) abortUploads(ctx context.Context, m Migration) error {
	for _, f := range m.Files {
		if f.State != FileUploading {
			continue
		}
		bucket, err := j.Ports.Bucket(ctx, m.StagingID)
		if err != nil {
			return err
		}
		if err := objectstore.Forget(ctx, bucket, f.Key, j.Store.Ledger(j.claim, j.id, f.Ord)); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return j.forgetDropped(ctx, m)
}

// forgetDropped throws away what was half-sent of files that a decision took
// out of the chain: a bucket keeps such parts, and bills them, for ever.
func (j *job) forgetDropped(ctx context.Context, m Migration) error {
	for _, f := range m.Files {
		if f.State != FileDropped || !f.Staged.IsZero() {
			continue
		}
		ledger := j.Store.Ledger(j.claim, j.id, f.Ord)
		sent, err := ledger.Load(ctx)
		if err != nil {
			return err
		}
		if sent.ID == "" || sent.Object != nil {
			continue
		}
		bucket, err := j.Ports.Bucket(ctx, m.StagingID)
		if err != nil {
			return err
		}
		if err := objectstore.Forget(ctx, bucket, f.Key, ledger); err != nil {
			return err
		}
	}
	return nil
}

// meter saves an upload's progress at most once a second, with the rate of the
// last seconds.
type meter struct {
	job         *job
	step        run.Step
	file        File
	done, total atomic.Int64
	sent        atomic.Int64 // this time, without what a former life sent
	first       atomic.Int64
	marks       []mark
}

type mark struct {
	at   time.Time
	done int64
}

func newMeter(j *job, s run.Step, f File) *meter {
	m := &meter{job: j, step: s, file: f}
	m.first.Store(-1)
	return m
}

func (m *meter) set(done, total int64) {
	m.first.CompareAndSwap(-1, done)
	m.done.Store(done)
	m.total.Store(total)
	m.sent.Store(done - m.first.Load())
}

// run saves until the returned function is called.
func (m *meter) run(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				// A save that fails is made up for by the next one; the upload's
				// own notes decide whether the claim still holds.
				_ = m.job.Runs.Progress(ctx, m.job.claim, m.step.Key, m.done.Load(), m.total.Load(), m.rate(m.job.Now()))
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// rate is bytes per second over at most the last ten seconds.
func (m *meter) rate(now time.Time) float64 {
	m.marks = append(m.marks, mark{now, m.done.Load()})
	for len(m.marks) > 2 && now.Sub(m.marks[0].at) > 10*time.Second {
		m.marks = m.marks[1:]
	}
	first, last := m.marks[0], m.marks[len(m.marks)-1]
	if span := last.at.Sub(first.at).Seconds(); span > 0 {
		return float64(last.done-first.done) / span
	}
	return 0
}
