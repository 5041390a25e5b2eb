package kinds

import "sync"

// Kept opens an adapter once for each configuration: adapters hold
// connections. What fails is not kept, so a folder that vanished and came back
// is opened anew. The zero Kept is ready.
type Kept[C comparable, A any] struct {
	mu   sync.Mutex
	have map[C]A
}

// Open hands out the adapter of a configuration, made by open when there is none.
func (k *Kept[C, A]) Open(config C, open func(C) (A, error)) (A, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if a, ok := k.have[config]; ok {
		return a, nil
	}
	a, err := open(config)
	if err == nil {
		if k.have == nil {
			k.have = map[C]A{}
		}
		k.have[config] = a
	}
	return a, err
}
