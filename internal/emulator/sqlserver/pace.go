package sqlserveremu

import "time"

// pace lets work of so many bytes last as long as the disk needs, and reports
// how far it is: to other sessions, and to done when it is given. It ends with
// the context, and when the disk is full.
func (n *session) pace(step func(done int64) error, size int64, stop <-chan struct{}) error {
	s := n.server
	begun := time.Now()
	var done int64
	for {
		s.mu.Lock()
		rate := s.config.Rate
		if s.disk.Rate > 0 {
			rate = s.disk.Rate
		}
		s.mu.Unlock()
		before := done
		if rate <= 0 {
			done = size
		} else {
			// Since the last look: the rate may have changed meanwhile.
			now := time.Now()
			done = min(size, done+int64(float64(rate)*now.Sub(begun).Seconds()))
			if done > before {
				begun = now
			}
		}
		select {
		case <-stop:
			return errAborted
		default:
		}
		if err := step(done); err != nil {
			return err
		}
		s.mu.Lock()
		if n.activity != nil && size > 0 {
			n.activity.percent = 100 * float64(done) / float64(size)
		}
		s.mu.Unlock()
		if done >= size {
			return nil
		}
		t := time.NewTimer(10 * time.Millisecond)
		select {
		case <-t.C:
		case <-stop:
		}
		t.Stop()
	}
}

// meter sends 3211 whenever another step of so many percent is done.
type meter struct {
	n    *session
	step int
	told int
}

func (m *meter) at(done, size int64) {
	if m.step <= 0 || size <= 0 {
		return
	}
	for next := m.told + m.step; next <= 100 && done*100 >= size*int64(next); next += m.step {
		m.told = next
		m.n.info(3211, "%d percent processed.", next)
	}
}
