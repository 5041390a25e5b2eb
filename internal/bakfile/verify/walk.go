package verify

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/layout"
)

const (
	maxMarks   = 40_001 // 20,000 backup sets in one file
	maxStreams = 1 << 16
)

// grammar tells which block may follow in which state, and the state behind
// it. Every one of 255 files follows it; no other kinds of block occur.
var grammar = map[string]map[string]string{
	"start":   {"TAPE": "tape"},
	"tape":    {"SFMB": "between"},
	"between": {"SSET": "set"},
	"set":     {"VOLB": "volume"},
	"volume":  {"MSCI": "data"},
	"data":    {"MSDA": "data", "MSTL": "log", "MSLS": "end"},
	"log":     {"MSTL": "log", "MSLS": "end"},
	"end":     {"SFMB": "closed"},
	"closed":  {"ESET": "eset"},
	"eset":    {"ESET": "ended"},
	"ended":   {"SFMB": "between"},
}

// behind is the state behind a block that stood where it may not.
var behind = map[string]string{"TAPE": "tape", "SSET": "set", "VOLB": "volume", "MSCI": "data", "MSDA": "data",
	"MSTL": "log", "MSLS": "end", "ESET": "eset"}

// walk goes through the blocks of one file.
type walk struct {
	f     *File
	c     *cursor
	state string
	set   *set    // at hand, nil before the first
	marks []int64 // offsets of filemarks, in the file itself
	begin int64   // of the block at hand
	// place translates the offset of a filemark or set in the content of a
	// compressed file into one of the file; nil in an uncompressed file.
	place func(off int64) int64
}

func (w *walk) position() int {
	if w.set == nil {
		return 0
	}
	return w.set.position
}

func (w *walk) damaged(kind Kind, off int64, format string, args ...any) {
	w.f.damage.add(Finding{kind, off, w.position(), fmt.Sprintf(format, args...)})
}

func (w *walk) unknown(kind Kind, off int64, format string, args ...any) {
	w.f.unknown.add(Finding{kind, off, w.position(), fmt.Sprintf(format, args...)})
}

// strange notes a block or stream of an unknown kind at the place at hand.
func (w *walk) strange(format, kind string) {
	w.unknown(KindFrame, w.begin, format, kind)
	if w.set != nil {
		w.set.strange = true
	}
}

// run walks to the end. Damage is noted and walked past where a next block can
// be found; only the reader underneath gives errors.
func (w *walk) run() error {
	head, err := w.c.peek(headForKey)
	if err != nil {
		return err
	}
	w.f.tde = bakfile.TDEThumbprint(head) != ""
	for {
		h, err := w.c.peek(layout.BlockHeader)
		if err != nil {
			return err
		}
		if len(h) == 0 {
			break
		}
		kind := validBlock(h)
		if kind == "" {
			err = w.lost()
		} else {
			err = w.block(kind, h)
		}
		if errors.Is(err, errCut) {
			w.damaged(KindCut, w.c.off, "The file ends inside a block.")
			w.state = "cut"
			break
		}
		if err != nil {
			return err
		}
	}
	if w.state != "cut" && (w.state != "between" || len(w.f.sets) == 0) {
		w.damaged(KindCut, w.c.off, "The file ends before its last filemark: its end is missing.")
	}
	for _, s := range w.f.sets {
		s.finish(w.f)
	}
	return nil
}

// validBlock is the kind of a block with a right checksum, empty otherwise.
func validBlock(h []byte) string {
	if len(h) < layout.BlockHeader || layout.XorWords(h[:0x32]) != le.Uint16(h[0x32:]) {
		return ""
	}
	for _, c := range h[:4] {
		if c < 'A' || c > 'Z' {
			return ""
		}
	}
	return string(h[:4])
}

// lost goes on where no block begins: over the gap before a filemark, which
// lies on a physical block, or to the next place where a block can be read.
func (w *walk) lost() error {
	from, unit := w.c.off, int64(max(w.f.block, sector))
	if gap := (unit - from%unit) % unit; gap > 0 && (w.state == "end" || w.state == "ended" || w.state == "tape") {
		other, err := w.c.skipZeros(gap)
		w.f.unaccounted += other
		return err
	}
	if w.state == "between" && len(w.f.sets) > 0 {
		return w.trailing(from)
	}
	w.damaged(KindFrame, from, "No block can be read where one should begin.")
	defer func() { w.f.unaccounted += w.c.off - from }()
	if err := w.c.skip((sector - from%sector) % sector); err != nil {
		return err
	}
	for {
		h, err := w.c.peek(layout.BlockHeader)
		if err != nil {
			return err
		}
		if len(h) < layout.BlockHeader {
			return w.c.skip(int64(len(h)) + 1)
		}
		if kind := validBlock(h); kind != "" && (behind[kind] != "" || kind == "SFMB") {
			w.state = ""
			return nil
		}
		if err := w.c.skip(sector); err != nil {
			return err
		}
	}
}

