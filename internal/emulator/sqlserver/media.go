package sqlserveremu

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
)

// Bits of the flags in a set, after the public page "RESTORE HEADERONLY".
const (
	flagReadOnly   = 0x4
	flagSingleUser = 0x8
	flagChecksums  = 0x10
	flagDamaged    = 0x20
	flagTail       = 0x40
	flagNoRecovery = 0x100
	flagAlways     = 0x200
	flagCopyOnly   = 0x400
)

// medium is one file that a backup writes or a restore reads.
type medium struct {
	shown string // as the client wrote it
	real  string
	file  *bakfile.File // what is there already, or nil
	fresh bool          // made by this backup: removed when it fails
	out   *os.File
}

// openMedia looks at the files of a backup and opens them for writing. A file
// that exists is kept as it is until the backup succeeds.
func (s *Server) openMedia(paths []string, overwrite, format bool) (media []*medium, err error) {
	defer func() {
		if err != nil {
			discard(media)
		}
	}()
	for _, path := range paths {
		real, err := s.reach(path)
		if err != nil {
			return media, errDevice(path, err)
		}
		m := &medium{shown: path, real: real}
		if info, err := os.Stat(real); err == nil {
			switch {
			case info.IsDir():
				return media, errDevice(path, osError(5))
			case format || overwrite && info.Size() == 0:
			default:
				if m.file, err = readMedium(path, real); err != nil {
					return media, err
				}
				if n := m.file.Media.FamilyCount; n != len(paths) {
					return media, refusal(3231, 16, "The media loaded on \"%s\" is formatted to support %d media families, but %d media families are expected according to the backup device specification.", path, n, len(paths))
				}
			}
			if overwrite {
				m.file = nil
			}
		} else {
			m.fresh = true
		}
		target, mode := real, os.O_EXCL // seen from outside while the backup runs
		if !m.fresh {
			target, mode = real+partial, os.O_TRUNC
		}
		if m.out, err = os.OpenFile(target, os.O_RDWR|os.O_CREATE|mode, 0o644); err != nil {
			return media, errDevice(path, osErrorOf(err))
		}
		media = append(media, m)
	}
	return media, nil
}

// partial is added to the name of a file while another of that name is there.
const partial = ".partial"

func discard(media []*medium) {
	for _, m := range media {
		_ = m.out.Close()
		if m.fresh {
			_ = os.Remove(m.real)
		} else {
			_ = os.Remove(m.real + partial)
		}
	}
}

