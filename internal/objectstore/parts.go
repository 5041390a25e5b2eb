package objectstore

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bakplane/bakplane/internal/fault"
)

// noteWithin bounds writing down a finished part after the work was cancelled.
const noteWithin = 10 * time.Second

// multipart sends what is missing and completes.
func (j *job) multipart(ctx context.Context, noted State) (Object, error) {
	held, err := retry(ctx, j.Patience, func() ([]Part, error) { return j.Bucket.Parts(ctx, j.Key, j.begun.ID) })
	if fault.Is(err, fault.NotFound) {
		// The upload became the object, and its note was lost; or somebody
		// aborted it.
		if o, ok, err := j.alreadyThere(ctx, noted.Done); err != nil || ok {
			return o, err
		}
		j.begun = plan(j.Source.Size(), j.PartSize, j.Bucket.Limits())
		j.begun.Fingerprint = j.print
		if err := j.begin(ctx); err != nil {
			return Object{}, err
		}
		noted, held, err = State{}, nil, nil
	}
	if err != nil {
		return Object{}, fmt.Errorf("list parts: %w", err)
	}
	if err := j.fill(ctx, noted, held); err != nil {
		return Object{}, err
	}
	return j.complete(ctx)
}

// fill makes sure that every part is on the other side and noted.
func (j *job) fill(ctx context.Context, noted State, held []Part) error {
	there, known := byNumber(held), byNumber(noted.Done)
	untouched := noted.Fingerprint == j.print
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(j.Parallel)
	for number := 1; number <= j.begun.Parts && ctx.Err() == nil; number++ {
		_, length := j.begun.section(number)
		h, k := there[number], known[number]
		if h != nil && h.Size != length {
			h = nil
		}
		if h == nil || k == nil || k.CRC64 == nil || !strings.EqualFold(h.ETag, k.ETag) {
			k = nil
		}
		if k != nil && untouched && (j.other == nil || k.Source != nil) {
			j.mu.Lock()
			j.parts[number] = *k
			j.mu.Unlock()
			j.meter.add(length)
			continue
		}
		g.Go(func() error { return j.bring(ctx, number, h, k) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return why(ctx, len(j.parts) == j.begun.Parts)
}

// why says why a fill without errors is not full: it was cancelled.
func why(ctx context.Context, full bool) error {
	if full {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.New("parts are missing")
}

func byNumber(parts []Part) map[int]*Part {
	m := make(map[int]*Part, len(parts))
	for i := range parts {
		m[parts[i].Number] = &parts[i]
	}
	return m
}

// bring gets one part to the other side: by recognising it there, or by
// sending it.
func (j *job) bring(ctx context.Context, number int, held, noted *Part) error {
	_, length := j.begun.section(number)
	if held != nil {
		sum, crc, other, err := j.sums(ctx, number)
		if err != nil {
			return err
		}
		switch {
		case noted != nil && *noted.CRC64 == crc:
			known := *noted
			known.Source = other
			j.mu.Lock()
			j.parts[number] = known
			j.mu.Unlock()
			j.meter.add(length)
			return nil
		case noted != nil: // the file was touched, and this part is another now
			return Changed(j.Key)
		case same(*held, sum, crc):
			j.meter.add(length)
			return j.note(ctx, Part{Number: number, Size: length, ETag: held.ETag, CRC64: &crc, Source: other})
		}
	}
	p, err := j.send(ctx, number)
	if err != nil {
		return fmt.Errorf("part %d: %w", number, err)
	}
	return j.note(ctx, p)
}

// send sends a part until the service has it. Before sending again it looks
// whether the last attempt arrived although its answer did not.
func (j *job) send(ctx context.Context, number int) (Part, error) {
	offset, length := j.begun.section(number)
	first := true
	return retry(ctx, j.Patience, func() (Part, error) {
		if !first {
			if p, ok, err := j.arrived(ctx, number); err != nil || ok {
				return p, err
			}
		}
		first = false
		b, err := j.open(ctx, offset, length)
		if err != nil {
			return Part{}, err
		}
		p, err := j.Bucket.PutPart(ctx, j.Key, j.begun.ID, number, b, length)
		if err == nil && p.CRC64 == nil {
			err = errors.New("the adapter did not sum the part")
		}
		b.stop(err == nil)
		if bad := b.failure(); err != nil && bad != nil {
			err = bad
		}
		p.Source = b.summed()
		return p, err
	})
}

// same reports whether a part that the service holds has these sums: its own,
// where it tells one, else the MD5 that its ETag often is.
func same(held Part, md5 string, crc uint64) bool {
	if held.CRC64 != nil {
		return *held.CRC64 == crc
	}
	return strings.EqualFold(held.ETag, md5)
}

func (j *job) arrived(ctx context.Context, number int) (Part, bool, error) {
	held, err := j.Bucket.Parts(ctx, j.Key, j.begun.ID)
	if err != nil {
		return Part{}, false, err
	}
	p := byNumber(held)[number]
	if _, length := j.begun.section(number); p == nil || p.Size != length {
		return Part{}, false, nil
	}
	sum, crc, other, err := j.sums(ctx, number)
	if err != nil || !same(*p, sum, crc) {
		return Part{}, false, err
	}
	j.meter.add(p.Size)
	return Part{Number: number, Size: p.Size, ETag: p.ETag, CRC64: &crc, Source: other}, true, nil
}

// note writes a finished part down, even when the work was cancelled while it
// was being finished, and looks at the source now and then.
func (j *job) note(ctx context.Context, p Part) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	brief, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err := j.Ledger.PartDone(brief, p); err != nil {
		return fmt.Errorf("note part %d: %w", p.Number, err)
	}
	j.parts[p.Number] = p
	if now := time.Now(); now.Sub(j.checked) >= checkEvery {
		j.checked = now
		return j.sameSource(ctx)
	}
	return nil
}

// sameSource refuses a source that is not what it was when this Run began.
func (j *job) sameSource(ctx context.Context) error {
	now, err := j.Source.Fingerprint(ctx)
	if err != nil {
		return err
	}
	if content(now) != content(j.print) {
		return Changed(j.Key)
	}
	return nil
}

// sums reads a part of the source and returns its MD5 as services write it, its
// checksum, and its sum in the source's own where that is another.
func (j *job) sums(ctx context.Context, number int) (md5sum string, crc uint64, other *uint64, err error) {
	offset, length := j.begun.section(number)
	h, also := md5.New(), j.summing()
	crc, err = j.sum(ctx, offset, length, io.MultiWriter(h, also))
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil))), crc, also.value(), err
}

