package backup

import (
	"strings"
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

// TestStatesThatAllowNoBackup are said, and those that somebody must look at are
// not among them.
func TestStatesThatAllowNoBackup(t *testing.T) {
	for _, c := range []struct {
		what  string
		d     Database
		state string
		none  bool // no backup of any kind is expected
	}{
		{"open", Database{State: "ONLINE", RecoveryModel: "FULL"}, "", false},
		{"offline", Database{State: "OFFLINE"}, "OFFLINE", true},
		{"restoring", Database{State: "RESTORING"}, "RESTORING", true},
		{"in standby", Database{State: "ONLINE", Standby: true, ReadOnly: true}, "in standby", true},
		{"being copied", Database{State: "COPYING"}, "COPYING", true},
		{"suspect", Database{State: "SUSPECT"}, "SUSPECT", false},
		{"recovery pending", Database{State: "RECOVERY_PENDING"}, "RECOVERY_PENDING", false},
		{"asleep", Database{State: "ONLINE", RecoveryModel: "FULL", Asleep: true}, "asleep (AUTO_CLOSE)", false},
		{"asleep and read-only", Database{State: "ONLINE", RecoveryModel: "FULL", Asleep: true, ReadOnly: true}, "asleep (AUTO_CLOSE)", false},
		{"a secondary that is left out", Database{State: "ONLINE", RecoveryModel: "FULL", InAvailabilityGroup: true, Member: &Member{Group: "AG", Role: Secondary, Primary: "SQL1", Preference: "PRIMARY"}}, "secondary of AG", true},
		{"a secondary that takes the logs", Database{State: "ONLINE", RecoveryModel: "FULL", InAvailabilityGroup: true, PreferredReplica: true, Member: &Member{Group: "AG", Role: Secondary, Primary: "SQL1", Preference: "SECONDARY"}}, "secondary of AG", false},
	} {
		s := c.d.Exempt()
		if s.State != c.state || c.none != (s.NoFull != "" && s.NoLog != "" && s.NoDifferential != "") {
			t.Errorf("%s: %+v", c.what, s)
		}
		if strings.Contains(s.NoFull, "finish the restore") {
			t.Errorf("%s: %s", c.what, s.NoFull)
		}
		p := Protection{Promise: Promise{Database: "shop"}, Exempt: s}
		if why, ok := p.NotNeeded(); ok != (s.NoFull != "") || why != s.NoFull {
			t.Errorf("%s: not needed %v: %s", c.what, ok, why)
		}
	}
}
