package bakfile

import (
	"fmt"
	"io"

	"github.com/bakplane/bakplane/internal/bakfile/layout"
)

// Looks at a file whose end is missing may cost this many reads more.
const (
	rescueReads = 6
	rescueSteps = 4096
)

// Read tells what the backup file of size bytes behind r says of itself. It
// reads the head, the tail and the surroundings of each set's end, about 80 KiB
// and 40 KiB for each set behind the first; a file of n sets takes about n+2
// reads, fewer when it is small.
//
// A file that is no readable backup gives an *Error; a failure of r is wrapped
// and keeps its kind. A backup whose end is missing is not an error: see
// File.Truncated.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, err := open(&source{r: r, size: size})
	if err != nil {
		return nil, err
	}
	marks, err := f.findFilemarks()
	if err != nil {
		return nil, fmt.Errorf("read filemarks: %w", err)
	}
	if len(marks.at) == 0 || marks.at[0] != f.firstMark {
		if marks, err = f.rescue(); err != nil {
			return nil, fmt.Errorf("follow blocks: %w", err)
		}
	}
	f.file.Truncated = !marks.ended
	if err := f.readSets(marks); err != nil {
		return nil, err
	}
	if len(f.file.Sets) == 0 {
		return nil, damaged("The file begins like a SQL Server backup, but no backup set in it can be read: it is cut off within its first header, or damaged there.")
	}
	return f.file, nil
}

// reading is one file while it is being read.
type reading struct {
	src       *source
	file      *File
	plain     bool
	blockSize int
	firstMark int64
	budget    int64 // bytes of configuration that may still be read
}

// open recognises the container and reads the media header.
func open(src *source) (*reading, error) {
	if src.size <= 0 {
		return nil, empty()
	}
	head, err := src.at(0, int(min(src.size, headSize)))
	if err != nil {
		return nil, fmt.Errorf("read head: %w", err)
	}
	f := &reading{src: src, budget: maxConfig, file: &File{Size: src.size}}
	switch {
	case len(head) >= 8 && string(head[:8]) == layout.ContainerWord:
		f.file.Container = Compressed
		err = f.openCompressed(head)
	case len(head) >= 4 && string(head[:4]) == "TAPE":
		f.file.Container, f.plain = Plain, true
		f.file.Media, f.firstMark, err = parseMedia(stretch{src, 0, src.size})
		if err != nil && soft(err) == nil {
			err = damaged("The file begins like a backup, but its media header is damaged or cut off.")
		}
	default:
		err = foreign(head)
	}
	if err != nil {
		return nil, err
	}
	f.file.TDEThumbprint = tdeThumbprint(head)
	m := f.file.Media
	if m.SoftwareVendorID != sqlServerVendor {
		return nil, otherTape(m.SoftwareName)
	}
	if f.blockSize = m.PhysicalBlockSize; !plausibleBlockSize(f.blockSize) {
		return nil, damaged(fmt.Sprintf("The file's media header names a block size of %d bytes, which SQL Server never writes.", f.blockSize))
	}
	return f, nil
}

func (f *reading) openCompressed(head []byte) error {
	first, err := recordAt(f.src, layout.ContainerHeader, f.src.size)
	if err != nil && soft(err) != nil {
		return fmt.Errorf("read first record: %w", err)
	}
	if err != nil && f.src.size < wholeSize && !recordFits(head, f.src.size) {
		return damaged("The file begins like a compressed backup and is cut off within its first record.")
	}
	if err == nil {
		f.file.Media, _, err = parseMedia(memory(first.content))
	}
	if err != nil {
		return unreadable(head, err)
	}
	f.firstMark = firstMarkBehind(f.src, first.next)
	return nil
}

// recordFits reports whether the record after the container's header, by its
// own length, ends inside the file.
func recordFits(head []byte, size int64) bool {
	h := fields{head, len(head)}
	return h.has(layout.ContainerHeader, layout.RecordHeader) &&
		int64(layout.ContainerHeader+layout.RecordHeader+h.u16(layout.ContainerHeader+2)) <= size
}

// rescue collects the filemarks of a file without a usable end: the first, and
// in an uncompressed file those that can be reached by following blocks.
func (f *reading) rescue() (filemarks, error) {
	if f.firstMark <= 0 {
		return filemarks{}, nil
	}
	first := []int64{f.firstMark}
	v := stretch{f.src, 0, f.src.size}
	if _, _, err := parseFilemark(v, f.firstMark, f.blockSize); err != nil {
		return filemarks{}, soft(err)
	}
	if !f.plain {
		return filemarks{at: first}, nil
	}
	marks, _, err := f.follow(first, f.src.size, rescueSteps, rescueReads)
	return filemarks{at: marks}, err
}

// memory is the view of bytes already here.
type memory []byte

func (m memory) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > int64(len(m))-int64(n) {
		return nil, errPastEnd
	}
	return m[off : off+int64(n)], nil
}