// summing is a writer that sums in the source's own checksum.
func (j *job) summing() *summing { return &summing{c: j.other} }

type summing struct {
	c   *Checksum // nil = nothing is summed
	sum uint64
}

func (s *summing) Write(p []byte) (int, error) {
	if s.c != nil {
		s.sum = s.c.Update(s.sum, p)
	}
	return len(p), nil
}

func (s *summing) value() *uint64 {
	if s.c == nil {
		return nil
	}
	return &s.sum
}

// sum reads bytes of the source into also and returns their CRC64.
func (j *job) sum(ctx context.Context, offset, length int64, also io.Writer) (uint64, error) {
	r, err := j.Source.Open(ctx, offset, length)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	crc, n, err := sumOf(ctx, j.crc, r, also)
	if err == nil && n != length {
		err = Changed(j.Key)
	}
	return crc, err
}

// sumOf reads to the end, in steps that notice a cancelled context.
func sumOf(ctx context.Context, c *Checksum, r io.Reader, also io.Writer) (crc uint64, n int64, err error) {
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return 0, n, err
		}
		got, err := r.Read(buf)
		crc = c.Update(crc, buf[:got])
		_, _ = also.Write(buf[:got]) // hashes do not fail
		n += int64(got)
		if errors.Is(err, io.EOF) {
			return crc, n, nil
		}
		if err != nil {
			return 0, n, err
		}
	}
}
