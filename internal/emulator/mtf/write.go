package mtf

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// Write writes the backup file, front to back, in memory of a few blocks
// whatever the payload's size.
func Write(w io.Writer, spec Spec) error {
	if len(spec.Sets) == 0 {
		return errors.New("a backup file has at least one backup set")
	}
	m := withDefaults(spec)
	if m.PhysicalBlockSize < 512 || m.PhysicalBlockSize > 1<<16 || m.PhysicalBlockSize%512 != 0 {
		return fmt.Errorf("block size %d is none that BACKUP allows", m.PhysicalBlockSize)
	}
	f := &file{w: w, block: int64(m.PhysicalBlockSize)}
	f.write(tape(m))
	f.filemark()
	for i := range spec.Sets {
		f.set(&spec.Sets[i], i+1)
	}
	if f.err != nil {
		return fmt.Errorf("write backup file: %w", f.err)
	}
	return nil
}

func withDefaults(spec Spec) bakfile.Media {
	m := spec.Media
	m.FamilyCount = cmp.Or(m.FamilyCount, 1)
	m.FamilySequence = cmp.Or(m.FamilySequence, 1)
	m.SequenceNumber = cmp.Or(m.SequenceNumber, 1)
	m.SoftwareName = cmp.Or(m.SoftwareName, "Microsoft SQL Server")
	m.SoftwareVendorID = cmp.Or(m.SoftwareVendorID, 0x1200)
	m.PhysicalBlockSize = cmp.Or(m.PhysicalBlockSize, 512)
	if m.Date.IsZero() {
		m.Date = spec.Sets[0].Started
	}
	return m
}

func tape(m bakfile.Media) []byte {
	d := newBlock("TAPE", 0x5e)
	d.u32(4, 0x00030000)
	d.u32(0x34, m.FamilyID)
	d.u32(0x38, 5)
	d.u16(0x3c, m.SequenceNumber)
	if m.HasPassword {
		d.u16(0x3e, 5)
	}
	d.u16(0x40, m.PhysicalBlockSize/512)
	d.u16(0x42, 3)
	d.u16(0x54, 1024)
	d.u16(0x56, m.SoftwareVendorID)
	d.date(0x58, m.Date)
	d.u8(0x5d, 1)
	d.text(0x44, m.Name)
	d.text(0x48, m.Description)
	d.text(0x50, m.SoftwareName)
	d.seal(0)
	raid := newRecord("", 0x20)
	raid.guid(0, m.SetGUID)
	raid.u32(0x10, 0xf00000ad)
	raid.u16(0x14, m.FamilyCount)
	raid.u16(0x16, 1)
	raid.u16(0x18, m.FamilySequence)
	raid.u16(0x1e, 1)
	d.stream("RAID", 0, raid.b)
	d.pad(0, max(grain, int64(m.PhysicalBlockSize)))
	return d.b
}

// file is the output so far. After an error nothing more is written.
type file struct {
	w     io.Writer
	off   int64
	block int64
	marks []int64
	dry   bool // content is skipped, only counted
	err   error
}

func (f *file) write(b []byte) {
	if f.err == nil {
		_, f.err = f.w.Write(b)
	}
	f.off += int64(len(b))
}

// filemark writes a filemark that lists those before it, newest first, as many
// as fit.
func (f *file) filemark() {
	const array = 0x48
	d := newBlock("SFMB", int(f.block))
	d.b[0x30] = 0
	d.u32(4, 0x80000000)
	le.PutUint16(d.b[8:], uint16(f.block))
	capacity := int(f.block-array) / 8
	listed := min(capacity, len(f.marks))
	d.u32(0x34, uint32(capacity))
	d.u32(0x38, uint32(listed))
	d.u32(0x3c, array)
	for i := range listed {
		d.u64(array+8*i, f.marks[len(f.marks)-1-i])
	}
	le.PutUint16(d.b[0x32:], xorWords(d.b[:0x32]))
	f.marks = append(f.marks, f.off)
	f.write(d.b)
}

// set writes one backup set and the two filemarks behind its data and its end.
func (f *file) set(s *Set, position int) {
	if s.BackupSize == 0 {
		s = f.measured(*s, position)
	}
	begin := f.off
	controlURL := 0
	block := func(d *build, least int) *build {
		d.number(controlURL, f.off-begin)
		controlURL++
		d.seal(least)
		return d
	}
	plain := func(d *build) {
		block(d, 0).pad(f.off-begin, grain)
		f.write(d.b)
	}
	plain(sset(s, position, begin))
	plain(volb(s))

	msci := block(newBlock("MSCI", 0x34), 0x38)
	msci.stream("MQCI", 0, config(s, s.BackupSize, true))
	msci.pad(f.off-begin, grain)
	f.write(msci.b)

	const logHeader = 0x254 // log blocks have a long fixed part
	if s.Type == bakfile.TypeLog {
		f.data(block(newBlock("MSTL", logHeader), 0), s, begin)
	} else {
		f.data(block(newBlock("MSDA", 0x3c), 0), s, begin)
		plain(newBlock("MSTL", logHeader))
	}

	msls := block(newBlock("MSLS", 0x34), 0x38)
	msls.stream("MQCI", 0, config(s, s.BackupSize, false))
	msls.pad(f.off-begin, max(grain, f.block))
	f.write(msls.b)
	f.filemark()
	for range 2 {
		end := newBlock("ESET", 0x58)
		end.u32(0x34, 4)
		end.u16(0x4e, position)
		end.date(0x50, s.Started)
		end.seal(0)
		end.pad(0, max(grain, f.block))
		f.write(end.b)
	}
	f.filemark()
}

// measured is the set with the size it will have here, up to the filemark
// behind its data: a rehearsal without content tells.
func (f *file) measured(s Set, position int) *Set {
	s.BackupSize = 1
	rehearsal := &file{w: io.Discard, off: f.off, block: f.block, dry: true}
	rehearsal.set(&s, position)
	s.BackupSize = rehearsal.marks[0] - f.off
	return &s
}

func sset(s *Set, position int, off int64) *build {
	d := newBlock("SSET", 0x7a)
	d.u16(0x2c, 0x15)
	d.u16(0x2e, 0x64)
	attributes := uint32(4)
	if s.Type.IsDifferential() {
		attributes = 8
	}
	d.u32(0x34, attributes)
	d.u16(0x3c, 0x1200)
	d.u16(0x3e, position)
	d.u64(0x50, off)
	d.date(0x58, s.Started)
	d.u8(0x5d, s.VersionMajor)
	d.u8(0x5e, s.VersionMinor)
	zone := 0x7f // unknown
	if s.UTCOffset != nil {
		zone = int(int8(*s.UTCOffset / (15 * time.Minute)))
	}
	d.u8(0x5f, zone)
	d.u8(0x61, 2)
	d.guid(0x64, s.SetGUID)
	d.text(0x40, s.Name)
	d.text(0x44, s.Description)
	d.text(0x4c, s.UserName)
	return d
}

func volb(s *Set) *build {
	d := newBlock("VOLB", 0x4a)
	d.u32(0x34, 2)
	d.date(0x44, s.Started)
	d.text(0x38, "C:")
	d.text(0x40, s.MachineName)
	return d
}
