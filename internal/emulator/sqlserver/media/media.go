// Package media is the files that an emulated SQL Server backs up to and
// restores from: opening, appending, stripes, and the system errors in the way.
package media

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Reach gives the file of this machine behind a path of the server, or the
// system error that stands in the way.
type Reach func(path string) (string, error)

// Medium is one file that a backup writes or a restore reads.
type Medium struct {
	Shown string // as the client wrote it
	Real  string
	File  *bakfile.File // what is there already, or nil
	Fresh bool          // made by this backup: removed when it fails
	Out   *os.File
}

// Open looks at the files of a backup and opens them for writing. A file
// that exists is kept as it is until the backup succeeds.
func Open(reach Reach, paths []string, overwrite, format bool) (media []*Medium, err error) {
	defer func() {
		if err != nil {
			Discard(media)
		}
	}()
	for _, path := range paths {
		real, err := reach(path)
		if err != nil {
			return media, Refused(path, err)
		}
		m := &Medium{Shown: path, Real: real}
		if info, err := os.Stat(real); err == nil {
			switch {
			case info.IsDir():
				return media, Refused(path, OSError(5))
			case format || overwrite && info.Size() == 0:
			default:
				if m.File, err = Headers(path, real); err != nil {
					return media, err
				}
				if n := m.File.Media.FamilyCount; n != len(paths) {
					return media, tds.Refuse(3231, 16, "The media loaded on \"%s\" is formatted to support %d media families, but %d media families are expected according to the backup device specification.", path, n, len(paths))
				}
			}
			if overwrite {
				m.File = nil
			}
		} else {
			m.Fresh = true
		}
		target, mode := real, os.O_EXCL // seen from outside while the backup runs
		if !m.Fresh {
			target, mode = real+partial, os.O_TRUNC
		}
		if m.Out, err = os.OpenFile(target, os.O_RDWR|os.O_CREATE|mode, 0o644); err != nil {
			return media, Refused(path, OSErrorOf(err))
		}
		media = append(media, m)
	}
	return media, nil
}

// partial is added to the name of a file while another of that name is there.
const partial = ".partial"

func Discard(media []*Medium) {
	for _, m := range media {
		_ = m.Out.Close()
		if m.Fresh {
			_ = os.Remove(m.Real)
		} else {
			_ = os.Remove(m.Real + partial)
		}
	}
}

// Headers reads a backup file's headers, with SQL Server's words for what is
// none.
func Headers(path, real string) (*bakfile.File, error) {
	f, err := os.Open(real)
	if err != nil {
		return nil, Refused(path, OSErrorOf(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, Refused(path, OSErrorOf(err))
	}
	if info.IsDir() {
		return nil, Refused(path, OSError(5))
	}
	file, err := bakfile.Read(f, info.Size())
	switch bakfile.ReasonOf(err) {
	case bakfile.NotBackup, bakfile.OtherTape:
		return nil, tds.Refuse(3242, 16, "The file on device '%s' is not a valid Microsoft Tape Format backup set.", path)
	case bakfile.Empty:
		return nil, tds.Refuse(3254, 16, "The volume on device '%s' is empty.", path)
	}
	if err != nil || file.Truncated || len(file.Sets) == 0 {
		return nil, tds.Refuse(3241, 16, "The media family on device '%s' is incorrectly formed. SQL Server cannot process this media family.", path)
	}
	return file, nil
}

// Write puts the set on all media: the contents into the first, filler behind
// it, and equal parts of the whole into each.
func Write(media []*Medium, set *bakfile.Set, base bakfile.GUID, content []byte, size int64, blockSize int, label bakfile.Media) error {
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
		if m.File != nil { // appended to what is there
			old, err := os.Open(m.Real)
			if err != nil {
				return err
			}
			defer old.Close()
			spec.Media = m.File.Media
			before, err := kept(old, m.File.Sets)
			if err != nil {
				return err
			}
			spec.Sets = append(before, own)
		}
		m.File = nil
		if _, err := m.Out.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := m.Out.Truncate(0); err != nil {
			return err
		}
		if err := mtf.Write(m.Out, spec); err != nil {
			return err
		}
		label.SetGUID = spec.Media.SetGUID
		set.Position = len(spec.Sets)
		m.File = &bakfile.File{Media: spec.Media}
		if err := m.Out.Close(); err != nil {
			return err
		}
		if !m.Fresh {
			if err := os.Rename(m.Real+partial, m.Real); err != nil {
				return err
			}
		}
	}
	return nil
}

// Protect marks a backup file as one that wants a password, which SQL Server
// wrote until 2008 R2 and still asks for, and gives its media set.
func Protect(real string) (bakfile.GUID, error) {
	file, err := Headers(real, real)
	if err != nil {
		return bakfile.GUID{}, err
	}
	old, err := os.Open(real)
	if err != nil {
		return bakfile.GUID{}, err
	}
	defer old.Close()
	spec := mtf.Spec{Media: file.Media}
	spec.Media.HasPassword = true
	if spec.Sets, err = kept(old, file.Sets); err != nil {
		return bakfile.GUID{}, err
	}
	out, err := os.Create(real + partial)
	if err != nil {
		return bakfile.GUID{}, err
	}
	defer out.Close()
	if err := mtf.Write(out, spec); err != nil {
		return bakfile.GUID{}, err
	}
	return file.Media.SetGUID, os.Rename(real+partial, real)
}

// kept are the sets of a file as they are.
func kept(old *os.File, sets []bakfile.Set) (out []mtf.Set, err error) {
	for _, s := range sets {
		p, err := mtf.Payload(old, s.Position)
		if err != nil {
			return nil, err
		}
		out = append(out, mtf.Set{Set: s, Payload: p, PayloadSize: p.Size()})
	}
	return out, nil
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
