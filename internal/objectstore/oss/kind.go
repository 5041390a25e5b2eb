package oss

import (
	"regexp"
	"strings"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// BucketKind is the kind as it is stored.
const BucketKind endpoint.BucketKind = "oss"

var (
	bucketShape = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	regionShape = regexp.MustCompile(`^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$`)
)

// Kind is that of buckets of Alibaba Cloud OSS.
func Kind() kinds.Bucket {
	var buckets kinds.Kept[Config, *Bucket]
	text := func(f endpoint.Field[endpoint.Bucket], of func(*endpoint.Bucket) *string) endpoint.Field[endpoint.Bucket] {
		return endpoint.Text(f, of)
	}
	return kinds.Bucket{
		BucketSpec: endpoint.BucketSpec{Service: true, Host: host, Where: func(b endpoint.Bucket) string { return b.Bucket + " · " + host(b) }, Spec: endpoint.Spec[endpoint.Bucket]{
			Key: string(BucketKind), Page: "buckets", Thing: "OSS bucket",
			Intro: "The cloud restores from OSS: a bucket in the region and account of the instance, class Standard, without server-side encryption.",
			Named: func(b endpoint.Bucket) string { return b.Bucket },
			List: endpoint.List[endpoint.Bucket]{Title: "OSS buckets", Note: "where the cloud reads from", Add: "Add a bucket",
				None: "No bucket yet.", Begin: "Add an OSS bucket in the region of the instance: class Standard, not encrypted.",
				Columns: []endpoint.Column[endpoint.Bucket]{
					{Title: "Bucket", Get: func(b endpoint.Bucket) string { return b.Bucket }},
					{Title: "Region", Get: func(b endpoint.Bucket) string { return b.Region }},
					{Title: "Account", Get: func(b endpoint.Bucket) string { return b.AccountID }, Of: endpoint.Accounts}}},
			Fields: []endpoint.Field[endpoint.Bucket]{
				text(endpoint.Field[endpoint.Bucket]{Name: "bucket", Label: "Bucket", Mono: true}, func(b *endpoint.Bucket) *string { return &b.Bucket }),
				text(endpoint.Field[endpoint.Bucket]{Name: "name", Label: "Name", Optional: true, Hint: "What your colleagues call it."}, func(b *endpoint.Bucket) *string { return &b.Name }),
				text(endpoint.Field[endpoint.Bucket]{Name: "region", Label: "Region", Mono: true, Placeholder: "cn-hangzhou", Hint: "Without the oss- prefix."}, func(b *endpoint.Bucket) *string { return &b.Region }),
				text(endpoint.Field[endpoint.Bucket]{Name: "account_id", Label: "Cloud account", Type: endpoint.Accounts}, func(b *endpoint.Bucket) *string { return &b.AccountID }),
				text(endpoint.Field[endpoint.Bucket]{Name: "address", Label: "Address we reach it under", Mono: true, Optional: true, Placeholder: "https://oss-cn-hangzhou.aliyuncs.com", Hint: "Empty: the region's public endpoint."},
					func(b *endpoint.Bucket) *string { return &b.Address }),
				text(endpoint.Field[endpoint.Bucket]{Name: "cloud_host", Label: "Host the cloud reads from", Mono: true, Optional: true, Placeholder: "oss-cn-hangzhou-internal.aliyuncs.com", Hint: "Empty: the region's public endpoint. Part of every OssObjectPositions."},
					func(b *endpoint.Bucket) *string { return &b.CloudHost }),
			},
			Check: checkBucket,
		}},
		Open: func(b endpoint.Bucket, a endpoint.Account) (objectstore.Bucket, error) {
			return buckets.Open(Config{Endpoint: address(b), Region: b.Region, Bucket: b.Bucket, AccessKeyID: a.AccessKeyID, Secret: a.Secret.Reveal(), PublicEndpoint: host(b)}, Open)
		},
	}
}

// checkBucket refuses a bucket that cannot work; the name rule is that of OSS.
func checkBucket(b endpoint.Bucket) error {
	switch {
	case b.AccountID == "":
		return fault.New(fault.Invalid, "The bucket has no account.", "Choose the cloud account it belongs to.")
	case !bucketShape.MatchString(b.Bucket):
		return fault.Newf(fault.Invalid, "%q is not a bucket name.", b.Bucket).WithFix("3 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit.")
	case !regionShape.MatchString(b.Region):
		return fault.Newf(fault.Invalid, "%q is not a region id.", b.Region).WithFix("Write it without the oss- prefix, such as cn-hangzhou.")
	case strings.Contains(b.CloudHost, "/"):
		return fault.Newf(fault.Invalid, "%q is not a host.", b.CloudHost).WithFix("Write the endpoint without scheme and path, such as oss-cn-hangzhou-internal.aliyuncs.com.")
	}
	return endpoint.CheckAddress(b.Address)
}

// address is where we reach a bucket: as given, or the region's public endpoint
// (OSS, Regions and endpoints).
func address(b endpoint.Bucket) string {
	if b.Address != "" {
		return b.Address
	}
	return "https://oss-" + b.Region + ".aliyuncs.com"
}

// host is what the cloud reads a bucket from, without scheme.
func host(b endpoint.Bucket) string {
	if b.CloudHost != "" {
		return b.CloudHost
	}
	return "oss-" + b.Region + ".aliyuncs.com"
}
