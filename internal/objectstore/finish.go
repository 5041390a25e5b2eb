package objectstore

import (
	"context"
	"fmt"
	"io"

	"github.com/bakplane/bakplane/internal/fault"
)

// put sends a small file in one piece.
func (j *job) put(ctx context.Context) (Object, error) {
	var crc uint64
	o, err := retry(ctx, j.Patience, func() (Object, error) {
		var err error
		also := j.summing()
		if crc, err = j.sum(ctx, 0, j.begun.Size, also); err == nil {
			err = j.genuine(crc, also.value())
		}
		if err != nil {
			return Object{}, err
		}
		b, err := j.open(ctx, 0, j.begun.Size)
		if err != nil {
			return Object{}, err
		}
		o, err := j.Bucket.Put(ctx, j.Key, b, j.begun.Size)
		b.stop(err == nil)
		if bad := b.failure(); err != nil && bad != nil {
			err = bad
		}
		return o, err
	})
	if err != nil {
		return Object{}, err
	}
	if err := j.sameSource(ctx); err != nil {
		return Object{}, err
	}
	return j.accept(ctx, o, crc)
}

// complete joins the parts and accepts the object.
func (j *job) complete(ctx context.Context) (Object, error) {
	parts := make([]Part, 0, j.begun.Parts)
	var crc, other uint64
	for number := 1; number <= j.begun.Parts; number++ {
		p := j.parts[number]
		parts = append(parts, p)
		crc = j.crc.Combine(crc, *p.CRC64, p.Size)
		if j.other != nil {
			other = j.other.Combine(other, *p.Source, p.Size)
		}
	}
	if err := j.unchanged(ctx, crc); err != nil {
		return Object{}, err
	}
	if err := j.genuine(crc, &other); err != nil {
		return Object{}, j.discard(ctx, err)
	}
	first := true
	o, err := retry(ctx, j.Patience, func() (Object, error) {
		if !first {
			if o, ok, err := j.there(ctx, func() (uint64, error) { return crc, nil }); err != nil || ok {
				return o, err
			}
		}
		first = false
		return j.Bucket.Complete(ctx, j.Key, j.begun.ID, parts)
	})
	if fault.Is(err, fault.NotFound) {
		if o, ok, lookErr := j.there(ctx, func() (uint64, error) { return crc, nil }); lookErr == nil && ok {
			return j.accept(ctx, o, crc)
		}
	}
	if err != nil {
		return Object{}, fmt.Errorf("complete: %w", err)
	}
	return j.accept(ctx, o, crc)
}

// genuine compares what was read with what the source is said to hold.
func (j *job) genuine(crc uint64, other *uint64) error {
	name := j.crc
	if j.other != nil {
		name, crc = j.other, *other
	}
	if j.want == nil || *j.want == crc {
		return nil
	}
	return fault.Newf(fault.Conflict, "What was read of %s is not what its bucket says it holds: the checksums (%s) differ.", j.Key, name).
		WithFix("Start the copy again: it reads everything anew. If it happens again, the file is damaged where it lies, or a proxy or a memory fault is between.")
}

// discard throws away parts that nobody can believe.
func (j *job) discard(ctx context.Context, bad error) error {
	if err := j.Bucket.Abort(ctx, j.Key, j.begun.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return fault.From(bad).Because(fmt.Errorf("abort the upload: %w", err))
	}
	if err := j.Ledger.Forget(ctx); err != nil {
		return fault.From(bad).Because(fmt.Errorf("forget the upload: %w", err))
	}
	return bad
}

// unchanged is the last look at the source. A file that was touched but
// pretends to be the same is read once more.
func (j *job) unchanged(ctx context.Context, crc uint64) error {
	now, err := j.Source.Fingerprint(ctx)
	if err != nil {
		return err
	}
	if content(now) != content(j.print) {
		return Changed(j.Key)
	}
	if now == j.print {
		return nil
	}
	again, err := j.sum(ctx, 0, j.begun.Size, io.Discard)
	if err == nil && again != crc {
		err = Changed(j.Key)
	}
	return err
}

// accept compares the object with what was sent and notes it. An object that
// differs is removed, so that nobody takes it for the file.
func (j *job) accept(ctx context.Context, o Object, crc uint64) (Object, error) {
	if o.CRC64 == nil || *o.CRC64 != crc || o.Size != j.begun.Size {
		seen, ok, err := j.there(ctx, func() (uint64, error) { return crc, nil })
		if err != nil {
			return Object{}, fmt.Errorf("compare checksums: %w", err)
		}
		if !ok {
			return Object{}, j.reject(ctx)
		}
		o = seen
	}
	o.CRC64 = &crc
	if err := j.Ledger.Completed(ctx, o); err != nil {
		return Object{}, fmt.Errorf("note the object: %w", err)
	}
	return o, nil
}

