package objectstore

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"

	"github.com/bakplane/bakplane/internal/fault"
)

// Bounds and defaults of an upload.
const (
	leastPart    = 8 << 20  // a part is worth its request
	usualPart    = 64 << 20 // and losing one is no great loss
	usualParts   = 2000
	mostParts    = 9999 // one below what services allow, as their own SDKs do
	defaultRoads = 3
	defaultWait  = 2 * time.Minute
	checkEvery   = time.Second
)

// Upload brings a source into a bucket, in parts, in parallel, and survives
// death at any moment: Run looks what the ledger and the service know, acts,
// and notes. A finished part is not sent again. The object is accepted only
// when its checksum equals that of the bytes sent and the source stayed the same
// from the first attempt to the last; a source that is told its own checksum
// must have it, too.
//
// At most one Run for the same ledger at a time.
type Upload struct {
	Bucket Bucket
	Key    string
	Source Source
	Ledger Ledger

	Parallel int           // parts under way at once; 0 = 3
	PartSize int64         // bytes; 0 = chosen by size, at least 8 MiB
	Limit    *rate.Limiter // bytes per second over all parts; nil = none
	Patience time.Duration // how long something unavailable is tried again; 0 = 2 minutes
	// Progress hears the bytes that are on the other side or on their way;
	// after a failed attempt done goes back. It is called from one goroutine
	// at a time, about ten times a second.
	Progress func(done, total int64)
}

// job is one Run.
type job struct {
	Upload
	begun Begun
	crc   *Checksum // of the bucket
	other *Checksum // of the source, where its sum is told and the checksum another; else nil
	want  *uint64   // what the source is said to sum up to; nil where it is not told
	print string    // the source's fingerprint when this Run began
	meter meter

	mu      sync.Mutex // guards parts, checked and calls of the ledger
	parts   map[int]Part
	checked time.Time
}

// Run uploads or continues to upload. Errors are faults where a person or a
// scheduler can do something: Unavailable may work later with everything done
// so far kept; Conflict with ErrSourceChanged in its chain is a source that
// changed; NotFound a source, bucket or key that vanished.
func (u Upload) Run(ctx context.Context) (Object, error) {
	if u.Parallel <= 0 {
		u.Parallel = defaultRoads
	}
	if u.Patience <= 0 {
		u.Patience = defaultWait
	}
	j := &job{Upload: u, crc: ChecksumOf(u.Bucket), parts: map[int]Part{}, meter: meter{total: u.Source.Size(), report: u.Progress}}
	if told, ok := u.Source.(Summed); ok {
		if j.other, j.want = told.Sum(); j.want == nil || j.other == j.crc {
			j.other = nil
		}
	}
	o, err := j.run(ctx)
	if err != nil {
		if ctx.Err() != nil && fault.Of(err) == fault.Unknown {
			err = ctx.Err()
		}
		return Object{}, fmt.Errorf("upload %s: %w", u.Key, err)
	}
	j.meter.finish()
	return o, nil
}

func (j *job) run(ctx context.Context) (Object, error) {
	noted, err := j.Ledger.Load(ctx)
	if err != nil {
		return Object{}, fmt.Errorf("load ledger: %w", err)
	}
	if noted.Object != nil {
		o, err := j.confirm(ctx, *noted.Object)
		if !fault.Is(err, fault.NotFound) {
			return o, err
		}
		// The object was deleted since: begin anew.
		if err := j.Ledger.Forget(ctx); err != nil {
			return Object{}, err
		}
		noted = State{}
	}
	if j.print, err = j.Source.Fingerprint(ctx); err != nil {
		return Object{}, err
	}
	if noted.ID != "" && (noted.Size != j.Source.Size() || content(noted.Fingerprint) != content(j.print)) {
		return Object{}, Changed(j.Key)
	}
	j.begun = noted.Begun
	if noted.ID == "" {
		j.begun = plan(j.Source.Size(), j.PartSize, j.Bucket.Limits())
		j.begun.Fingerprint = j.print
		if o, ok, err := j.alreadyThere(ctx, nil); err != nil || ok {
			return o, err
		}
		if j.begun.Parts <= 1 && j.begun.Size <= leastPart {
			return j.put(ctx)
		}
		if err := j.begin(ctx); err != nil {
			return Object{}, err
		}
	}
	return j.multipart(ctx, noted)
}

