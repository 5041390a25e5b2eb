package backupjob

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// CopyRule says that every new set of a cloud's instance is copied to a bucket
// before it expires.
type CopyRule struct {
	InstanceID string
	BucketID   string
	Since      time.Time // sets finished from here on
}

// CopyRules keeps the rules; every method is one transaction.
type CopyRules interface {
	CopyRules(ctx context.Context) ([]CopyRule, error)
	// SetCopyRule makes or replaces the rule of an instance; an empty bucket
	// ends it.
	SetCopyRule(ctx context.Context, r CopyRule, e audit.Entry) error
}

// Rule makes the rule of an instance, or ends it with an empty bucket.
func (c *Copier) Rule(ctx context.Context, instanceID, bucketID string, by By) error {
	var wrong []Wrong
	in, err := instanceOf(ctx, c.Ports, instanceID, servicesBackups, &wrong)
	if err != nil {
		return err
	}
	if bucketID != "" {
		if _, err := c.Ports.Bucket(ctx, bucketID); fault.Is(err, fault.NotFound) {
			wrong = append(wrong, Wrong{FieldBucket, words.Say("The bucket does not exist any more."), words.Say("Choose another.")})
		} else if err != nil {
			return err
		}
	}
	if err := refusal(wrong); err != nil {
		return err
	}
	text := words.Say("New backup sets of %s are copied to a bucket.", in.Name)
	if bucketID == "" {
		text = words.Say("New backup sets of %s are copied no more.", in.Name)
	}
	e := by.entry("backup.copy-rule", "instance/"+instanceID, text.String()).With(nil, map[string]string{"bucket": bucketID})
	return c.Copies.SetCopyRule(ctx, CopyRule{InstanceID: instanceID, BucketID: bucketID, Since: by.At.Truncate(time.Second)}, e)
}

// Due orders a copy of every set that a rule wants and nobody ordered yet. It
// may be called again at any time.
func (c *Copier) Due(ctx context.Context) error {
	rules, err := c.Copies.CopyRules(ctx)
	if err != nil {
		return err
	}
	for _, rule := range rules {
		f := backup.RecordFilter{InstanceID: rule.InstanceID, Origin: backup.InCloud, State: backup.Complete, From: rule.Since, Limit: 200}
		records, err := c.Catalogue.Records(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range records {
			if uncopiable(r, rule.BucketID) != "" {
				continue
			}
			if _, err := c.Store.Operation(ctx, "copy/"+r.ID+"/"+rule.BucketID); err == nil {
				continue
			} else if !fault.Is(err, fault.NotFound) {
				return err
			}
			if _, err := c.order(ctx, r, rule.BucketID, once(c.NewID, "copy/"+r.ID+"/"+rule.BucketID), By{Actor: audit.Engine, At: c.Now()}); err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
		}
	}
	return nil
}
