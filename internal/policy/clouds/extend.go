package clouds

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

// Recorder keeps audit entries.
type Recorder interface {
	Record(ctx context.Context, e audit.Entry) error
}

// Extend moves the expiry of a set to a later moment, the next whole minute:
// look, check, call, look again, note. A set whose expiry is that moment already is left alone. It
// returns the set as the service tells it afterwards. Errors: NotFound, Invalid
// with an *Objection, and those of backup.Cloud.
func Extend(ctx context.Context, cloud backup.Cloud, r Recorder, instanceID, setID string, until time.Time, databases int, by audit.Actor, now func() time.Time) (backup.CloudSet, error) {
	until = backup.ExpiryMinute(until)
	was, err := oneSet(ctx, cloud, setID)
	if err != nil || was.Expires.Equal(until) {
		return was, err
	}
	if found := CheckExpiry(was, until, databases, now()); policy.Barred(found) {
		o := &policy.Objection{Findings: found}
		return was, fault.Told(fault.Invalid, o.Text(), words.Text{}).Because(o)
	}
	sent := cloud.Extend(ctx, setID, until)
	if sent != nil && !fault.Is(sent, fault.Unavailable) {
		return was, fmt.Errorf("extend set %s: %w", setID, sent)
	}
	is, err := oneSet(ctx, cloud, setID)
	switch {
	case err != nil:
		return was, err
	case sent != nil && !is.Expires.Equal(until):
		return is, fmt.Errorf("extend set %s: %w", setID, sent)
	case !is.Expires.Equal(until):
		return is, fault.Newf(fault.Conflict, "The service took the new expiry and still says %s.", TwoZones(is.Expires)).WithFix("Look again in a minute.")
	}
	e := audit.New(by, now(), "set.extend", policy.InstanceSubject(instanceID), fmt.Sprintf("Moved the expiry of backup set %s to %s.", setID, TwoZones(until))).
		With(map[string]any{"set": setID, "expires": was.Expires}, map[string]any{"set": setID, "expires": until})
	return is, r.Record(ctx, e)
}

func oneSet(ctx context.Context, cloud backup.Cloud, setID string) (backup.CloudSet, error) {
	page, err := cloud.Sets(ctx, backup.SetQuery{ID: setID})
	if err != nil {
		return backup.CloudSet{}, err
	}
	for _, s := range page.Sets {
		if s.ID == setID {
			return s, nil
		}
	}
	return backup.CloudSet{}, fault.Newf(fault.NotFound, "The instance has no backup set %s any more.", setID).WithFix("Read the list of sets again: it may have expired.")
}
