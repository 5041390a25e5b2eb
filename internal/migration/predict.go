package migration

import (
	"slices"
	"time"
)

// Stop is how long writes at the source stop in a cutover, phase by phase.
type Stop struct {
	Tail, Upload, Apply, Open time.Duration
	Ours                      time.Duration // what Bakplane adds between the phases
	Bytes                     int64         // of the tail
	Samples                   int           // increments it was measured on
	Why                       string        // how it was computed, a sentence; or why it cannot be yet
	Known                     bool
}

// Total is the whole stop of writes.
func (s Stop) Total() time.Duration { return s.Tail + s.Upload + s.Apply + s.Open + s.Ours }

// sample is a phase of work that was timed: its size and duration.
type sample struct {
	bytes int64
	took  time.Duration
}

// betweenPhases is what Bakplane itself adds: a few commits. The pauses between
// two looks at the target are part of how long applying and opening take, as
// they were measured.
const betweenPhases = 200 * time.Millisecond

// Predict tells how long writes would stop if the cutover were ordered now.
// tailBytes is the log written since the last log backup, opens are how long
// earlier openings at this instance took, newest first.
//
// A phase is an overhead plus a time per byte. The time per byte comes from
// the full backup, whose size drowns the overhead; the overhead is the median
// of what the increments took beyond it.
func Predict(m Migration, tailBytes int64, opens []time.Duration) Stop {
	if m.LiveSource == nil {
		return Stop{Why: "The source is not a server at work."}
	}
	var backup, upload, apply []sample
	for _, t := range m.LiveSource.SourceBackups {
		f, ok := m.file(t.File)
		if !ok || t.Settled.IsZero() {
			continue
		}
		f = m.whole(f)
		backup = append(backup, sample{f.Size, t.Settled.Sub(t.Intended)})
		if !f.Staged.IsZero() {
			upload = append(upload, sample{f.Size, f.Staged.Sub(t.Settled)})
		}
		if c := lastCall(m, f.Ord); !f.Applied.IsZero() && !c.Intended.IsZero() {
			apply = append(apply, sample{f.Size, f.Applied.Sub(c.Intended)})
		}
	}
	if len(apply) < 2 {
		return Stop{Why: "Nothing can be said before the first increment is applied."}
	}
	s := Stop{Known: true, Bytes: tailBytes, Samples: len(apply) - 1, Ours: betweenPhases,
		Tail: estimate(backup, tailBytes), Upload: estimate(upload, tailBytes), Apply: estimate(apply, tailBytes)}
	switch {
	case len(opens) > 0:
		s.Open = median(opens[:min(len(opens), 5)])
		s.Why = "Measured on this migration's own increments and on earlier openings at this instance."
	case m.Check == CheckAsync:
		s.Open = time.Minute
		s.Why = "Measured on this migration's own increments; the opening is the documented minute, as none was measured at this instance yet."
	default:
		s.Known = false
		s.Why = "A synchronous DBCC CHECKDB runs before the opening, and none was measured at this instance yet."
	}
	return s
}

// whole is the first file of a set with the size of all its stripes, staged when
// the last of them was.
func (m Migration) whole(f File) File {
	for _, s := range m.SetOf(f) {
		if s.Ord == f.Ord {
			continue
		}
		f.Size += s.Size
		if s.Staged.IsZero() || f.Staged.IsZero() {
			f.Staged = time.Time{}
		} else if s.Staged.After(f.Staged) {
			f.Staged = s.Staged
		}
	}
	return f
}

func (m Migration) file(ord int) (File, bool) {
	for _, f := range m.Files {
		if f.Ord == ord && ord != 0 {
			return f, true
		}
	}
	return File{}, false
}

// estimate is the overhead of recent samples plus the time for so many bytes.
func estimate(samples []sample, bytes int64) time.Duration {
	perByte := float64(0)
	if full := samples[0]; full.bytes > 0 {
		perByte = float64(full.took) / float64(full.bytes)
	}
	var over []time.Duration
	for _, s := range samples[max(1, len(samples)-6):] {
		over = append(over, max(s.took-time.Duration(perByte*float64(s.bytes)), 0))
	}
	if len(over) == 0 {
		over = []time.Duration{0}
	}
	return median(over) + time.Duration(perByte*float64(bytes))
}

func median(ds []time.Duration) time.Duration {
	ds = slices.Clone(ds)
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// Measured is how long writes really stopped: from the freeze to the open
// database. Zero while it is not over.
func Measured(m Migration) Stop {
	if m.LiveSource == nil || m.LiveSource.Frozen.IsZero() || m.Opened.IsZero() {
		return Stop{}
	}
	s := Stop{Known: true}
	for _, t := range m.LiveSource.SourceBackups {
		f, ok := m.file(t.File)
		if !t.Tail || !ok {
			continue
		}
		f = m.whole(f)
		apply := lastCall(m, f.Ord)
		s.Bytes = f.Size
		s.Tail = t.Settled.Sub(m.LiveSource.Frozen)
		s.Upload = f.Staged.Sub(t.Settled)
		s.Apply = f.Applied.Sub(apply.Intended)
		for _, c := range m.Calls {
			if c.Verb == VerbOpen && c.Happened() {
				s.Open = m.Opened.Sub(c.Intended)
			}
		}
		s.Ours = m.Opened.Sub(m.LiveSource.Frozen) - s.Tail - s.Upload - s.Apply - s.Open
	}
	return s
}
