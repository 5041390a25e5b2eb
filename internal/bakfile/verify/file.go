package verify

import (
	"context"
	"io"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/layout"
)

// File is what the walk over one file came to: a whole backup or one of its
// stripes. Together makes a Result of all files of a backup.
type File struct {
	compressed  bool
	size        int64
	block       int // physical block, bytes
	mediaSet    bakfile.GUID
	families    int
	family      int
	sets        []*set
	records     Records
	damage      Findings
	unknown     Findings
	unaccounted int64
	sealed      bool // encrypted, or in a form that is not known: nothing inside was looked at
	tde         bool // the record of a database key was seen
}

// Read walks the backup that r gives from its first byte to its end. It holds
// less than 16 MiB whatever the file claims, and up to workers more threads
// decompress; 0 = one. The error is one of r or of the context: what is wrong
// with the file is in the result.
func Read(ctx context.Context, r io.Reader, workers int) (*File, error) {
	f := &File{}
	c := newCursor(&counted{ctx: ctx, r: r, n: &f.size})
	head, err := c.peek(layout.ContainerHeader)
	if err != nil {
		return nil, err
	}
	w := &walk{f: f, c: c, state: "start"}
	if len(head) >= len(layout.ContainerWord) && string(head[:len(layout.ContainerWord)]) == layout.ContainerWord {
		f.compressed = true
		return f, f.decompress(w, max(1, workers))
	}
	if err := w.run(); err != nil {
		return nil, err
	}
	return f, nil
}

// counted counts what was read, and ends with the context.
type counted struct {
	ctx context.Context
	r   io.Reader
	n   *int64
}

func (c *counted) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(b)
	*c.n += int64(n)
	return n, err
}

// set is one backup set while its file is walked, and after.
type set struct {
	position  int
	guid      bakfile.GUID
	begin     int64 // of SSET
	end       int64 // of MSLS, 0 = not reached
	before    *config
	after     *config
	pages     Pages
	log       Log
	sums      Sums
	logs      []logPart
	otherSums Findings // backup checksums that differ
	control   uint32   // number of the next block
	logLost   bool     // the log could not be walked to its end, which is told
	seenESET  int
	strange   bool              // it holds blocks or streams that are not known: what is missing may lie in them
	strangers map[PageID]PageID // pages that stand at the place of others
}

// config is what counts: that behind the data, or the one before it.
func (s *set) config() *config {
	if s.after != nil {
		return s.after
	}
	return s.before
}
