package verify

import "math/bits"

// Marks of a page: flag bits in its header.
const (
	pageChecksum = 0x200
	pageTorn     = 0x100
	fillerType   = 0x65 // fills up a stream; page id 0:0
	maxStrangers = 100_000
)

// order is where the pages of a stream stand: extents of eight pages ascend by
// file and number.
type order struct {
	last   PageID // first page of the extent before
	filler bool   // the stream is being filled up
}

// data walks the pages of an MQDA stream, two bytes and whole pages, and gives
// the sum of all of them.
func (w *walk) data(size int64) (total uint32, err error) {
	if err := w.c.skip(min(size, 2)); err != nil {
		return 0, err
	}
	size -= min(size, 2)
	var o order
	for size >= pageSize {
		at := w.c.off
		b, err := w.c.next(int(min(size&^(pageSize-1), extent)))
		if whole := len(b) &^ (pageSize - 1); whole > 0 {
			total = w.extent(total, b[:whole], at, &o)
		}
		if err != nil {
			return 0, err
		}
		size -= int64(len(b))
	}
	if size > 0 {
		w.unknown(KindPage, w.c.off, "A stream of pages ends with %d bytes that are no page.", size)
		w.f.unaccounted += size
		tail, err := w.c.next(int(size))
		if err != nil {
			return 0, err
		}
		padded := make([]byte, (len(tail)+sector-1)&^(sector-1))
		copy(padded, tail)
		total = sum(total, padded)
	}
	return total, nil
}

// extent looks at up to eight pages that stand together and continues the sum.
func (w *walk) extent(total uint32, b []byte, at int64, o *order) uint32 {
	if w.set == nil {
		w.f.unaccounted += int64(len(b))
		return sum(total, b)
	}
	p := &w.set.pages
	var ids [8]PageID // of pages that are proven
	var bad [8]bool
	proven, wrong := 0, 0
	for i := 0; i*pageSize < len(b); i++ {
		page := b[i*pageSize : (i+1)*pageSize]
		own := sum(0, page)
		total = bits.RotateLeft32(total, pageSize/sector) ^ own
		p.Seen++
		id := PageID{le.Uint16(page[0x24:]), le.Uint32(page[0x20:])}
		if page[1] == fillerType && id == (PageID{}) {
			p.Filler++
			o.filler = true
			continue
		}
		if o.filler && !allZero(page[:96]) {
			w.damaged(KindPage, at+int64(i*pageSize), "A page follows pages that fill up the end of a stream.")
			o.filler = false
		}
		stored := le.Uint32(page[0x3c:])
		own ^= bits.RotateLeft32(stored, pageSize/sector-1)
		flags := le.Uint16(page[4:])
		switch {
		case page[0] == 1 && flags&pageChecksum != 0:
			p.Checksum++
			bad[i] = own != stored
		case page[0] == 1 && flags&pageTorn != 0:
			p.Torn++
			bad[i] = torn(page)
		default:
			p.Unmarked++
			if stored != 0 && w.unmarkedByDamage(page, own, id, i) {
				p.Unmarked--
				p.Checksum++
				bad[i] = true
			}
			continue
		}
		if bad[i] {
			wrong++
			continue
		}
		if flags&pageChecksum != 0 {
			if id.Page%8 != uint32(i) {
				w.damaged(KindPage, at+int64(i*pageSize), "Page %s stands at a place that cannot be its own.", id)
				continue
			}
			ids[i] = id
			proven++
		}
	}
	first, found := o.ascend(ids)
	for i, id := range ids {
		if here := (PageID{first.File, first.Page + uint32(i)}); found && id != here && id != (PageID{}) {
			w.foreign(here, id, at+int64(i*pageSize))
		}
	}
	if proven > 0 && !found {
		w.damaged(KindPage, at, "Pages stand in another order than they were written in, at page %s.", first)
	}
	for i := range bad {
		if bad[i] {
			w.badPage(b[i*pageSize:], at+int64(i*pageSize), i, first, proven > 0 && found, o)
		}
	}
	if proven > 0 {
		o.last = first
	}
	return total
}

// ascend is the extent that the proven pages are of: the first behind the one
// before. Slots that are not allocated may hold old pages of other numbers.
func (o *order) ascend(ids [8]PageID) (first PageID, found bool) {
	var least PageID
	for i, id := range ids {
		if id == (PageID{}) {
			continue
		}
		id.Page -= uint32(i)
		if least == (PageID{}) || id.before(least) {
			least = id
		}
		if (o.last == PageID{} || o.last.before(id)) && (!found || id.before(first)) {
			first, found = id, true
		}
	}
	if !found {
		first = least
	}
	return first, found
}

func (p PageID) before(q PageID) bool {
	return p.File < q.File || p.File == q.File && p.Page < q.Page
}

// foreign notes a page with a right checksum that has another number than its
// place: an old one in a slot that is not allocated, or two that changed places.
func (w *walk) foreign(here, id PageID, at int64) {
	s := w.set
	if s.strangers[id] == here {
		s.pages.Bad++
		if len(s.pages.First) < maxNamed {
			s.pages.First = append(s.pages.First, here)
		}
		w.damaged(KindPage, at, "Pages %s and %s stand in one another's place.", id, here)
		return
	}
	if s.strangers == nil {
		s.strangers = map[PageID]PageID{}
	}
	if len(s.strangers) < maxStrangers {
		s.strangers[here] = id
	}
}

// badPage names a page whose mark does not fit: by its neighbours, or by what
// it says of itself where they say nothing.
func (w *walk) badPage(page []byte, at int64, i int, first PageID, sure bool, o *order) {
	p := &w.set.pages
	p.Bad++
	id := PageID{le.Uint16(page[0x24:]), le.Uint32(page[0x20:])}
	if sure {
		id = PageID{first.File, first.Page + uint32(i)}
	} else if id.Page%8 != uint32(i) && o.last.File != 0 {
		id = PageID{o.last.File, o.last.Page + 8 + uint32(i)} // the next one, most likely
	}
	if len(p.First) < maxNamed {
		p.First = append(p.First, id)
	}
	w.damaged(KindPage, at, "Page %s is not as it was written.", id)
}

// torn compares the low two bits that the last byte of each sector should have.
func torn(page []byte) bool {
	want := page[0x3c] & 3
	for i := 1; i < pageSize/sector; i++ {
		if page[i*sector+sector-1]&3 != want {
			return true
		}
	}
	return false
}

// unmarkedByDamage reports whether a page carries no mark only because the byte
// that says so was changed: with that byte as it should be, its checksum fits.
func (w *walk) unmarkedByDamage(page []byte, own uint32, id PageID, i int) bool {
	c := w.set.before
	if c == nil || id.Page%8 != uint32(i) || !c.hasData(id.File) {
		return false
	}
	delta := bits.RotateLeft32(own^le.Uint32(page[0x3c:]), -(pageSize/sector - 1))
	header, flags := uint32(page[0])^1, le.Uint32(page[4:])
	if header != 0 && delta == header {
		return flags&pageChecksum != 0
	}
	return header == 0 && delta != 0 && delta&^0xff00 == 0 && (flags^delta)&pageChecksum != 0
}
