package backup

// Exempt is why a database rightly gets no backups of a kind, each a sentence;
// empty = it gets them. What a policy does and what it promises both go by it.
type Exempt struct{ NoLog, NoDifferential string }

// Exempt tells it of a database as its server describes it.
func (d Database) Exempt() (s Exempt) {
	switch {
	case d.RecoveryModel == "SIMPLE":
		s.NoLog = "Recovery model SIMPLE has no log backups."
	case d.ReadOnly && d.LastLogBackupLSN.IsZero():
		s.NoLog = "It is read-only, and no log chain was begun."
	case d.ReadOnly && !d.LastFull.IsZero() && !d.LastLog.IsZero():
		s.NoLog = "It is read-only: there is no new log."
	}
	if d.ReadOnly && !d.LastFull.IsZero() {
		s.NoDifferential = "It is read-only: its full backup holds everything."
	}
	return s
}
