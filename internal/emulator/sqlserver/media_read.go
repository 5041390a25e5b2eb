package sqlserveremu

import (
	"errors"
	"os"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
)

// source is a backup set that a restore reads.
type source struct {
	set   bakfile.Set
	media []mediaFile
}

type mediaFile struct {
	shown, real string
	file        *bakfile.File
}

// openSets reads the devices of a RESTORE; every stripe of the media must be
// there, unless one is enough.
func (n *session) openSets(o restoreOrder, one bool) (media []mediaFile, err error) {
	for _, p := range o.paths {
		real, err := n.server.reach(p)
		if err != nil {
			return nil, errDevice(p, err)
		}
		file, err := readMedium(p, real)
		if err != nil {
			return nil, err
		}
		media = append(media, mediaFile{p, real, file})
	}
	first := media[0].file.Media
	seen := map[int]bool{}
	for _, m := range media {
		if m.file.Media.SetGUID != first.SetGUID || seen[m.file.Media.FamilySequence] {
			return nil, refusal(3258, 16, "The volume on the device \"%s\" is not part of the media set that is currently being processed. Ensure that the backup devices are loaded with the correct media.", m.shown)
		}
		seen[m.file.Media.FamilySequence] = true
	}
	if !one && len(media) < first.FamilyCount {
		return nil, refusal(3132, 16, "The media set has %d media families but only %d are provided. All members must be provided.", first.FamilyCount, len(media))
	}
	return media, nil
}

// pick finds the set to restore.
func pick(media []mediaFile, position int) (source, error) {
	position = max(position, 1)
	for _, set := range media[0].file.Sets {
		if set.Position == position {
			return source{set, media}, nil
		}
	}
	return source{}, refusal(4038, 16, "Cannot find file ID %d on device '%s'.", position, media[0].shown)
}

// contents reads what the set carries.
func (s source) contents() (contents.Payload, error) {
	for _, m := range s.media {
		if m.file.Media.FamilySequence != 1 {
			continue
		}
		f, err := os.Open(m.real)
		if err != nil {
			return contents.Payload{}, errDevice(m.shown, osErrorOf(err))
		}
		defer f.Close()
		p, err := contents.Read(f, s.set.Position)
		if errors.Is(err, contents.ErrNone) || errors.Is(err, mtf.ErrNoPayload) {
			// A file of a real server: its rows cannot be read here.
			if s.set.Type != bakfile.TypeLog {
				p.Contents = &Contents{}
			}
			return p, nil
		}
		if err != nil {
			return contents.Payload{}, refusal(3203, 16, "Read on \"%s\" failed: %v", m.shown, err)
		}
		return p, nil
	}
	return contents.Payload{}, refusal(3203, 16, "Read on \"%s\" failed: the first media family is missing", s.media[0].shown)
}

func paths(media []mediaFile) (out []string) {
	for _, m := range media {
		out = append(out, m.real)
	}
	return out
}
