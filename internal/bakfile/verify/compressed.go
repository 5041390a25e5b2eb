package verify

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/bakplane/bakplane/internal/bakfile/layout"
	"github.com/bakplane/bakplane/internal/bakfile/xpress"
)

const (
	headForKey     = 48 << 10
	maxContent     = 255 * sector
	aheadPerWorker = 4 // records in hand for each worker
	keptPlaces     = 2048
)

// piece is a part of the content: a record to be decompressed, or plain bytes.
type piece struct {
	off   int64 // in the file
	check uint32
	in    []byte // compressed; reused
	out   []byte // content; reused
	plain bool
	mark  bool // a filemark
	bad   string
	done  chan struct{}
}

// container reads records and gives their content in order.
type container struct {
	c       *cursor
	f       *File
	free    chan *piece
	jobs    chan *piece
	order   chan *piece
	content int64 // bytes of content so far, as the walk will count them
	err     error // of the reader, once order is closed
	findErr Findings
	unknown Findings
	unacc   int64
}

// decompress walks a compressed file: workers decompress, one goroutine reads,
// and the walk runs over the content here.
func (f *File) decompress(w *walk, workers int) error {
	head, err := w.c.next(layout.ContainerHeader)
	if errors.Is(err, errCut) {
		w.damaged(KindCut, w.c.off, "The file ends inside its header.")
		return nil
	}
	if err != nil {
		return err
	}
	switch form, flags := le.Uint32(head[layout.ContainerForm:]), le.Uint32(head[layout.ContainerFlags:]); {
	case form == 1:
		return f.seal(w, "This is the compressed container that SQL Server 2012 and older wrote, which is not known here.")
	case flags&layout.FlagSealedTDE == layout.FlagSealedTDE, flags&layout.FlagSealed != 0:
		return f.seal(w, "The backup is encrypted: nothing in it can be checked without its certificate.")
	}
	n := workers * aheadPerWorker
	p := &container{c: w.c, f: f, free: make(chan *piece, n), jobs: make(chan *piece, n), order: make(chan *piece, n)}
	for range n {
		p.free <- &piece{in: make([]byte, 0, 64<<10), out: make([]byte, 0, maxContent), done: make(chan struct{}, 1)}
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			var d xpress.Decoder
			for j := range p.jobs {
				j.decode(&d)
				j.done <- struct{}{}
			}
		})
	}
	all.Go(func() {
		defer close(p.order)
		defer close(p.jobs)
		p.err = p.read(stop)
	})
	out := &content{from: p, walk: w}
	w.c = newCursor(out)
	w.place = out.place
	err = w.run()
	close(stop)
	for range p.order { // what was read ahead is let go of
	}
	all.Wait()
	f.damage.join(p.findErr)
	f.unknown.join(p.unknown)
	f.unaccounted += p.unacc
	if err == nil && p.err != nil && !errors.Is(p.err, errStopped) {
		err = p.err
	}
	return err
}

var errStopped = errors.New("stopped")

// seal reads on to the end without a look inside.
func (f *File) seal(w *walk, text string) error {
	f.sealed = true
	w.unknown(KindRecord, 0, "%s", text)
	for {
		b, err := w.c.peek(extent)
		if err != nil || len(b) == 0 {
			return err
		}
		if err := w.c.skip(int64(len(b))); err != nil {
			return err
		}
	}
}

func (j *piece) decode(d *xpress.Decoder) {
	if layout.CheckValue(j.in) != j.check {
		j.bad = "Record of the compressed backup does not match its check value."
	}
	used, err := d.Decode(j.out, j.in)
	if err != nil {
		clear(j.out) // what was here before is no content
	}
	if j.bad == "" && (err != nil || used < len(j.in)-4) {
		j.bad = "A record of the compressed backup cannot be decompressed to what it should hold."
	}
}

func (p *container) damaged(kind Kind, off int64, format string, args ...any) {
	p.findErr.add(Finding{kind, off, 0, fmt.Sprintf(format, args...)})
}

// get takes a piece that is free.
func (p *container) get(stop <-chan struct{}) (*piece, error) {
	select {
	case <-stop:
		return nil, errStopped
	case j := <-p.free:
		j.in, j.out, j.bad, j.plain, j.mark, j.off = j.in[:0], j.out[:0], "", false, false, p.c.off
		return j, nil
	}
}