func (j *job) reject(ctx context.Context) error {
	bad := fault.Newf(fault.Conflict, "The object %s differs from the file: the checksum (%s) the service computed is not that of the bytes sent.", j.Key, j.crc).
		WithFix("Start the upload again. If it happens again, look for a proxy or a memory fault between this machine and the bucket.")
	if err := j.Bucket.Delete(ctx, j.Key); err != nil {
		return bad.Because(fmt.Errorf("delete the object: %w", err))
	}
	if err := j.Ledger.Forget(ctx); err != nil {
		return bad.Because(fmt.Errorf("forget the upload: %w", err))
	}
	return bad
}

// confirm looks whether an object noted as complete is still what it was.
func (j *job) confirm(ctx context.Context, noted Object) (Object, error) {
	o, err := retry(ctx, j.Patience, func() (Object, error) { return j.Bucket.Stat(ctx, j.Key) })
	if err != nil {
		return Object{}, err
	}
	same := o.Size == noted.Size && (o.CRC64 == nil || noted.CRC64 == nil || *o.CRC64 == *noted.CRC64)
	if !same {
		return Object{}, fault.Newf(fault.Conflict, "The object %s was replaced after its upload was completed.", j.Key).
			WithFix("Find out who writes to this key. To send the file again, delete the object first, then retry.")
	}
	o.CRC64 = noted.CRC64
	return o, nil
}

// alreadyThere accepts an object that equals the source without any upload:
// the note of its completion was lost.
func (j *job) alreadyThere(ctx context.Context, noted []Part) (Object, bool, error) {
	var own uint64
	o, ok, err := j.there(ctx, func() (uint64, error) {
		var err error
		own, err = j.ownCRC(ctx, noted)
		return own, err
	})
	if err != nil || !ok {
		return Object{}, false, err
	}
	if err := j.unchanged(ctx, own); err != nil {
		return Object{}, false, err
	}
	o, err = j.accept(ctx, o, own)
	return o, true, err
}

// ownCRC is the checksum of the source: from the notes when they are complete
// and the file was not touched since, else by reading it.
func (j *job) ownCRC(ctx context.Context, noted []Part) (uint64, error) {
	known := byNumber(noted)
	complete := len(known) >= j.begun.Parts && j.begun.Fingerprint == j.print
	var crc, other uint64
	for number := 1; number <= j.begun.Parts && complete; number++ {
		p := known[number]
		if complete = p != nil && p.CRC64 != nil && (j.other == nil || p.Source != nil); !complete {
			break
		}
		crc = j.crc.Combine(crc, *p.CRC64, p.Size)
		if j.other != nil {
			other = j.other.Combine(other, *p.Source, p.Size)
		}
	}
	if complete {
		return crc, j.genuine(crc, &other)
	}
	also := j.summing()
	crc, err := j.sum(ctx, 0, j.begun.Size, also)
	if err == nil {
		err = j.genuine(crc, also.value())
	}
	return crc, err
}

// there looks whether the key holds an object of our size and checksum; own
// is asked only when the size is right. Where the service tells no checksum
// the object is read.
func (j *job) there(ctx context.Context, own func() (uint64, error)) (Object, bool, error) {
	o, err := retry(ctx, j.Patience, func() (Object, error) { return j.Bucket.Stat(ctx, j.Key) })
	if fault.Is(err, fault.NotFound) {
		// A missing bucket is found out by the next call, in better words.
		return Object{}, false, nil
	}
	if err != nil || o.Size != j.begun.Size {
		return Object{}, false, err
	}
	want, err := own()
	if err != nil {
		return Object{}, false, err
	}
	if o.CRC64 == nil {
		crc, err := retry(ctx, j.Patience, func() (uint64, error) { return j.readBack(ctx, o.Size) })
		if err != nil {
			return Object{}, false, err
		}
		o.CRC64 = &crc
	}
	return o, *o.CRC64 == want, nil
}

func (j *job) readBack(ctx context.Context, size int64) (uint64, error) {
	r, err := j.Bucket.Read(ctx, j.Key, 0, size)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	crc, _, err := sumOf(ctx, j.crc, r, io.Discard)
	return crc, err
}