// plan chooses the parts of a file.
func plan(size, partSize int64, limits Limits) Begun {
	if partSize <= 0 {
		partSize = min(max(leastPart, roundUp(size/usualParts, 1<<20)), usualPart)
	}
	most := int64(mostParts)
	if limits.MaxParts > 0 {
		most = min(most, int64(limits.MaxParts))
	}
	partSize = max(partSize, limits.MinPart, 1)
	if limits.MaxPart > 0 {
		partSize = min(partSize, limits.MaxPart)
	}
	if least := (size + most - 1) / most; partSize < least {
		partSize = roundUp(least, 1<<20)
	}
	return Begun{Size: size, PartSize: partSize, Parts: int((size + partSize - 1) / partSize)}
}

func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }

// section is where a part lies in the source.
func (b Begun) section(number int) (offset, length int64) {
	offset = int64(number-1) * b.PartSize
	return offset, min(b.PartSize, b.Size-offset)
}

// content is the half of a fingerprint that must stay the same for ever.
func content(print string) string {
	word, _, _ := strings.Cut(print, " ")
	return word
}

// begin starts a multipart upload and notes it. One that was begun for this
// key and not noted is taken over: its starter died, or never heard the answer.
func (j *job) begin(ctx context.Context) error {
	id, err := retry(ctx, j.Patience, func() (UploadID, error) {
		if id, err := j.adopt(ctx); err != nil || id != "" {
			return id, err
		}
		return j.Bucket.Begin(ctx, j.Key)
	})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	j.begun.ID = id
	return j.Ledger.Begun(ctx, j.begun)
}

// adopt returns an unfinished upload of this key whose parts, if any, lie
// where ours would; their bytes are compared later. Other empty ones are
// aborted, so that no orphan stays.
func (j *job) adopt(ctx context.Context) (UploadID, error) {
	found, err := unfinished(ctx, j.Bucket, j.Key)
	if err != nil {
		return "", err
	}
	var adopted UploadID
	for _, u := range found {
		parts, err := j.Bucket.Parts(ctx, u.Key, u.ID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		switch {
		case adopted == "" && j.begun.fits(parts):
			adopted = u.ID
		case len(parts) == 0:
			if err := j.Bucket.Abort(ctx, u.Key, u.ID); err != nil {
				return "", err
			}
		}
	}
	return adopted, nil
}

// unfinished lists the unfinished uploads of exactly one key, newest first.
func unfinished(ctx context.Context, b Bucket, key string) ([]Unfinished, error) {
	all, err := b.Uploads(ctx, key, 1000)
	if err != nil {
		return nil, err
	}
	var own []Unfinished
	for _, u := range all {
		if u.Key == key {
			own = append(own, u)
		}
	}
	sort.SliceStable(own, func(a, b int) bool { return own[a].Begun.After(own[b].Begun) })
	return own, nil
}

func (b Begun) fits(parts []Part) bool {
	for _, p := range parts {
		if p.Number < 1 || p.Number > b.Parts {
			return false
		}
		if _, length := b.section(p.Number); p.Size != length {
			return false
		}
	}
	return true
}

// Forget throws an upload away: what the service holds of it and what is
// noted. A completed object stays.
func Forget(ctx context.Context, b Bucket, key string, l Ledger) error {
	noted, err := l.Load(ctx)
	if err != nil {
		return fmt.Errorf("load ledger: %w", err)
	}
	if noted.ID != "" && noted.Object == nil {
		if err := b.Abort(ctx, key, noted.ID); err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("abort upload of %s: %w", key, err)
		}
	}
	if noted.ID == "" { // begun and not noted: such an upload has no parts
		found, err := unfinished(ctx, b, key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("list uploads of %s: %w", key, err)
		}
		for _, u := range found {
			if parts, err := b.Parts(ctx, u.Key, u.ID); err == nil && len(parts) == 0 {
				if err := b.Abort(ctx, u.Key, u.ID); err != nil {
					return fmt.Errorf("abort upload of %s: %w", key, err)
				}
			}
		}
	}
	return l.Forget(ctx)
}

// retry repeats f while it is unavailable, with growing pauses.
func retry[T any](ctx context.Context, patience time.Duration, f func() (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = 200 * time.Millisecond
	pauses.MaxInterval = 10 * time.Second
	return backoff.Retry(ctx, func() (T, error) {
		v, err := f()
		if err != nil && !fault.Is(err, fault.Unavailable) {
			err = backoff.Permanent(err)
		}
		return v, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(patience))
}
