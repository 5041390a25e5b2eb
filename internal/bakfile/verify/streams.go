package verify

import (
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/layout"
)

// streams reads the streams of the block at hand up to the padding that ends
// the block.
func (w *walk) streams(kind string) error {
	sumDue := false
	var due uint32
	for range maxStreams {
		if err := w.c.skip((4 - (w.c.off-w.begin)%4) % 4); err != nil {
			return err
		}
		at := w.c.off
		h, err := w.c.next(layout.StreamHeader)
		if err != nil {
			return err
		}
		id, attributes, size := string(h[:4]), le.Uint16(h[6:]), int64(le.Uint64(h[8:])&^(1<<63))
		if layout.XorWords(h[:20]) != le.Uint16(h[20:]) {
			w.damaged(KindFrame, at, "The header of a stream in a block %s is damaged.", kind)
			return nil
		}
		if sumDue && id != "CSUM" {
			w.damaged(KindChecksum, at, "The backup checksum of a stream is missing.")
		}
		if id == "CSUM" {
			if err := w.checksum(sumDue, due, size); err != nil {
				return err
			}
			sumDue = false
			continue
		}
		sumDue = false
		switch id {
		case "SPAD":
			return w.c.skip(size)
		case "MQCI":
			err = w.configuration(kind, size)
		case "MQDA":
			due, err = w.data(size)
			sumDue = attributes&0x100 != 0 && size > 2
		case "MQTL":
			due, err = w.logData(size)
			sumDue = attributes&0x100 != 0 && size > 2
		case "RAID":
			err = w.raid(size)
		case "APAD", "OTCP", "TSMP":
			err = w.c.skip(size)
		default:
			w.strange("A stream of the kind %q is not known here.", id)
			err = w.c.skip(size)
		}
		if err != nil {
			return err
		}
		if (id == "MQDA" || id == "MQTL") && size > 2 && w.set != nil {
			w.set.sums.Streams++
			if c := w.set.before; c != nil && c.checksums() != sumDue {
				w.damaged(KindChecksum, at, "A stream of data and its backup set say different things about backup checksums.")
			}
		}
	}
	w.damaged(KindFrame, w.begin, "The block %s has no end.", kind)
	return nil
}

// checksum reads a backup checksum and compares it with the sum of the stream
// before it.
func (w *walk) checksum(expected bool, due uint32, size int64) error {
	if size != 4 || !expected || w.set == nil {
		w.damaged(KindChecksum, w.c.off, "A backup checksum stands where none can.")
		return w.c.skip(size)
	}
	at := w.c.off
	b, err := w.c.next(4)
	if err != nil {
		return err
	}
	s := w.set
	if s.sums.Seen++; le.Uint32(b) != due {
		s.sums.Bad++
		s.otherSums.add(Finding{KindChecksum, at, s.position, "The backup checksum of a stream of data does not match the data."})
	}
	return nil
}

// raid reads the identity of the media set.
func (w *walk) raid(size int64) error {
	if size != 32 {
		return w.c.skip(size)
	}
	b, err := w.c.next(32)
	if err != nil {
		return err
	}
	w.f.mediaSet = bakfile.GUIDFromWire(b[:16])
	w.f.families, w.f.family = int(le.Uint16(b[0x14:])), int(le.Uint16(b[0x18:]))
	return nil
}
