package bakfile

import "fmt"

// Bounds for SQL Server's own records, against lengths that lie.
const (
	maxConfig = 16 << 20 // bytes of all configurations of one file together
	oldestSet = 0x70     // fixed bytes of SCIN that any version must have
)

// config is the content of an MQCI stream: records SCIN (the set), SFGI
// (filegroups) and SFIN (files). Each is tag, total size, body; strings lie
// behind the fixed part, whose length grew with the versions.
type config struct {
	set   fields
	group []fields
	file  []fields
}

func parseConfig(b []byte) (c config, err error) {
	for len(b) >= 8 {
		size := int64(le.Uint32(b[4:]))
		if size < 8 || size > int64(len(b)) {
			return c, errMalformed
		}
		record := b[:size]
		switch string(b[:4]) {
		case "SCIN":
			c.set = fields{record, fixedPart(record, 0x68, 0x6c)}
		case "SFGI":
			c.group = append(c.group, fields{record, fixedPart(record, 0x10)})
		case "SFIN":
			c.file = append(c.file, fields{record, fixedPart(record, 0x30, 0x34)})
		}
		b = b[size:]
	}
	if c.set.fixed < oldestSet {
		return c, errMalformed
	}
	return c, nil
}

// fixedPart is the offset of the first string of a record, the whole record
// when it has none.
func fixedPart(record []byte, names ...int) int {
	fixed := len(record)
	for _, off := range names {
		if off+4 > len(record) {
			break
		}
		if n, at := int(le.Uint16(record[off:])), int(le.Uint16(record[off+2:])); n > 0 && at >= off+4 {
			fixed = min(fixed, at)
		}
	}
	return fixed
}

// fill copies what the configuration says into the set. complete tells that
// it is the one written behind the data.
func (c config) fill(s *Set, complete bool) {
	f := c.set
	s.Complete = complete
	s.Flags = f.u32(0x08)
	s.HasChecksums = s.Flags&flagChecksums != 0
	s.VersionBuild, s.VersionMinor, s.VersionMajor = f.u16(0x18), f.u8(0x1a), f.u8(0x1b)
	s.FirstLSN, s.LastLSN, s.CheckpointLSN = f.lsn(0x20), f.lsn(0x2a), f.lsn(0x34)
	s.DatabaseBackupLSN = f.lsn(0x3e)
	s.DatabaseCreated, s.Started = f.date(0x48), f.date(0x4d)
	s.Type = TypeOf(rune(f.u8(0x57)))
	s.SortOrder, s.CompatibilityLevel, s.DatabaseVersion = f.u8(0x58), f.u8(0x5b), f.u16(0x5e)
	s.Database, s.ServerName = f.text(0x68), f.text(0x6c)
	s.UnicodeLocale, s.UnicodeCompare = int(f.u32(0x74)), int(f.u32(0x78))
	s.BindingID, s.RecoveryForkID, s.FamilyGUID = f.guid(0x7c), f.guid(0x9c), f.guid(0xe0)
	if f.has(0xf4, 4) {
		s.RecoveryModel = recoveryModel(f.u32(0xf4))
	}
	s.DifferentialBaseLSN, s.DifferentialBaseGUID = f.lsn(0x104), f.guid(0x110)
	s.LSNsTrustworthy = complete || s.VersionMajor < 15
	if complete {
		s.Finished, s.BackupSize = f.date(0x52), f.i64(0x60)
		s.CompressedSize = f.i64(0x158)
	}
	s.BeginsLogChain = s.Type == TypeLog && !s.FirstLSN.IsZero() && f.has(0xf8, 10) && s.FirstLSN == f.lsn(0xf8)
	c.fillFork(s)
	c.fillFiles(s)
}

// fillFork tells the fork a set begins on. SCIN names the fork before the
// current one and where that ended; a log that reaches over that place begins
// on the older fork. No file that does was at hand: this follows from the
// layout.
func (c config) fillFork(s *Set) {
	s.FirstRecoveryForkID = s.RecoveryForkID
	point, before := c.set.lsn(0xac), c.set.guid(0xb8)
	if s.Type != TypeLog || !s.LSNsTrustworthy || point.IsZero() || before.IsZero() {
		return
	}
	if s.FirstLSN.Compare(point) <= 0 && point.Compare(s.LastLSN) < 0 {
		s.FirstRecoveryForkID, s.ForkPointLSN = before, point
	}
}

func (c config) fillFiles(s *Set) {
	groups := map[uint32]string{}
	for _, g := range c.group {
		groups[g.u32(0x0c)] = g.text(0x10)
	}
	for _, f := range c.file {
		file := DataFile{
			FileID:          int(f.u32(0x14)),
			LogicalName:     f.text(0x30),
			PhysicalName:    f.text(0x34),
			Type:            fileType(f.u32(0x1c)),
			FilegroupID:     int(f.u32(0x24)),
			FilegroupName:   groups[f.u32(0x24)],
			Size:            f.i64(0x28),
			MaxSize:         f.i64(0x56),
			UniqueID:        f.guid(0xba),
			SourceBlockSize: int(f.u32(0x20)),
			CreateLSN:       f.lsn(0x8a),
		}
		// From SQL Server 2019 on the field counts only the last, small pass.
		if s.Complete && s.Type != TypeLog && file.Type == "D" && s.VersionMajor < 15 && f.has(0xfa, 8) {
			size := f.i64(0xfa)
			file.BackupSize = &size
		}
		s.Files = append(s.Files, file)
	}
}

// TypeOf is the type that files and msdb (documentation page "backupset", type)
// write as a letter; 0 = none we know.
func TypeOf(letter rune) Type {
	return map[rune]Type{'D': TypeFull, 'L': TypeLog, 'I': TypeDifferential, 'F': TypeFile,
		'G': TypeDifferentialFile, 'P': TypePartial, 'Q': TypeDifferentialPartial}[letter]
}

func fileType(code uint32) string {
	return map[uint32]string{1: "D", 2: "L"}[code]
}

func recoveryModel(status uint32) RecoveryModel {
	switch {
	case status&0x8 != 0:
		return RecoverySimple
	case status&0x4 != 0:
		return RecoveryBulkLogged
	}
	return RecoveryFull
}

// String is HEADERONLY's BackupTypeDescription; for a type it does not know,
// as in old or future files, it says so.
func (t Type) String() string {
	switch t {
	case TypeFull:
		return "Database"
	case TypeLog:
		return "Transaction Log"
	case TypeFile:
		return "File or Filegroup"
	case TypeDifferential:
		return "Database Differential"
	case TypeDifferentialFile:
		return "Differential File"
	case TypePartial:
		return "Partial"
	case TypeDifferentialPartial:
		return "Partial Differential"
	}
	return "Unknown"
}

// Version is the SQL Server version as major.minor.build.
func (s *Set) Version() string {
	return fmt.Sprintf("%d.%d.%d", s.VersionMajor, s.VersionMinor, s.VersionBuild)
}

// Product is the marketing name of the SQL Server that wrote the set, such as
// "SQL Server 2016"; empty when the version is none we know.
func (s *Set) Product() string {
	if s.VersionMajor == 10 && s.VersionMinor >= 50 {
		return "SQL Server 2008 R2"
	}
	if year := Year(s.VersionMajor); year != "" {
		return "SQL Server " + year
	}
	return ""
}
