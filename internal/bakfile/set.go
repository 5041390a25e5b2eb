package bakfile

import (
	"fmt"
	"time"
)

const (
	slack       = 2 << 10  // and a physical block at most, between a set's last configuration and its filemark
	headOfSet   = 8 << 10  // SSET, VOLB and a common MSCI
	tailOfSet   = 16 << 10 // of a compressed set: often its last record, and the index behind it
	blocksToTry = 8        // from SSET on, until MSCI
)

// readSets reads every set the filemarks show. A set whose closing marks are
// missing, or whose end cannot be read, is told from its beginning alone and
// makes the file truncated; the file's first unreadable set ends the list.
func (f *reading) readSets(marks filemarks) error {
	for i := 0; i < len(marks.at); i += 2 {
		s := setPlace{position: i/2 + 1, begin: marks.at[i] + int64(f.blockSize), closing: f.src.size, ahead: f.src.size}
		if i == len(marks.at)-1 && (marks.ended || s.begin >= f.src.size) {
			break
		}
		if i+1 < len(marks.at) {
			s.closing = marks.at[i+1]
		}
		if i+2 < len(marks.at) {
			s.whole, s.ahead = true, marks.at[i+2]+int64(f.blockSize)+headOfSet
		}
		set, err := f.readSet(s)
		if err != nil {
			f.file.Truncated = true
			if err = soft(err); err != nil {
				return fmt.Errorf("read backup set %d: %w", s.position, err)
			}
			break
		}
		if !set.Complete {
			f.file.Truncated = true
		}
		f.file.Sets = append(f.file.Sets, set)
	}
	return nil
}

// setPlace is where a set lies.
type setPlace struct {
	position       int
	begin, closing int64 // of SSET, and of the filemark behind the data
	whole          bool  // the filemark behind the set's end exists
	ahead          int64 // what will be looked at next, to read it along
}

func (f *reading) readSet(p setPlace) (Set, error) {
	var v view = stretch{f.src, p.begin, p.closing}
	if !f.plain {
		v = &decoded{src: f.src, next: p.begin, end: p.closing}
	} else {
		f.src.want(p.begin, min(p.begin+headOfSet, p.closing))
	}
	s := Set{Position: p.position, IsCompressed: !f.plain}
	msci, next, err := s.parseStart(v)
	if err != nil {
		return Set{}, err
	}
	if p.whole {
		c, err := f.configAtEnd(p, next-msci)
		if err == nil {
			c.fill(&s, true)
			return s, nil
		}
		if soft(err) != nil {
			return Set{}, err
		}
	}
	c, err := f.configAt(v, msci)
	if err != nil {
		return Set{}, err
	}
	c.fill(&s, false)
	return s, nil
}

// parseStart reads SSET and VOLB and finds MSCI; next is where MSCI ends,
// or msci itself when that cannot be told.
func (s *Set) parseStart(v view) (msci, next int64, err error) {
	off := int64(0)
	for i := range blocksToTry {
		b, err := atMost(v, off, maxBlock)
		if err != nil {
			return 0, 0, err
		}
		f := fields{b, len(b)}
		switch {
		case i == 0 && validBlock(b, "SSET"):
			s.Name, s.Description, s.UserName = f.text(0x40), f.text(0x44), f.text(0x4c)
			s.Started, s.SetGUID = f.date(0x58), f.guid(0x64)
			if quarters := int8(f.u8(0x5f)); quarters >= -48 && quarters <= 56 {
				offset := time.Duration(quarters) * 15 * time.Minute
				s.UTCOffset = &offset
			}
		case i == 0:
			return 0, 0, errMalformed
		case validBlock(b, "VOLB"):
			s.MachineName = f.text(0x40)
		case validBlock(b, "MSCI"):
			_, next, err := streams(v, off)
			if err != nil {
				if soft(err) != nil {
					return 0, 0, err
				}
				next = off
			}
			return off, next, nil
		}
		_, next, err := streams(v, off)
		if err != nil {
			return 0, 0, err
		}
		if next <= off {
			return 0, 0, errMalformed
		}
		off = next
	}
	return 0, 0, errMalformed
}

// configAtEnd reads the configuration written behind the data. Its block is
// as long as the one before the data.
func (f *reading) configAtEnd(p setPlace, length int64) (config, error) {
	if !f.plain {
		return f.configInLastRecord(p)
	}
	need := min(max(length, 0)+slack+int64(f.blockSize), maxConfig, p.closing-p.begin)
	if p.ahead-p.closing <= windowSize {
		f.src.want(p.closing-need, p.ahead)
	}
	b, err := f.src.at(p.closing-need, int(need))
	if err != nil {
		return config{}, err
	}
	for at := int64(len(b)-512) &^ 511; at >= 0; at -= 512 {
		off := p.closing - need + at
		if validBlock(b[at:], "MSLS") {
			return f.configAt(stretch{f.src, off, p.closing}, 0)
		}
	}
	return config{}, errMalformed
}

func (f *reading) configInLastRecord(p setPlace) (config, error) {
	if p.ahead-p.closing <= windowSize {
		f.src.want(p.closing-tailOfSet, p.ahead)
	}
	off, err := lastRecord(f.src, p.begin, p.closing)
	if err != nil {
		return config{}, err
	}
	first, err := recordAt(f.src, off, p.closing)
	if err != nil {
		return config{}, err
	}
	for at := 0; at < len(first.content); at += 512 {
		if validBlock(first.content[at:], "MSLS") {
			v := &decoded{src: f.src, next: first.next, end: p.closing, content: first.content}
			return f.configAt(v, int64(at))
		}
	}
	return config{}, errMalformed
}

// configAt reads the MQCI stream of the block at off.
func (f *reading) configAt(v view, off int64) (config, error) {
	list, _, err := streams(v, off)
	if soft(err) != nil {
		return config{}, err
	}
	for _, s := range list {
		if s.id != "MQCI" {
			continue
		}
		if s.size > f.budget {
			return config{}, errMalformed
		}
		f.budget -= s.size
		b, err := v.at(s.data, int(s.size))
		if err != nil {
			return config{}, err
		}
		return parseConfig(b)
	}
	return config{}, errMalformed
}
