package verify

import "github.com/bakplane/bakplane/internal/bakfile"

// Sizes of the log.
const (
	logFill      = 64 << 10 // the log in a stream is filled up to a multiple of this
	logHeader    = 0x1c     // of a block, as far as every version writes it
	logStart     = 0x2000   // of the first VLF in its file, and of the first block in a VLF
	maxLogBlock  = 0xf000
	maxLogParts  = 200_000 // VLFs of one database that are remembered
	flagLogSum   = 2
	descriptor   = 0x7e // of an MSTL block, as far as it is read
	logBlockUnit = sector
)

// logPart is what one MSTL block says: one VLF of the log file.
type logPart struct {
	file       uint32
	vlf        uint32 // 0 = not part of this backup
	start, end int64  // of the log in this backup, as offsets in the log file
	size, off  int64  // of the VLF
	parity     byte
	stream     bool   // its log was walked
	records    int    // of the first block
	before     uint16 // what the first block says of the size of the one before
	last       uint16 // size of the last block
}

func (w *walk) beginLog(b []byte) {
	if w.set == nil {
		return
	}
	if len(b) < descriptor {
		w.unknown(KindLog, w.begin, "A description of a part of the log is shorter than is known.")
		w.set.logLost = true
		return
	}
	if len(w.set.logs) >= maxLogParts {
		if !w.set.logLost {
			w.unknown(KindLog, w.begin, "The log has more parts than are remembered here.")
		}
		w.set.logLost = true
		return
	}
	w.set.logs = append(w.set.logs, logPart{
		start: int64(le.Uint64(b[0x3c:])), end: int64(le.Uint64(b[0x44:])), file: le.Uint32(b[0x4c:]),
		vlf: le.Uint32(b[0x5c:]), size: int64(le.Uint64(b[0x60:])), off: int64(le.Uint64(b[0x68:])), parity: b[0x72],
	})
}

// logData walks the log blocks of an MQTL stream, and gives the sum of it.
func (w *walk) logData(size int64) (total uint32, err error) {
	if err := w.c.skip(min(size, 2)); err != nil {
		return 0, err
	}
	size -= min(size, 2)
	l := &logWalk{w: w, at: w.c.off, left: size}
	if s := w.set; s != nil && !s.logLost && len(s.logs) > 0 {
		part := &s.logs[len(s.logs)-1]
		part.stream = true
		want := part.end - part.start
		full := (want + logFill - 1) / logFill * logFill
		switch {
		case want < 0 || want%sector != 0 || full > size || full < size:
			if w.f.families > 1 {
				w.unknown(KindLog, l.at, "A stripe holds another amount of log than its description says; how log is spread over stripes is not known.")
			} else {
				w.damaged(KindLog, l.at, "A stream of log holds %d bytes, where its description says %d.", size, want)
			}
			s.logLost = true
		default:
			if err := l.walk(part); err != nil {
				return 0, err
			}
		}
	} else {
		w.f.unaccounted += size
	}
	return l.rest()
}

// logWalk is the walk through one stream of log.
type logWalk struct {
	w     *walk
	at    int64 // begin of the stream's log
	left  int64
	total uint32
	zero  bool // what is left is to be zero
}

// take goes n bytes on and continues the sum.
func (l *logWalk) take(n int) ([]byte, error) {
	b, err := l.w.c.next(n)
	l.left -= int64(len(b))
	l.total = sum(l.total, b)
	return b, err
}

// rest goes to the end of the stream: behind the log it is filled with zeros.
func (l *logWalk) rest() (uint32, error) {
	other := false
	for l.left > 0 {
		n := int(min(l.left, extent))
		if n%sector != 0 && int64(n) == l.left && n > sector {
			n -= n % sector
		}
		at := l.w.c.off
		b, err := l.take(n)
		if err != nil {
			return 0, err
		}
		if l.zero && !other && !allZero(b) {
			other = true
			l.w.damaged(KindLog, at, "Behind the log of a stream stands something where zeros should be.")
		}
	}
	return l.total, nil
}

// walk follows the blocks from the part's start to its end.
func (l *logWalk) walk(part *logPart) error {
	w, s := l.w, l.w.set
	lost := false
	var before uint16
	known := false // the size of the block before
	for off := part.start; off < part.end; {
		at := w.c.off
		h, err := w.c.peek(maxLogBlock)
		if err != nil {
			return err
		}
		room := part.end - off
		n := 0
		if len(h) >= sector {
			n = int(le.Uint16(h[6:]))
		}
		lsn := bakfile.LSN{VLF: part.vlf, Block: uint32((off - part.off) / logBlockUnit), Slot: 1}
		if n == 0 || n%sector != 0 || int64(n) > room || n > len(h) || lsnAt(h[0x0c:]) != lsn {
			if !lost { // the block here cannot be read: the next that can is looked for
				w.badBlock(lsn, at, "The log has no block where %s should be.", lsn)
				s.log.Seen++
			}
			lost, known = true, false
			if _, err := l.take(sector); err != nil {
				return err
			}
			off += sector
			continue
		}
		lost = false
		b := h[:n]
		s.log.Seen++
		switch bad := blockFault(b, part.parity); {
		case le.Uint16(b[8:])&flagLogSum != 0:
			s.log.Checked++
			stored := le.Uint32(b[0x18:])
			if sumWithout(b, stored) != stored || bad {
				w.badBlock(lsn, at, "The log block %s is not as it was written.", lsn)
			}
		default:
			s.log.Unchecked++
			// Blocks that never had a checksum hold zero in its place: all 391 did.
			if bad || le.Uint32(b[0x18:]) != 0 {
				w.badBlock(lsn, at, "The log block %s is not as it was written.", lsn)
			}
		}
		if previous := le.Uint16(b[0x0a:]); known && previous != before {
			w.badBlock(lsn, at, "The log block before %s is missing.", lsn)
		} else if off == part.start {
			part.before, part.records = previous, int(le.Uint16(b[2:]))
		}
		before, known = uint16(n), true
		if _, err := l.take(n); err != nil {
			return err
		}
		off += int64(n)
	}
	if !known {
		s.logLost = s.logLost || part.end > part.start
	}
	part.last = before
	l.zero = true
	return nil
}

// blockFault compares what can be compared without a checksum: the stamps in
// the first byte of each sector.
func blockFault(b []byte, parity byte) bool {
	sectors := len(b) / sector
	for i := range sectors {
		want := parity
		if i == 0 {
			want += 0x10
		}
		if i == sectors-1 {
			want += 0x08
		}
		if b[i*sector] != want {
			return true
		}
	}
	return false
}

func (w *walk) badBlock(lsn bakfile.LSN, at int64, format string, args ...any) {
	l := &w.set.log
	l.Bad++
	if len(l.First) < maxNamed {
		l.First = append(l.First, lsn)
	}
	w.damaged(KindLog, at, format, args...)
}