// trailing reads what follows the last filemark of a file. Zeros are a
// file's that was given more room than it needs.
func (w *walk) trailing(from int64) error {
	var other int64
	for {
		b, err := w.c.peek(extent)
		if err != nil {
			return err
		}
		if len(b) == 0 {
			break
		}
		n, err := w.c.skipZeros(int64(len(b)))
		if err != nil {
			return err
		}
		other += n
	}
	w.f.unaccounted += w.c.off - from
	if other > 0 {
		w.damaged(KindFrame, from, "%d bytes that belong to no backup set follow the last filemark.", w.c.off-from)
	}
	return nil
}

func (w *walk) block(kind string, h []byte) error {
	w.begin = w.c.off
	next, ok := grammar[w.state][kind]
	switch {
	case ok:
		w.state = next
	case kind != "SFMB" && behind[kind] == "":
		w.strange("A block of the kind %s is not known here.", kind)
	default:
		if w.state != "" { // not right behind a place that is told of already
			w.damaged(KindFrame, w.begin, "A block %s stands where it cannot: blocks are missing, or were exchanged.", kind)
		}
		w.state = behind[kind]
		if kind == "SFMB" {
			w.state = "between"
			if w.set != nil && w.set.seenESET == 0 {
				w.state = "closed"
			}
		}
	}
	if kind == "SFMB" {
		return w.filemark(h)
	}
	first := int(le.Uint16(h[8:]))
	if first < layout.BlockHeader {
		w.damaged(KindFrame, w.begin, "The block %s has no room for its own header.", kind)
		return w.c.skip(sector)
	}
	control, address := le.Uint32(h[0x24:]), le.Uint64(h[0x14:])
	b, err := w.c.next(first)
	if err != nil {
		return err
	}
	if kind == "SSET" {
		w.beginSet(b)
	}
	if s := w.set; s != nil && kind != "TAPE" && kind != "ESET" { // ESET has neither
		if control != s.control {
			w.damaged(KindFrame, w.begin, "The block %s has the number %d in its set, where %d should be.", kind, control, s.control)
		}
		s.control = control + 1
		if address != uint64(w.begin-s.begin)/1024 {
			w.damaged(KindFrame, w.begin, "The block %s says that it lies elsewhere.", kind)
		}
	}
	switch kind {
	case "TAPE":
		if w.f.block = 512 * int(le.Uint16(b[0x40:min(len(b), 0x42):0x42])); first < 0x42 || w.f.block < 512 || w.f.block > 64<<10 {
			w.damaged(KindFrame, w.begin, "The media header names a block size that SQL Server never writes.")
			w.f.block = sector
		}
	case "MSLS":
		if w.set != nil {
			w.set.end = w.begin
		}
	case "ESET":
		if w.set != nil {
			w.set.seenESET++
		}
	case "MSTL":
		w.beginLog(b)
	}
	return w.streams(kind)
}

func (w *walk) beginSet(b []byte) {
	w.set = &set{position: len(w.f.sets) + 1, begin: w.begin}
	if len(w.f.sets) < maxMarks/2 {
		w.f.sets = append(w.f.sets, w.set)
	}
	if len(b) < 0x74 {
		w.damaged(KindFrame, w.begin, "The beginning of a backup set is shorter than any version writes it.")
		return
	}
	w.set.guid = bakfile.GUIDFromWire(b[0x64:0x74])
	if n := int(le.Uint16(b[0x3e:])); n != w.set.position {
		w.damaged(KindFrame, w.begin, "The backup set says that it is number %d of the file.", n)
	}
	if at := int64(le.Uint64(b[0x50:])); at != w.inFile(w.begin) {
		w.damaged(KindFrame, w.begin, "The backup set says that it begins at byte %d of the file.", at)
	}
}

// inFile is the offset in the file itself, which is what blocks name.
func (w *walk) inFile(off int64) int64 {
	if w.place != nil {
		return w.place(off)
	}
	return off
}

// filemark reads a filemark, exactly one physical block, that lists all before it.
func (w *walk) filemark(h []byte) error {
	at := w.inFile(w.begin)
	flags := le.Uint32(h[4:])
	b, err := w.c.next(max(w.f.block, sector))
	if err != nil {
		return err
	}
	array := 0x3c // SQL Server 2005 and older
	if flags&0x80000000 != 0 {
		array = int(min(le.Uint32(b[0x3c:]), 1<<16))
	}
	room := max(0, len(b)-array) / 8
	used := int(min(le.Uint32(b[0x38:]), le.Uint32(b[0x34:]), uint32(room)))
	want := slices.Clone(w.marks)
	slices.Reverse(want)
	if used < len(want) && used > 0 && used == room { // full: which marks are kept then is not known
		want = nil
	}
	if want != nil || used == 0 && len(w.marks) < room {
		right := used == len(want)
		for i := 0; right && i < used; i++ {
			right = int64(le.Uint64(b[array+8*i:])) == want[i]
		}
		if !right {
			w.damaged(KindFrame, w.begin, "The filemark does not list the filemarks before it: parts are missing, or come from another file.")
		}
	}
	if len(w.marks) < maxMarks {
		w.marks = append(w.marks, at)
	} else {
		w.unknown(KindFrame, w.begin, "More backup sets lie in the file than are walked.")
	}
	return nil
}
