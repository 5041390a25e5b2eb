package bakfile

// Bits of Set.Flags, as the documentation of RESTORE HEADERONLY and msdb's
// backupset give them. 0x200 is set in every backup, 0x800 in differentials.
const (
	flagBulkLogged = 0x1
	flagSnapshot   = 0x2
	flagChecksums  = 0x10
	flagDamaged    = 0x20
	flagTailLog    = 0x40
	flagIncomplete = 0x80
	flagNoRecovery = 0x100
	flagCopyOnly   = 0x400
)

// HasBulkLoggedData: the log holds minimally logged changes and can only be
// applied as a whole.
func (s *Set) HasBulkLoggedData() bool { return s.Flags&flagBulkLogged != 0 }

// IsSnapshot: the data lies in a snapshot elsewhere, not in the file.
func (s *Set) IsSnapshot() bool { return s.Flags&flagSnapshot != 0 }

// IsDamaged: the database was damaged and the backup went on regardless.
func (s *Set) IsDamaged() bool { return s.Flags&flagDamaged != 0 }

// IsTailLog: a backup of the tail of the log. With NO_TRUNCATE the source may
// have gone on after it; only HasNoRecovery tells that it did not.
func (s *Set) IsTailLog() bool { return s.Flags&flagTailLog != 0 }

// HasNoRecovery: the log was backed up WITH NORECOVERY, which closed the
// database: nothing follows it at the source.
func (s *Set) HasNoRecovery() bool { return s.Flags&flagNoRecovery != 0 }

// HasIncompleteMetadata: a tail-log backup of a damaged database.
func (s *Set) HasIncompleteMetadata() bool { return s.Flags&flagIncomplete != 0 }

// LooksCopyOnly: the backup was taken WITH COPY_ONLY. No document names the
// bit; it is what servers show in HEADERONLY's column, and what the one
// copy-only file at hand (SQL Server 2017) has.
func (s *Set) LooksCopyOnly() bool { return s.Flags&flagCopyOnly != 0 }
