package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

// ErrSourceChanged is in the chain of every error that says: this is not the
// source the upload began with.
var ErrSourceChanged = errors.New("the source changed")

// SizedReader is a file to look into.
type SizedReader interface {
	io.ReaderAt
	Size() int64 // bytes
}

// Source is a file to upload. All methods may be called from several goroutines.
type Source interface {
	SizedReader
	// Fingerprint says cheaply what the source is now: two words, separated by
	// a space. The first depends on the content (size, time of change, the
	// first and last bytes) and is the same in every process. When the second
	// differs too the file was touched, and its content must be looked at
	// before it is believed to be the same. A source that vanished or was
	// replaced under its name is a fault that says so.
	Fingerprint(ctx context.Context) (string, error)
	// Open streams length bytes from offset.
	Open(ctx context.Context, offset, length int64) (io.ReadCloser, error)
	Close() error
}

// Summed is a source that is told its checksum, such as an object whose service
// computed one. What an Upload reads of it must have it.
type Summed interface {
	// Sum is the checksum and its value; nil where it is not told.
	Sum() (*Checksum, *uint64)
}

// Opener is a bucket that has better sources to offer than ranged reads.
type Opener interface {
	OpenSource(ctx context.Context, key string) (Source, error)
}

// OpenSource opens an object as a source.
func OpenSource(ctx context.Context, b Bucket, key string) (Source, error) {
	if o, ok := b.(Opener); ok {
		return o.OpenSource(ctx, key)
	}
	o, err := b.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	return &objectSource{Reader: ReaderAt(ctx, b, key, o.Size), first: o}, nil
}

// objectSource is an object in a bucket.
type objectSource struct {
	*Reader
	first Object
}

// Sum is what the service says of the object.
func (s *objectSource) Sum() (*Checksum, *uint64) { return ChecksumOf(s.bucket), s.first.CRC64 }

func (s *objectSource) Close() error { return nil }

func (s *objectSource) Open(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	return s.bucket.Read(ctx, s.key, offset, length)
}

func (s *objectSource) Fingerprint(ctx context.Context) (string, error) {
	o, err := s.bucket.Stat(ctx, s.key)
	if fault.Is(err, fault.NotFound) {
		return "", vanished(s.key, err)
	}
	if err != nil {
		return "", err
	}
	if o.Size != s.first.Size || o.ETag != s.first.ETag {
		return "", Changed(s.key)
	}
	crc := "-"
	if o.CRC64 != nil {
		crc = fmt.Sprintf("%016x", *o.CRC64)
	}
	content := fmt.Sprintf("object:%d:%s:%s:%d", o.Size, o.ETag, crc, o.Modified.Unix())
	return strings.ReplaceAll(content, " ", "_") + " -", nil
}

// Changed is the fault of a source that is not what it was.
func Changed(name string) *fault.Error {
	return fault.Newf(fault.Conflict, "The file %s changed since its upload began.", name).
		WithFix("Wait until nothing writes to the file any more, then start its upload again from the beginning. What was sent so far is of the old content and is not used.").
		Because(ErrSourceChanged)
}

// vanished is the fault of a source that is gone.
func vanished(name string, cause error) *fault.Error {
	return fault.Newf(fault.NotFound, "The file %s is gone.", name).
		WithFix("Put the file back where it was and retry: the parts already sent are kept.").Because(cause)
}
