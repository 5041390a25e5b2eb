package verify

import (
	"fmt"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// maxNamed is how many findings, pages and log blocks are named; all are counted.
const maxNamed = 100

// Verdict is what the walk over a backup comes to.
type Verdict string

const (
	Whole         Verdict = "whole"
	Damaged       Verdict = "damaged"
	NotUnderstood Verdict = "not_understood" // something that these rules do not know, and no damage
)

// Kind says what a finding is about.
type Kind string

const (
	KindCut      Kind = "cut"      // the file ends too early
	KindFrame    Kind = "frame"    // headers of blocks and streams, filemarks, order
	KindConfig   Kind = "config"   // what the backup says of itself, twice
	KindPage     Kind = "page"     // data pages
	KindLog      Kind = "log"      // log blocks, and the walk from the first LSN to the last
	KindChecksum Kind = "checksum" // backup checksums
	KindRecord   Kind = "record"   // of the compressed container
	KindSize     Kind = "size"     // counts and sizes against those promised
	KindStripes  Kind = "stripes"  // files that do not belong together
)

// Finding is one thing that is not as it should be, or that is not known.
type Finding struct {
	Kind Kind `json:"kind"`
	// Offset in bytes from the beginning of the file; for what lies inside
	// records of a compressed file, of its content as decompressed.
	Offset int64  `json:"offset"`
	Set    int    `json:"set,omitempty"` // position of the backup set; 0 = none
	Text   string `json:"text"`
}

// Findings are counted without end and kept up to maxNamed.
type Findings struct {
	Count int64     `json:"count"`
	First []Finding `json:"first,omitempty"`
}

func (f *Findings) add(x Finding) {
	if f.Count++; len(f.First) < maxNamed {
		f.First = append(f.First, x)
	}
}

func (f *Findings) join(g Findings) {
	f.Count += g.Count
	f.First = append(f.First, g.First[:min(len(g.First), maxNamed-len(f.First))]...)
}

// PageID names a page as DBCC does.
type PageID struct {
	File uint16
	Page uint32
}

func (p PageID) String() string { return fmt.Sprintf("%d:%d", p.File, p.Page) }

// MarshalText writes file:page.
func (p PageID) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Pages counts data pages. Seen = Checksum + Torn + Unmarked + Filler; Bad are
// among the first two.
type Pages struct {
	Seen     int64    `json:"seen"`
	Checksum int64    `json:"checksum"` // carry a checksum, and it was compared
	Torn     int64    `json:"torn"`     // carry torn-page bits, which guard only against torn writes
	Unmarked int64    `json:"unmarked"` // carry neither: only a backup checksum covers them
	Filler   int64    `json:"filler"`   // fill up a stream and are no pages of the database
	Bad      int64    `json:"bad"`
	First    []PageID `json:"first_bad,omitempty"`
}

// Log counts log blocks.
type Log struct {
	Seen      int64         `json:"seen"`
	Checked   int64         `json:"checked"`   // carry a checksum, and it was compared
	Unchecked int64         `json:"unchecked"` // carry none: only their headers and stamps were compared
	Bad       int64         `json:"bad"`
	First     []bakfile.LSN `json:"first_bad,omitempty"`
}

// Sums counts streams of data and their backup checksums.
type Sums struct {
	Streams int64 `json:"streams"` // that hold data
	Seen    int64 `json:"seen"`    // that have a backup checksum
	Bad     int64 `json:"bad"`
}

// Records counts records of compressed files.
type Records struct {
	Seen int64 `json:"seen"`
	Bad  int64 `json:"bad"`
}

func (p *Pages) join(q Pages) {
	p.Seen, p.Checksum, p.Torn = p.Seen+q.Seen, p.Checksum+q.Checksum, p.Torn+q.Torn
	p.Unmarked, p.Filler, p.Bad = p.Unmarked+q.Unmarked, p.Filler+q.Filler, p.Bad+q.Bad
	p.First = append(p.First, q.First[:min(len(q.First), maxNamed-len(p.First))]...)
}

func (l *Log) join(m Log) {
	l.Seen, l.Checked, l.Unchecked, l.Bad = l.Seen+m.Seen, l.Checked+m.Checked, l.Unchecked+m.Unchecked, l.Bad+m.Bad
	l.First = append(l.First, m.First[:min(len(m.First), maxNamed-len(l.First))]...)
}

// Result tells of one backup, all its stripes together.
type Result struct {
	Verdict  Verdict `json:"verdict"`
	Sentence string  `json:"sentence"` // what this proves, for people

	Files   int     `json:"files"`
	Bytes   int64   `json:"bytes"` // read, all files together
	Sets    int     `json:"sets"`
	Pages   Pages   `json:"pages"`
	Log     Log     `json:"log_blocks"`
	Sums    Sums    `json:"backup_checksums"`
	Records Records `json:"records"` // of compressed files

	Unaccounted int64    `json:"unaccounted_bytes"` // belong to nothing that is known
	Damage      Findings `json:"damage"`
	Unknown     Findings `json:"not_understood"`
	NotChecked  []string `json:"not_checked,omitempty"` // what could not be checked, and why
}
