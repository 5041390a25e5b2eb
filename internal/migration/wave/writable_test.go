package wave

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/migration"
)

func TestWhoIsWritable(t *testing.T) {
	at := time.Unix(1, 0)
	tail := []migration.SourceBackup{{Tail: true, Kind: "log", Verdict: migration.Accepted}}
	begun := []migration.SourceBackup{{Tail: true, Kind: "log"}}
	opening := []migration.Call{{Verb: migration.VerbOpen, Verdict: migration.Accepted}}
	for _, tc := range []struct {
		name string
		m    migration.Migration
		want Side
		says string
	}{
		{"follows", migration.Migration{LiveSource: &migration.LiveSource{}}, SideSource, "never stopped"},
		{"told to freeze", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, SourceBackups: begun}}, SideNeither, "are being stopped"},
		{"frozen", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, SourceBackups: tail}}, SideNeither, "target is not open"},
		{"one more log after the tail", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, SourceBackups: append(tail, migration.SourceBackup{Kind: "log", Verdict: migration.Accepted})}}, SideNeither, "target is not open"},
		{"told to open", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at}, Calls: opening}, SideNeither, "told to open"},
		{"the order to open never arrived", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, SourceBackups: tail}, Calls: []migration.Call{{Verb: migration.VerbOpen, Verdict: migration.Void}}}, SideNeither, "not open"},
		{"open", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at}, Opened: at}, SideTarget, "kept frozen"},
		{"open after READ_ONLY", migration.Migration{Database: "a]b", LiveSource: &migration.LiveSource{Frozen: at, Freeze: migration.FreezeReadOnly}, Opened: at}, SideNeither, "ALTER DATABASE [a]]b] SET READ_WRITE"},
		{"open after READ_ONLY, set READ_WRITE at a self-managed server", migration.Migration{Traits: serverTraits, LiveSource: &migration.LiveSource{Frozen: at, Freeze: migration.FreezeReadOnly}, Opened: at}, SideTarget, "was set READ_WRITE"},
		{"application stopped", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, Freeze: migration.FreezeStopped}}, SideSource, "said to be stopped"},
		{"application stopped, told to open", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, Freeze: migration.FreezeStopped}, Calls: opening}, SideSource, "not carried over"},
		{"application stopped, open", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, Freeze: migration.FreezeStopped}, Opened: at}, SideTarget, "keep everybody away"},
		{"application stopped, aborted", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, Freeze: migration.FreezeStopped, AbortAsked: at, GivenBack: at}}, SideSource, "left as it is"},
		{"being given back", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, AbortAsked: at}}, SideNeither, "being given back"},
		{"given back", migration.Migration{LiveSource: &migration.LiveSource{Frozen: at, AbortAsked: at, GivenBack: at}}, SideSource, "given back"},
		{"aborted before the freeze", migration.Migration{LiveSource: &migration.LiveSource{AbortAsked: at, GivenBack: at}, Stage: migration.StageTerminated}, SideSource, "never stopped"},
		{"of files", migration.Migration{}, SideSource, "not known"},
	} {
		if side, why := WritableAt(tc.m); side != tc.want || !strings.Contains(why, tc.says) {
			t.Errorf("%s: %s, %q", tc.name, side, why)
		}
	}
}
