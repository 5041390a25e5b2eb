package objectstoretest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/bakplane/bakplane/internal/objectstore"
)

// Bytes is a source in memory.
type Bytes struct{ Data []byte }

var _ objectstore.Source = (*Bytes)(nil)

// Size is the length.
func (b *Bytes) Size() int64 { return int64(len(b.Data)) }

// ReadAt implements io.ReaderAt.
func (b *Bytes) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(b.Data).ReadAt(p, off)
}

// Fingerprint is a hash of everything.
func (b *Bytes) Fingerprint(context.Context) (string, error) {
	return fmt.Sprintf("bytes:%x -", sha256.Sum256(b.Data)), nil
}

// Open streams a section.
func (b *Bytes) Open(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(b, offset, length)), nil
}

// Close does nothing.
func (b *Bytes) Close() error { return nil }
