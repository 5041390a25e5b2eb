package bakfile

import "github.com/bakplane/bakplane/internal/bakfile/layout"

const sqlServerVendor = 0x1200 // MTF software vendor id of SQL Server

// parseMedia reads the TAPE block at the start of v and tells where the block
// after it begins.
func parseMedia(v view) (m Media, next int64, err error) {
	b, err := atMost(v, 0, maxBlock)
	if err != nil {
		return Media{}, 0, err
	}
	if !validBlock(b, "TAPE") {
		return Media{}, 0, errMalformed
	}
	f := fields{b, len(b)}
	m = Media{
		FamilyID:          f.u32(0x34),
		SequenceNumber:    f.u16(0x3c),
		HasPassword:       f.u16(0x3e) != 0,
		PhysicalBlockSize: 512 * f.u16(0x40),
		Name:              f.text(0x44),
		Description:       f.text(0x48),
		SoftwareName:      f.text(0x50),
		SoftwareVendorID:  f.u16(0x56),
		Date:              f.date(0x58),
	}
	list, next, err := streams(v, 0)
	if soft(err) != nil {
		return Media{}, 0, err
	}
	if next == 0 {
		next = int64(max(m.PhysicalBlockSize, 1024))
	}
	for _, s := range list {
		if s.id != "RAID" || s.size < 0x20 {
			continue
		}
		b, err := v.at(s.data, 0x20)
		if err != nil {
			return Media{}, 0, err
		}
		r := fields{b, len(b)}
		m.SetGUID, m.FamilyCount, m.FamilySequence = r.guid(0), r.u16(0x14), r.u16(0x18)
	}
	return m, next, nil
}

// atMost returns n bytes from off, or as many as there are.
func atMost(v view, off int64, n int) ([]byte, error) {
	for ; n >= layout.BlockHeader; n /= 2 {
		if b, err := v.at(off, n); err == nil || soft(err) != nil {
			return b, err
		}
	}
	return nil, errPastEnd
}

// plausibleBlockSize reports whether BACKUP … WITH BLOCKSIZE allows it.
func plausibleBlockSize(n int) bool { return n >= 512 && n <= 65536 && n&(n-1) == 0 }
