package objectstore

import "context"

// Ledger is what we have written down of one upload: of one source to one key
// of one bucket. Every method is one transaction; what it was given survives a
// power cut once it has returned. An Upload calls its ledger from one
// goroutine at a time. Repeating a call is not an error.
type Ledger interface {
	// Load returns what is noted; the zero State when nothing is.
	Load(ctx context.Context) (State, error)
	// Begun notes a new multipart upload and drops whatever was noted before.
	Begun(ctx context.Context, b Begun) error
	// PartDone notes a finished part, whose CRC64 is set. A number noted
	// before is replaced.
	PartDone(ctx context.Context, p Part) error
	// Completed notes that the object is whole and equal to the source.
	Completed(ctx context.Context, o Object) error
	// Forget drops everything noted.
	Forget(ctx context.Context) error
}

// Begun is what is known of an upload from its first moment on.
type Begun struct {
	ID          UploadID `json:"id"`
	Size        int64    `json:"size"`        // of the source, bytes
	PartSize    int64    `json:"part_size"`   // of every part but the last
	Parts       int      `json:"parts"`       // how many there will be
	Fingerprint string   `json:"fingerprint"` // of the source, see Source
}

// State is everything a ledger holds.
type State struct {
	Begun
	Done   []Part  // finished parts with their CRC64, in any order
	Object *Object // set once the upload is completed
}