// read goes through the records.
func (p *container) read(stop <-chan struct{}) error {
	for {
		h, err := p.c.peek(layout.BlockHeader)
		if err != nil {
			return err
		}
		if len(h) == 0 {
			return nil
		}
		if p.c.off%sector == 0 && validBlock(h) == "SFMB" {
			err = p.filemark(h, stop)
		} else {
			err = p.record(h, stop)
		}
		if errors.Is(err, errCut) {
			p.damaged(KindCut, p.c.off, "The file ends inside a record.")
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *container) record(h []byte, stop <-chan struct{}) error {
	at := p.c.off
	kind := h[0]
	if len(h) >= layout.RecordHeader && kind != layout.RecordData && p.looksLikeData(h) {
		p.damaged(KindRecord, at, "The kind of a record of the compressed backup was changed.")
		kind = layout.RecordData
	}
	switch kind {
	case layout.RecordData:
		b, err := p.c.next(layout.RecordHeader)
		if err != nil {
			return err
		}
		j, err := p.get(stop)
		if err != nil {
			return err
		}
		j.off, j.check = at, le.Uint32(b[layout.RecordCheck:])
		j.out = j.out[:int(b[1])*sector]
		data, err := p.c.next(int(le.Uint16(b[2:])))
		if err != nil {
			return err
		}
		j.in = append(j.in, data...)
		p.content += int64(len(j.out))
		p.jobs <- j
		p.order <- j
		return nil
	case layout.RecordPadding:
		b, err := p.c.next(layout.PaddingHeader)
		if err != nil {
			return err
		}
		return p.c.skip(int64(le.Uint16(b[2:])))
	case layout.RecordIndex:
		return p.index()
	}
	return p.lost(at)
}

// looksLikeData reports whether what stands here is a record of data by its
// check value.
func (p *container) looksLikeData(h []byte) bool {
	n, want := int(le.Uint16(h[2:])), le.Uint32(h[layout.RecordCheck:])
	if h[1] == 0 || n < 256 {
		return false
	}
	b, err := p.c.peek(layout.RecordHeader + n)
	return err == nil && len(b) == layout.RecordHeader+n && layout.CheckValue(b[layout.RecordHeader:]) == want
}

// index reads an index record up to its filemark: its first 16 bytes stand
// again right before the filemark.
func (p *container) index() error {
	at := p.c.off
	first, err := p.c.next(layout.PaddingHeader + 16)
	if err != nil {
		return err
	}
	var want, tail [16]byte
	copy(want[:], first[layout.PaddingHeader:])
	if err := p.c.skip((16 - p.c.off%16) % 16); err != nil {
		return err
	}
	for {
		if p.c.off%sector == 0 {
			h, err := p.c.peek(layout.BlockHeader)
			if err != nil {
				return err
			}
			if validBlock(h) == "SFMB" {
				break
			}
			if len(h) == 0 {
				return errCut
			}
		}
		b, err := p.c.next(16)
		if err != nil {
			return err
		}
		copy(tail[:], b)
	}
	if tail != want {
		p.damaged(KindRecord, at, "The index of the compressed backup does not end as it begins.")
	}
	return nil
}

// lost goes to the next filemark from where no record begins.
func (p *container) lost(at int64) error {
	p.damaged(KindRecord, at, "No record of the compressed backup can be read where one should begin.")
	defer func() { p.unacc += p.c.off - at }()
	if err := p.c.skip((sector - at%sector) % sector); err != nil {
		return err
	}
	for {
		h, err := p.c.peek(layout.BlockHeader)
		if err != nil {
			return err
		}
		if len(h) == 0 {
			return nil
		}
		if validBlock(h) == "SFMB" {
			return nil
		}
		if err := p.c.skip(int64(min(sector, max(len(h), 1)))); err != nil {
			return err
		}
	}
}

// filemark passes a filemark on as it is, on a physical block of the content.
func (p *container) filemark(h []byte, stop <-chan struct{}) error {
	n := int64(le.Uint16(h[8:]))
	if n < sector || n > 64<<10 || n%sector != 0 {
		p.damaged(KindFrame, p.c.off, "A filemark has a length that SQL Server never writes.")
		n = sector
	}
	j, err := p.get(stop)
	if err != nil {
		return err
	}
	j.plain, j.mark = true, true
	gap := (n - p.content%n) % n
	j.out = append(j.out, make([]byte, gap)...)
	b, err := p.c.next(int(n))
	if err != nil {
		return err
	}
	j.out = append(j.out, b...)
	p.content += gap + n
	p.order <- j
	return nil
}

// content is what the records hold, one after the other.
type content struct {
	from *container
	walk *walk
	now  *piece
	left []byte
	off  int64 // of the content given so far
	// Where the last filemarks, and what follows them, lie in the file.
	places []placed
}

type placed struct{ content, file int64 }

func (c *content) Read(b []byte) (int, error) {
	for len(c.left) == 0 {
		if c.now != nil {
			c.from.free <- c.now
			c.now = nil
		}
		j, ok := <-c.from.order
		if !ok {
			if err := c.from.err; err != nil && !errors.Is(err, errStopped) {
				return 0, err
			}
			return 0, io.EOF
		}
		if !j.plain {
			<-j.done
			f := c.walk.f
			if f.records.Seen++; j.bad != "" {
				f.records.Bad++
				f.damage.add(Finding{KindRecord, j.off, c.walk.position(), j.bad})
			}
		}
		// What a filemark follows, the filemark and what follows it can be named.
		if j.mark {
			n := markSize(j.out)
			end := c.off + int64(len(j.out))
			c.places = append(c.places, placed{end - n, j.off}, placed{end, j.off + n})
		}
		c.places = c.places[max(0, len(c.places)-keptPlaces):]
		c.now, c.left = j, j.out
	}
	n := copy(b, c.left)
	c.left, c.off = c.left[n:], c.off+int64(n)
	return n, nil
}

// markSize is the length of the filemark at the end of b.
func markSize(b []byte) int64 {
	for off := 0; off+layout.BlockHeader <= len(b); off += sector {
		if validBlock(b[off:]) == "SFMB" {
			return int64(len(b) - off)
		}
	}
	return int64(len(b))
}

// place gives the offset in the file of a filemark, or of what follows one.
func (c *content) place(off int64) int64 {
	for i := len(c.places) - 1; i >= 0; i-- {
		if c.places[i].content == off {
			return c.places[i].file
		}
	}
	return -1
}
