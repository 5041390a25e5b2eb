package s3

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// AddressField is the field of an account's More with the address of an S3 that
// is not Amazon's own.
const AddressField = "s3_address"

// bucketPage is that of the kind that a found bucket is added as.
const bucketPage = "s3-buckets"

// mostBuckets bounds a list; an account has at most so many without asking
// (Amazon S3 guide, "Bucket quotas").
const mostBuckets = 10_000

// Buckets lists the buckets of an account (S3 API, ListBuckets, which needs
// s3:ListAllMyBuckets). Databases reach those of their own region alone, so a
// bucket of another one says so.
func Buckets() endpoint.Lister {
	return endpoint.Lister{What: "Buckets", List: func(ctx context.Context, a endpoint.Account) ([]endpoint.Found, error) {
		c := configOf(endpoint.Bucket{Address: a.More[AddressField], Region: a.Region}, a)
		c.Timeout = defaultTimeout
		b, err := dial(c)
		if err != nil {
			return nil, err
		}
		var out []endpoint.Found
		var next *string
		for len(out) < mostBuckets {
			answer, err := b.client.Load().ListBuckets(ctx, &sdk.ListBucketsInput{MaxBuckets: aws.Int32(1000), ContinuationToken: next})
			if codeOf(err) == "AccessDenied" {
				return nil, fault.New(fault.Denied, "The account's policy does not allow s3:ListAllMyBuckets.", "Allow it on * in its policy. Without it, buckets are added by typing their names.").WithCode("role").Because(err)
			}
			if err != nil {
				return nil, b.fail(ctx, "", &exchange{}, err)
			}
			for _, v := range answer.Buckets {
				out = append(out, foundBucket(a, c.Endpoint, aws.ToString(v.Name), aws.ToString(v.BucketRegion), aws.ToTime(v.CreationDate)))
			}
			if next = answer.ContinuationToken; aws.ToString(next) == "" {
				break
			}
		}
		return out, nil
	}}
}

func foundBucket(a endpoint.Account, address, name, region string, created time.Time) endpoint.Found {
	f := endpoint.Found{Page: bucketPage, Name: name, Form: map[string]string{"bucket": name, "region": region, "account_id": a.ID, "address": address}}
	if region == "" { // an older store does not tell it
		f.Form["region"] = a.Region
	} else {
		f.Facts = append(f.Facts, endpoint.Fact{Name: "Region", Value: words.Say("%s", region)})
	}
	if !created.IsZero() {
		f.Facts = append(f.Facts, endpoint.Fact{Name: "Made", Value: words.Say("%s", created)})
	}
	if region != "" && region != a.Region {
		f.Notes = append(f.Notes, endpoint.Note{Text: words.Say("It lies in another region than the account says: instances of %s cannot use it.", a.Region)})
	}
	return f
}
