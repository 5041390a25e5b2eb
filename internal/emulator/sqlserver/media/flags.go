package media

// Bits of the flags in a set, after the public page "RESTORE HEADERONLY".
const (
	FlagSnapshot   = 0x2
	FlagReadOnly   = 0x4
	FlagSingleUser = 0x8
	FlagChecksums  = 0x10
	FlagDamaged    = 0x20
	FlagTail       = 0x40
	FlagNoRecovery = 0x100
	FlagAlways     = 0x200
	FlagCopyOnly   = 0x400
)
