package bakfile

import (
	"slices"

	"github.com/bakplane/bakplane/internal/bakfile/layout"
)

const maxMarks = 40_001 // 20,000 backup sets in one file

// filemarks are blocks SFMB of exactly one physical block. The file has one
// before each set, one behind its data and one behind its end: set k begins
// behind mark 2k−1 and its data ends at mark 2k, counted from 1.
type filemarks struct {
	at    []int64 // ascending
	ended bool    // the last of them ends the file
}

// parseFilemark returns the offsets that the filemark at off lists, newest
// first, and whether its table is full: more marks may exist than it lists.
func parseFilemark(v view, off int64, blockSize int) (earlier []int64, full bool, err error) {
	b, err := v.at(off, blockSize)
	if err != nil {
		return nil, false, err
	}
	if !validBlock(b, "SFMB") {
		return nil, false, errMalformed
	}
	f := fields{b, len(b)}
	from := 0x3c // SQL Server 2005 and older
	if f.u32(4)&0x80000000 != 0 {
		from = int(min(f.u32(0x3c), 1<<16))
	}
	capacity, used := f.u32(0x34), f.u32(0x38)
	room := uint32(max(0, (len(b)-from)/8))
	n := min(used, capacity, room)
	limit := off
	for i := range int(n) {
		mark := f.i64(from + 8*i)
		if mark >= limit || mark < layout.BlockHeader {
			return nil, false, errMalformed
		}
		earlier, limit = append(earlier, mark), mark
	}
	return earlier, n > 0 && (used >= capacity || n < used), nil
}

// findFilemarks looks for the last filemark at the end of the file and
// collects all that come before it. None found is no error: the end is missing.
func (f *reading) findFilemarks() (filemarks, error) {
	last, ended, err := f.lastFilemark()
	if err != nil || last == 0 {
		return filemarks{}, err
	}
	v := stretch{f.src, 0, f.src.size}
	newest, full, err := parseFilemark(v, last, f.blockSize)
	if err != nil {
		return filemarks{}, soft(err)
	}
	if full && len(newest) > 0 && f.plain && !f.endOfSetAt(newest[0]) {
		// The table stopped recording: it lists the oldest marks.
		slices.Reverse(newest)
		marks, reached, err := f.follow(newest, last, len(newest)+maxMarks, 1<<20)
		return filemarks{marks, ended && reached}, err
	}
	marks := append([]int64{last}, newest...)
	for full && len(marks) < maxMarks {
		// The table holds the newest marks; the oldest of them lists those before it.
		newest, full, err = parseFilemark(v, marks[len(marks)-1], f.blockSize)
		if err != nil {
			return filemarks{}, soft(err)
		}
		marks = append(marks, newest...)
	}
	slices.Reverse(marks)
	return filemarks{marks, ended && len(marks)%2 == 1}, nil
}

// lastFilemark finds the last filemark in the end of the file: at the very end,
// or before padding of zero bytes, or before what a cut has left.
func (f *reading) lastFilemark() (off int64, ended bool, err error) {
	size, block := f.src.size, int64(f.blockSize)
	for _, tail := range []int64{min(size, windowSize), min(size, 2*windowSize)} {
		b, err := f.src.at(size-tail, int(tail))
		if err != nil {
			return 0, false, err
		}
		if off = size - block; off >= size-tail && validBlock(b[off-(size-tail):], "SFMB") {
			return off, true, nil
		}
		for off = (size - block) &^ 511; off > size-tail && off > 0; off -= 512 {
			here := b[off-(size-tail):]
			if validBlock(here, "SFMB") {
				return off, allZero(here[block:]), nil
			}
		}
	}
	return 0, false, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// endOfSetAt reports whether an ESET block follows the mark at off, which is
// so for the mark behind a set's data.
func (f *reading) endOfSetAt(off int64) bool {
	b, err := f.src.at(off+int64(f.blockSize), layout.BlockHeader)
	return err == nil && validBlock(b, "ESET")
}

// follow walks block by block from the newest of the known marks, without
// passing end, and returns all marks found. It stops at what it cannot read,
// after steps blocks, or when reads are used up; reached tells that it came to
// the end.
func (f *reading) follow(known []int64, end int64, steps, reads int) (marks []int64, reached bool, err error) {
	v := stretch{f.src, 0, f.src.size}
	block := int64(f.blockSize)
	marks = known
	p := known[len(known)-1] + block
	reads += f.src.reads
	for range steps {
		if p > end || f.src.reads >= reads || len(marks) >= maxMarks {
			return marks, false, nil
		}
		b, err := v.at(p, layout.BlockHeader)
		if err != nil {
			return marks, false, soft(err)
		}
		if validBlock(b, "SFMB") {
			if marks = append(marks, p); p == end {
				return marks, true, nil
			}
			p += block
			continue
		}
		if !isBlock(b) {
			aligned := (p + block - 1) &^ (block - 1) // filemarks lie on physical blocks
			if aligned == p {
				return marks, false, nil
			}
			p = aligned
			continue
		}
		_, next, err := streams(v, p)
		if err != nil || next <= p {
			return marks, false, soft(err)
		}
		p = next
	}
	return marks, false, nil
}

func isBlock(b []byte) bool {
	switch kind := string(b[:4]); kind {
	case "SSET", "VOLB", "MSCI", "MSDA", "MSTL", "MSLS", "ESET":
		return validBlock(b, kind)
	}
	return false
}
