package s3

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

var _ objectstore.Remarker = (*Bucket)(nil)

// Remarks reads the settings of the bucket that matter for backups: its lock,
// its key, its life cycle, and conditions of its policy that shut a database
// service out although a trial from here passes. A setting that may not be read
// or that a store does not have is left out.
func (b *Bucket) Remarks(ctx context.Context) (out []objectstore.Remark) {
	if lock, err := once(ctx, b, "", func(ctx context.Context, c *sdk.Client) (*sdk.GetObjectLockConfigurationOutput, error) {
		return c.GetObjectLockConfiguration(ctx, &sdk.GetObjectLockConfigurationInput{Bucket: &b.cfg.Bucket, ExpectedBucketOwner: b.owner()})
	}); err == nil && lock.ObjectLockConfiguration != nil && lock.ObjectLockConfiguration.ObjectLockEnabled == types.ObjectLockEnabledEnabled {
		out = append(out, objectstore.Remark{Text: words.Say("The bucket keeps versions under a lock (Object Lock%s): what is deleted or replaced stays, and costs money, until its lock ends.", lasting(lock.ObjectLockConfiguration.Rule)),
			Fix: words.Say("Choose a retention that is not shorter than the lock, and leave checksums on: the bucket takes nothing without them."), Bad: b.cfg.Checksums == None})
	}
	if sealed, err := once(ctx, b, "", func(ctx context.Context, c *sdk.Client) (*sdk.GetBucketEncryptionOutput, error) {
		return c.GetBucketEncryption(ctx, &sdk.GetBucketEncryptionInput{Bucket: &b.cfg.Bucket, ExpectedBucketOwner: b.owner()})
	}); err == nil && sealed.ServerSideEncryptionConfiguration != nil {
		for _, r := range sealed.ServerSideEncryptionConfiguration.Rules {
			if d := r.ApplyServerSideEncryptionByDefault; d != nil && strings.HasPrefix(string(d.SSEAlgorithm), "aws:kms") {
				out = append(out, objectstore.Remark{Text: words.Say("The bucket encrypts with a key of KMS. Who reads it needs kms:Decrypt on that key, who writes kms:GenerateDataKey."),
					Fix: words.Say("Give the role of RDS both. Log backups of RDS cannot be copied into such a bucket; its full and differential backups can.")})
			}
		}
	}
	if policy, err := once(ctx, b, "", func(ctx context.Context, c *sdk.Client) (*sdk.GetBucketPolicyOutput, error) {
		return c.GetBucketPolicy(ctx, &sdk.GetBucketPolicyInput{Bucket: &b.cfg.Bucket, ExpectedBucketOwner: b.owner()})
	}); err == nil {
		out = append(out, networks(deref(policy.Policy))...)
	}
	if cycle, err := once(ctx, b, "", func(ctx context.Context, c *sdk.Client) (*sdk.GetBucketLifecycleConfigurationOutput, error) {
		return c.GetBucketLifecycleConfiguration(ctx, &sdk.GetBucketLifecycleConfigurationInput{Bucket: &b.cfg.Bucket, ExpectedBucketOwner: b.owner()})
	}); err == nil {
		out = append(out, cycles(cycle.Rules)...)
	}
	return out
}

func lasting(r *types.ObjectLockRule) string {
	if r == nil || r.DefaultRetention == nil {
		return ""
	}
	if days := deref(r.DefaultRetention.Days); days > 0 {
		return fmt.Sprintf(", %d days", days)
	}
	return fmt.Sprintf(", %d years", deref(r.DefaultRetention.Years))
}

// cycles says which rules delete files by their age.
func cycles(rules []types.LifecycleRule) (out []objectstore.Remark) {
	for _, r := range rules {
		if r.Status != types.ExpirationStatusEnabled || r.Expiration == nil || deref(r.Expiration.Days) == 0 {
			continue
		}
		out = append(out, objectstore.Remark{Text: words.Say("A rule of the bucket's life cycle (%s) deletes files %d days after they came, whatever still needs them.", deref(r.ID), deref(r.Expiration.Days)),
			Fix: words.Say("Let the retention of a policy remove backups, or make the rule longer than everything that is kept."), Bad: true})
	}
	return out
}

// networks finds statements that deny by where a request comes from. RDS
// reaches S3 through endpoints in its own networks, so they shut it out, while
// what is tried from here passes (RDS user guide, "Integrating an Amazon RDS for
// SQL Server DB instance with Amazon S3").
func networks(policy string) (out []objectstore.Remark) {
	var doc struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return nil
	}
	type statement struct {
		Sid, Effect string
		Condition   map[string]map[string]any
	}
	var all []statement
	if json.Unmarshal(doc.Statement, &all) != nil {
		var one statement
		if json.Unmarshal(doc.Statement, &one) != nil {
			return nil
		}
		all = []statement{one}
	}
	for _, s := range all {
		for _, keys := range s.Condition {
			for key := range keys {
				if s.Effect == "Deny" && slices.Contains([]string{"aws:sourcevpce", "aws:sourcevpc", "aws:sourceip", "aws:vpcsourceip"}, strings.ToLower(key)) {
					name := s.Sid
					if name == "" {
						name = "without a Sid"
					}
					out = append(out, objectstore.Remark{Text: words.Say("The bucket's policy denies requests by %s (statement %s). RDS comes from networks of its own and is refused, although what was tried from here passes.", key, name),
						Fix: words.Say("Leave the role of RDS out of that statement, such as by a condition on aws:PrincipalArn."), Bad: true})
				}
			}
		}
	}
	return out
}
