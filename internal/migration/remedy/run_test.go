package remedy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// book keeps what was begun.
type book struct {
	Store
	begun []Run
	said  []string
}

func (b *book) BeginRemedyRun(_ context.Context, w Run, _ run.Run, e audit.Entry) error {
	b.begun, b.said = append(b.begun, w), append(b.said, e.Action+" "+e.Subject+": "+e.Summary)
	return nil
}

func one() string { return "1" }

// TestWhatIsOrderedAtASource: one of three remedies for a named database; taking
// writes is for the target of a cutover.
func TestWhatIsOrderedAtASource(t *testing.T) {
	for _, c := range []struct {
		remedy   migration.Remedy
		database string
		want     string // empty: refused
	}{
		{migration.RemedyRecovery, "shop", "source.recovery-full instance/s: Ordered at the source: ALTER DATABASE [shop] SET RECOVERY FULL"},
		{migration.RemedyPageVerify, "a]b", "source.page-verify instance/s: Ordered at the source: ALTER DATABASE [a]]b] SET PAGE_VERIFY CHECKSUM"},
		{migration.RemedyCheck, "it's", "source.checkdb instance/s: Ordered at the source: DBCC CHECKDB (N'it''s') WITH NO_INFOMSGS, ALL_ERRORMSGS, TABLERESULTS"},
		{migration.RemedyCheck, "", ""},
		{migration.RemedyWritable, "shop", ""},
		{"drop", "shop", ""},
	} {
		b := &book{}
		_, err := Order(t.Context(), b, "s", c.database, c.remedy, one, migration.By{})
		if got := strings.Join(b.said, "|"); got != c.want || (c.want == "") != fault.Is(err, fault.Invalid) {
			t.Errorf("%s of %q: %q %v", c.remedy, c.database, got, err)
		}
	}
}

// TestOnlyAnOpenReadOnlyTargetIsMadeWritable.
func TestOnlyAnOpenReadOnlyTargetIsMadeWritable(t *testing.T) {
	frozen := migration.Migration{ID: "m", InstanceID: "i", Database: "shop", Opened: time.Unix(1, 0), LiveSource: &migration.LiveSource{Freeze: migration.FreezeReadOnly, Frozen: time.Unix(1, 0)}}
	if !migration.ComesUpReadOnly(frozen) {
		t.Fatal("the sample does not come up read-only")
	}
	b := &book{}
	if _, err := OrderWritable(t.Context(), b, frozen, one, migration.By{}); err != nil || len(b.begun) != 1 || b.begun[0].Remedy != migration.RemedyWritable || b.begun[0].ServerID != "i" {
		t.Errorf("%+v %v", b.begun, err)
	}
	closed := frozen
	closed.Opened = time.Time{}
	tail := frozen
	tail.LiveSource = &migration.LiveSource{Freeze: migration.FreezeTail, Frozen: time.Unix(1, 0)}
	for name, m := range map[string]migration.Migration{"not open": closed, "by tail": tail} {
		if _, err := OrderWritable(t.Context(), b, m, one, migration.By{}); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatCameOfARemedyIsSaid: nothing that is under way, canceled or found
// damage reads like success.
func TestWhatCameOfARemedyIsSaid(t *testing.T) {
	ended := time.Unix(1, 0)
	for _, c := range []struct {
		run   Run
		going bool
		says  string
	}{
		{Run{Remedy: migration.RemedyRecovery, State: run.Running}, true, "Set recovery model FULL: under way."},
		{Run{Remedy: migration.RemedyRecovery, State: run.Queued}, true, "under way"},
		{Run{Remedy: migration.RemedyRecovery, State: run.Canceled}, false, "It was canceled."},
		{Run{Remedy: migration.RemedyRecovery, State: run.Failed, Finished: ended, Why: words.Say("No rights.")}, false, "No rights."},
		{Run{Remedy: migration.RemedyCheck, State: run.Failed, Finished: ended, Found: []string{"page 1:9", "page 1:10"}}, false, "found 2 errors: page 1:9"},
		{Run{Remedy: migration.RemedyCheck, State: run.Succeeded, Finished: ended}, false, "found no errors"},
		{Run{Remedy: migration.RemedyRecovery, Database: "shop", State: run.Succeeded, Finished: ended}, false, "Done: ALTER DATABASE [shop] SET RECOVERY FULL."},
	} {
		if got := c.run.Words().String(); c.run.Going() != c.going || !strings.Contains(got, c.says) {
			t.Errorf("%+v: going %t, %q", c.run, c.run.Going(), got)
		}
	}
}
