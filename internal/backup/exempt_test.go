package backup

import (
	"testing"
	"time"
)

func TestSpared(t *testing.T) {
	at, lsn := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC), LSN{VLF: 1}
	for name, c := range map[string]struct {
		d             Database
		noLog, noDiff bool
	}{
		"at work":                      {Database{RecoveryModel: "FULL", LastLogBackupLSN: lsn, LastFull: at, LastLog: at}, false, false},
		"never backed up":              {Database{RecoveryModel: "FULL"}, false, false},
		"simple":                       {Database{RecoveryModel: "SIMPLE", LastFull: at}, true, false},
		"simple that had logs once":    {Database{RecoveryModel: "SIMPLE", LastFull: at, LastLog: at}, true, false},
		"read-only":                    {Database{RecoveryModel: "FULL", ReadOnly: true, LastLogBackupLSN: lsn, LastFull: at, LastLog: at}, true, true},
		"read-only, no log yet":        {Database{RecoveryModel: "FULL", ReadOnly: true, LastLogBackupLSN: lsn, LastFull: at}, false, true},
		"read-only, no chain":          {Database{RecoveryModel: "FULL", ReadOnly: true, LastFull: at}, true, true},
		"read-only, never backed up":   {Database{RecoveryModel: "FULL", ReadOnly: true}, true, false},
		"read-only and simple":         {Database{RecoveryModel: "SIMPLE", ReadOnly: true, LastFull: at}, true, true},
		"read-only, full not known of": {Database{RecoveryModel: "FULL", ReadOnly: true, LastLogBackupLSN: lsn, LastLog: at}, false, false},
	} {
		if s := c.d.Exempt(); (s.NoLog != "") != c.noLog || (s.NoDifferential != "") != c.noDiff {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