// readMedium reads a backup file's headers, with SQL Server's words for what is
// none.
func readMedium(path, real string) (*bakfile.File, error) {
	f, err := os.Open(real)
	if err != nil {
		return nil, errDevice(path, osErrorOf(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, errDevice(path, osErrorOf(err))
	}
	if info.IsDir() {
		return nil, errDevice(path, osError(5))
	}
	file, err := bakfile.Read(f, info.Size())
	switch bakfile.ReasonOf(err) {
	case bakfile.NotBackup, bakfile.OtherTape:
		return nil, refusal(3242, 16, "The file on device '%s' is not a valid Microsoft Tape Format backup set.", path)
	case bakfile.Empty:
		return nil, refusal(3254, 16, "The volume on device '%s' is empty.", path)
	}
	if err != nil || file.Truncated || len(file.Sets) == 0 {
		return nil, refusal(3241, 16, "The media family on device '%s' is incorrectly formed. SQL Server cannot process this media family.", path)
	}
	return file, nil
}

// write puts the set on all media: the contents into the first, filler behind
// it, and equal parts of the whole into each.
func write(media []*medium, set *bakfile.Set, base bakfile.GUID, content []byte, size int64, blockSize int, label bakfile.Media) error {
	each := size / int64(len(media))
	for i, m := range media {
		own := mtf.Set{Set: *set, DatabaseBackupGUID: base}
		payload := io.Reader(&filler{})
		own.PayloadSize = each
		if i == 0 {
			own.PayloadSize = max(each, int64(len(content)))
			payload = io.MultiReader(bytes.NewReader(content), &filler{})
		}
		own.Payload = payload
		spec := mtf.Spec{Media: label, Sets: []mtf.Set{own}}
		spec.Media.FamilyCount, spec.Media.FamilySequence = len(media), i+1
		spec.Media.FamilyID, spec.Media.PhysicalBlockSize = rand.Uint32()|1, blockSize
		if m.file != nil { // appended to what is there
			old, err := os.Open(m.real)
			if err != nil {
				return err
			}
			defer old.Close()
			spec.Media = m.file.Media
			var before []mtf.Set
			for _, s := range m.file.Sets {
				p, err := mtf.Payload(old, s.Position)
				if err != nil {
					return err
				}
				before = append(before, mtf.Set{Set: s, Payload: p, PayloadSize: p.Size()})
			}
			spec.Sets = append(before, own)
		}
		m.file = nil
		if _, err := m.out.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := m.out.Truncate(0); err != nil {
			return err
		}
		if err := mtf.Write(m.out, spec); err != nil {
			return err
		}
		label.SetGUID = spec.Media.SetGUID
		set.Position = len(spec.Sets)
		m.file = &bakfile.File{Media: spec.Media}
		if err := m.out.Close(); err != nil {
			return err
		}
		if !m.fresh {
			if err := os.Rename(m.real+partial, m.real); err != nil {
				return err
			}
		}
	}
	return nil
}

// filler is bytes between the contents and the size that was asked for.
type filler struct{ state uint64 }

func (f *filler) Read(b []byte) (int, error) {
	for i := range b {
		if i%8 == 0 {
			f.state = f.state*6364136223846793005 + 1442695040888963407
		}
		b[i] = byte(f.state >> (8 * (i % 8)))
	}
	return len(b), nil
}

// header is the set as the database stands, without its LSNs.
func (s *Server) header(db *database, kind bakfile.Type, user string, started time.Time) bakfile.Set {
	offset := s.config.UTCOffset
	set := bakfile.Set{
		Type: kind, Database: db.name, ServerName: s.name, MachineName: machine(s.name), UserName: user,
		VersionMajor: s.version[0], VersionMinor: s.version[1], VersionBuild: s.version[2],
		DatabaseVersion: databaseVersions[s.version[0]], CompatibilityLevel: db.compat, RecoveryModel: db.recovery,
		DatabaseCreated: local(db.created), Started: local(started), UTCOffset: &offset,
		SetGUID: newGUID(), BindingID: db.binding, RecoveryForkID: db.fork, FirstRecoveryForkID: db.fork, FamilyGUID: db.family,
		Flags: flagAlways, SortOrder: 52, UnicodeLocale: 1033, UnicodeCompare: 196609, DatabaseBackupLSN: db.base.checkpoint,
	}
	if db.readOnly {
		set.Flags |= flagReadOnly
	}
	if db.access == "SINGLE_USER" {
		set.Flags |= flagSingleUser
	}
	for _, f := range db.files {
		file := bakfile.DataFile{FileID: f.id, LogicalName: f.logical, PhysicalName: f.physical, Type: f.kind, Size: f.size,
			MaxSize: 0x1fffffffe000, UniqueID: f.guid, SourceBlockSize: 512}
		if f.kind == "D" {
			file.FilegroupID, file.FilegroupName = 1, "PRIMARY"
		} else {
			file.MaxSize = 0x20000000000
		}
		set.Files = append(set.Files, file)
	}
	return set
}

func local(t time.Time) bakfile.LocalTime {
	if t.IsZero() {
		return bakfile.LocalTime{}
	}
	return bakfile.LocalTime{Time: t.UTC().Truncate(time.Second)}
}

// writeError turns a failure of the file system into the server's words.
func writeError(path string, err error) error {
	if errors.Is(err, errNoSpace) {
		return errWrite(path, osError(112))
	}
	return errWrite(path, osErrorOf(err))
}
