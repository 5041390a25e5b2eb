package media

import (
	"errors"
	"os"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Source is a backup set that a restore reads.
type Source struct {
	Set   bakfile.Set
	Media []File
}

// File is one that a restore reads.
type File struct {
	Shown, Real string
	Headers     *bakfile.File
}

// Gather reads the devices of a RESTORE; every stripe of the media must be
// there, unless one is enough.
func Gather(reach Reach, devices []string, one bool) (media []File, err error) {
	for _, p := range devices {
		real, err := reach(p)
		if err != nil {
			return nil, Refused(p, err)
		}
		file, err := Headers(p, real)
		if err != nil {
			return nil, err
		}
		media = append(media, File{p, real, file})
	}
	first := media[0].Headers.Media
	seen := map[int]bool{}
	for _, m := range media {
		if m.Headers.Media.SetGUID != first.SetGUID || seen[m.Headers.Media.FamilySequence] {
			return nil, tds.Refuse(3258, 16, "The volume on the device \"%s\" is not part of the media set that is currently being processed. Ensure that the backup devices are loaded with the correct media.", m.Shown)
		}
		seen[m.Headers.Media.FamilySequence] = true
	}
	if !one && len(media) < first.FamilyCount {
		return nil, tds.Refuse(3132, 16, "The media set has %d media families but only %d are provided. All members must be provided.", first.FamilyCount, len(media))
	}
	return media, nil
}

// Pick finds the set to restore.
func Pick(media []File, position int) (Source, error) {
	position = max(position, 1)
	for _, set := range media[0].Headers.Sets {
		if set.Position == position {
			return Source{set, media}, nil
		}
	}
	return Source{}, tds.Refuse(4038, 16, "Cannot find file ID %d on device '%s'.", position, media[0].Shown)
}

// Contents reads what the set carries.
func (s Source) Contents() (contents.Payload, error) {
	for _, m := range s.Media {
		if m.Headers.Media.FamilySequence != 1 {
			continue
		}
		f, err := os.Open(m.Real)
		if err != nil {
			return contents.Payload{}, Refused(m.Shown, OSErrorOf(err))
		}
		defer f.Close()
		p, err := contents.Read(f, s.Set.Position)
		if errors.Is(err, contents.ErrNone) || errors.Is(err, mtf.ErrNoPayload) {
			// A file of a real server: its rows cannot be read here.
			if s.Set.Type != bakfile.TypeLog {
				p.Contents = &contents.Contents{}
			}
			return p, nil
		}
		if err != nil {
			return contents.Payload{}, tds.Refuse(3203, 16, "Read on \"%s\" failed: %v", m.Shown, err)
		}
		return p, nil
	}
	return contents.Payload{}, tds.Refuse(3203, 16, "Read on \"%s\" failed: the first media family is missing", s.Media[0].Shown)
}

// Paths are the files of media.
func Paths(media []File) (out []string) {
	for _, m := range media {
		out = append(out, m.Real)
	}
	return out
}
