package mtf

import "github.com/bakplane/bakplane/internal/bakfile"

// fixedParts are the lengths of SCIN, SFGI and SFIN before their strings; they
// grew with the versions of SQL Server.
func fixedParts(major int) (set, group, file int) {
	switch {
	case major <= 9:
		return 0x158, 0x30, 0x190
	case major == 10:
		return 0x16c, 0x30, 0x400
	}
	return 0x190, 0xe0, 0x404
}

// config is the MQCI stream of MSLS, or of MSCI when before is true: there a
// real server does not yet know the end, and from SQL Server 2019 on the log
// sequence numbers are those of an earlier checkpoint.
func config(s *Set, backupSize int64, before bool) []byte {
	setPart, groupPart, filePart := fixedParts(s.VersionMajor)
	out := scin(s, setPart, backupSize, before)
	seen := map[int]bool{0: true}
	for _, f := range s.Files {
		if seen[f.FilegroupID] {
			continue
		}
		seen[f.FilegroupID] = true
		g := newRecord("SFGI", groupPart)
		if f.FilegroupID == 1 {
			g.u32(0x08, 0x10)
		}
		g.u32(0x0c, uint32(f.FilegroupID))
		g.text(0x10, f.FilegroupName)
		out = append(out, g.record()...)
	}
	for _, f := range s.Files {
		out = append(out, sfin(s, f, filePart)...)
	}
	return out
}

func scin(s *Set, fixed int, backupSize int64, before bool) []byte {
	first, last, checkpoint := s.FirstLSN, s.LastLSN, s.CheckpointLSN
	if before && s.VersionMajor >= 15 {
		first, last, checkpoint = s.DatabaseBackupLSN, s.DatabaseBackupLSN, s.DatabaseBackupLSN
	}
	d := newRecord("SCIN", fixed)
	flags := s.Flags | 0x200
	if s.HasChecksums {
		flags |= 0x10
	}
	if s.Type.IsDifferential() {
		flags |= 0x800
	}
	d.u32(0x08, flags)
	logs := 0
	for _, f := range s.Files {
		if f.Type == "L" {
			logs++
		}
	}
	d.u32(0x0c, uint32(len(s.Files)-logs))
	d.u32(0x10, uint32(logs))
	d.u16(0x18, s.VersionBuild)
	d.u8(0x1a, s.VersionMinor)
	d.u8(0x1b, s.VersionMajor)
	d.lsn(0x20, first)
	d.lsn(0x2a, last)
	d.lsn(0x34, checkpoint)
	d.lsn(0x3e, s.DatabaseBackupLSN)
	d.date(0x48, s.DatabaseCreated)
	d.date(0x4d, s.Started)
	d.u8(0x57, int(letter(s.Type)))
	d.u8(0x58, s.SortOrder)
	d.u16(0x59, 1)
	d.u8(0x5b, s.CompatibilityLevel)
	d.u16(0x5e, s.DatabaseVersion)
	d.u64(0x60, backupSize)
	d.u32(0x74, uint32(s.UnicodeLocale))
	d.u32(0x78, uint32(s.UnicodeCompare))
	d.guid(0x7c, s.BindingID)
	d.lsn(0x90, last)
	d.guid(0x9c, s.RecoveryForkID)
	if !s.ForkPointLSN.IsZero() {
		d.lsn(0xac, s.ForkPointLSN)
		d.guid(0xb8, s.FirstRecoveryForkID)
	}
	d.guid(0xc8, s.DatabaseBackupGUID)
	d.guid(0xe0, s.FamilyGUID)
	d.u16(0xf2, 1)
	d.u32(0xf4, 0x10000|map[bakfile.RecoveryModel]uint32{bakfile.RecoverySimple: 0x8, bakfile.RecoveryBulkLogged: 0x4}[s.RecoveryModel])
	if s.Type == bakfile.TypeLog {
		if s.BeginsLogChain {
			d.lsn(0xf8, s.FirstLSN)
		} else {
			d.lsn(0x14c, s.FirstLSN)
		}
	}
	d.lsn(0x104, s.DifferentialBaseLSN)
	d.guid(0x110, s.DifferentialBaseGUID)
	if !before {
		d.date(0x52, s.Finished)
	}
	if fixed > 0x160 {
		compressed := s.CompressedSize
		if compressed == 0 {
			compressed = backupSize
		}
		d.u64(0x158, compressed)
	}
	d.text(0x68, s.Database)
	d.text(0x6c, s.ServerName)
	return d.record()
}

func sfin(s *Set, f bakfile.DataFile, fixed int) []byte {
	d := newRecord("SFIN", fixed)
	status, code := uint32(4), uint32(1)
	if f.Type == "L" {
		code = 2
	} else if s.Type == bakfile.TypeFull {
		status |= 0x80
	}
	d.u32(0x08, status)
	d.u32(0x10, 8192)
	d.u32(0x14, uint32(f.FileID))
	d.u32(0x1c, code)
	d.u32(0x20, uint32(f.SourceBlockSize))
	d.u32(0x24, uint32(f.FilegroupID))
	d.u64(0x28, f.Size)
	d.u64(0x56, f.MaxSize)
	d.u64(0x72, f.Size)
	d.u64(0x82, f.Size)
	d.lsn(0x8a, f.CreateLSN)
	d.guid(0xba, f.UniqueID)
	d.lsn(0xca, s.FirstLSN)
	d.lsn(0xda, s.LastLSN)
	d.lsn(0xea, s.CheckpointLSN)
	if f.BackupSize != nil {
		d.u32(0x18, uint32(*f.BackupSize/8192))
		d.u64(0xfa, *f.BackupSize)
	}
	d.text(0x30, f.LogicalName)
	d.text(0x34, f.PhysicalName)
	return d.record()
}

func letter(t bakfile.Type) byte {
	return map[bakfile.Type]byte{bakfile.TypeFull: 'D', bakfile.TypeLog: 'L', bakfile.TypeDifferential: 'I',
		bakfile.TypeFile: 'F', bakfile.TypeDifferentialFile: 'G', bakfile.TypePartial: 'P',
		bakfile.TypeDifferentialPartial: 'Q'}[t]
}
