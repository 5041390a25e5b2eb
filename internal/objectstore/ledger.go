package objectstore

import (
	"context"
	"sync"
)

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

// Memory is a ledger that lasts as long as the process: for work that may
// start from nothing, and for tests.
type Memory struct {
	mu    sync.Mutex
	state State
}

var _ Ledger = (*Memory)(nil)

// Load returns a copy.
func (m *Memory) Load(context.Context) (State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state
	s.Done = append([]Part(nil), s.Done...)
	return s, nil
}

// Begun notes a new upload.
func (m *Memory) Begun(_ context.Context, b Begun) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = State{Begun: b}
	return nil
}

// PartDone notes a part.
func (m *Memory) PartDone(_ context.Context, p Part) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.state.Done {
		if m.state.Done[i].Number == p.Number {
			m.state.Done[i] = p
			return nil
		}
	}
	m.state.Done = append(m.state.Done, p)
	return nil
}

// Completed notes the object.
func (m *Memory) Completed(_ context.Context, o Object) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Object = &o
	return nil
}

// Forget drops everything.
func (m *Memory) Forget(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = State{}
	return nil
}
