package objectstoretest

import (
	"context"
	"sync"

	"github.com/bakplane/bakplane/internal/objectstore"
)

// Memory is a ledger that lasts as long as the process.
type Memory struct {
	mu    sync.Mutex
	state objectstore.State
}

var _ objectstore.Ledger = (*Memory)(nil)

// Load returns a copy.
func (m *Memory) Load(context.Context) (objectstore.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state
	s.Done = append([]objectstore.Part(nil), s.Done...)
	return s, nil
}

// Begun notes a new upload.
func (m *Memory) Begun(_ context.Context, b objectstore.Begun) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = objectstore.State{Begun: b}
	return nil
}

// PartDone notes a part.
func (m *Memory) PartDone(_ context.Context, p objectstore.Part) error {
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
func (m *Memory) Completed(_ context.Context, o objectstore.Object) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Object = &o
	return nil
}

// Forget drops everything.
func (m *Memory) Forget(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = objectstore.State{}
	return nil
}
