package verify

import (
	"context"
	"errors"
	"io"
)

// Writer takes a file in order, as it passes by on its way elsewhere.
type Writer struct {
	pipe *io.PipeWriter
	done chan struct{}
	file *File
	err  error
}

// NewWriter begins a walk. Close or Abort must be called.
func NewWriter(ctx context.Context, workers int) *Writer {
	r, w := io.Pipe()
	v := &Writer{pipe: w, done: make(chan struct{})}
	go func() {
		defer close(v.done)
		v.file, v.err = Read(ctx, r, workers)
		_ = r.CloseWithError(errors.Join(v.err, io.ErrClosedPipe))
	}()
	return v
}

// Write passes bytes on to the walk and keeps none of them.
func (v *Writer) Write(b []byte) (int, error) { return v.pipe.Write(b) }

// Close tells that the file has ended, and gives what was found.
func (v *Writer) Close() (*File, error) {
	_ = v.pipe.Close()
	<-v.done
	return v.file, v.err
}

// Abort ends the walk without a result.
func (v *Writer) Abort() {
	_ = v.pipe.CloseWithError(context.Canceled)
	<-v.done
}
