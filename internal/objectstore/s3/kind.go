package s3

import (
	"strings"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/arn"
)

// BucketKind is the kind as it is stored.
const BucketKind endpoint.BucketKind = "s3"

// Fields of a bucket's More.
const (
	styleField     = "path_style" // "yes" = bucket in the path
	checksumsField = "checksums"  // a value of Checksums; empty = crc64nvme
	ownerField     = "owner"      // number of the account that must own the bucket
	profileField   = "profile"    // of accounts: a profile of this machine's AWS configuration
)

// Kind is that of buckets of Amazon S3 and of stores that speak its protocol.
func Kind() kinds.Bucket {
	var buckets kinds.Kept[Config, *Bucket]
	text := func(f endpoint.Field[endpoint.Bucket], of func(*endpoint.Bucket) *string) endpoint.Field[endpoint.Bucket] {
		return endpoint.Text(f, of)
	}
	more := func(f endpoint.Field[endpoint.Bucket]) endpoint.Field[endpoint.Bucket] {
		f.Get = func(b endpoint.Bucket) string { return b.More[f.Name] }
		f.Set = func(b *endpoint.Bucket, s string) error { b.More = endpoint.WithMore(b.More, f.Name, s); return nil }
		return f
	}
	return kinds.Bucket{
		BucketSpec: endpoint.BucketSpec{Service: true, Host: name, Where: where, Resource: resource, Spec: endpoint.Spec[endpoint.Bucket]{
			Key: string(BucketKind), Page: bucketPage, Thing: "S3 bucket",
			Intro: "A bucket in Amazon S3, or in a store that speaks its protocol. RDS for SQL Server restores from a bucket in its own region.",
			Named: func(b endpoint.Bucket) string { return b.Bucket },
			List: endpoint.List[endpoint.Bucket]{Title: "S3 buckets", Note: "Amazon S3 and what speaks its protocol", Add: "Add an S3 bucket",
				None: "No S3 bucket yet.", Begin: "Add the bucket that RDS reads and writes, in the region of the instance, or one of a store of your own.",
				Columns: []endpoint.Column[endpoint.Bucket]{
					{Title: "Bucket", Get: func(b endpoint.Bucket) string { return b.Bucket }},
					{Title: "Where", Get: place},
					{Title: "Account", Get: func(b endpoint.Bucket) string { return b.AccountID }, Of: endpoint.Accounts}}},
			Fields: []endpoint.Field[endpoint.Bucket]{
				text(endpoint.Field[endpoint.Bucket]{Name: "bucket", Label: "Bucket", Mono: true, Hint: "Its name, or the ARN of an access point."}, func(b *endpoint.Bucket) *string { return &b.Bucket }),
				text(endpoint.Field[endpoint.Bucket]{Name: "name", Label: "Name", Optional: true, Hint: "What your colleagues call it."}, func(b *endpoint.Bucket) *string { return &b.Name }),
				text(endpoint.Field[endpoint.Bucket]{Name: "region", Label: "Region", Mono: true, Optional: true, Placeholder: "eu-central-1", Hint: "Of a store with an address of its own often not needed."}, func(b *endpoint.Bucket) *string { return &b.Region }),
				text(endpoint.Field[endpoint.Bucket]{Name: "account_id", Label: "AWS account", Type: endpoint.Accounts, Optional: true, Placeholder: "The role of this machine"}, func(b *endpoint.Bucket) *string { return &b.AccountID }),
				more(endpoint.Field[endpoint.Bucket]{Name: ownerField, Label: "Number of the owner's account", Mono: true, Optional: true, Placeholder: "123456789012", Hint: "When it is given, a bucket of another account is refused at every call."}),
				text(endpoint.Field[endpoint.Bucket]{Name: "address", Label: "Address of the store", Mono: true, Optional: true, Placeholder: "https://minio.example.com:9000",
					Heading: "A store that is not Amazon's", Under: "Leave this part as it is for Amazon S3.", Hint: "Empty: Amazon S3 in the region."},
					func(b *endpoint.Bucket) *string { return &b.Address }),
				more(endpoint.Field[endpoint.Bucket]{Name: styleField, Label: "The bucket's name stands", Type: endpoint.Choices, Optional: true, Options: []endpoint.Option{
					{Value: "", Label: "in the host name", Hint: "As Amazon S3 and OSS want it."},
					{Value: "yes", Label: "in the path", Hint: "As most stores of one's own want it."}}}),
				more(endpoint.Field[endpoint.Bucket]{Name: checksumsField, Label: "What arrived is proven by", Type: endpoint.Choices, Optional: true, Options: []endpoint.Option{
					{Value: "", Label: "CRC64NVME of parts and object", Hint: "Amazon S3 and current stores."},
					{Value: string(Castagnoli), Label: "CRC32C of parts and object", Hint: "Stores without CRC64NVME."},
					{Value: string(None), Label: "MD5 of parts, as ETag", Hint: "Stores that refuse checksums in trailers (501 NotImplemented), such as OSS."}}}),
			},
			Check: func(b endpoint.Bucket) error {
				if regionOf(b) == "" && b.Address == "" {
					return fault.New(fault.Invalid, "The region is empty.", "Write the region of the bucket, such as eu-central-1, or the address of a store of your own.")
				}
				if v := b.More[styleField]; v != "" && v != "yes" {
					return fault.Newf(fault.Invalid, "%q is not a place for the bucket's name.", v).WithFix("Choose the host name or the path.")
				}
				c := configOf(b, endpoint.Account{})
				if c.Region == "" {
					c.Region = defaultRegion
				}
				if c.Checksums == "" {
					c.Checksums = NVME
				}
				if err := check(c); err != nil {
					return err
				}
				return endpoint.CheckAddress(b.Address)
			},
		}},
		Open: func(b endpoint.Bucket, a endpoint.Account) (objectstore.Bucket, error) {
			return buckets.Open(configOf(b, a), Open)
		},
	}
}

// configOf reads a bucket's record and its account's.
func configOf(b endpoint.Bucket, a endpoint.Account) Config {
	owner := b.More[ownerField]
	if owner == "" {
		owner = a.OwnerID
	}
	return Config{Endpoint: b.Address, Region: regionOf(b), Bucket: b.Bucket, Owner: owner, PathStyle: b.More[styleField] == "yes", Checksums: Checksums(b.More[checksumsField]),
		AccessKeyID: a.AccessKeyID, Secret: a.Secret.Reveal(), Profile: a.More[profileField]}
}

// regionOf is the region as given, or that of an access point.
func regionOf(b endpoint.Bucket) string {
	if n, err := arn.Parse(b.Bucket); err == nil && n.AccessPoint != "" && b.Region == "" {
		return n.Region
	}
	return b.Region
}

// place is where a bucket lies, for people.
func place(b endpoint.Bucket) string {
	if b.Address != "" {
		return b.Address
	}
	return regionOf(b)
}

func where(b endpoint.Bucket) string { return b.Bucket + " · " + place(b) }

// name is what services are told to read from: the ARN of the bucket or access
// point.
func name(b endpoint.Bucket) string { return ARN(regionOf(b), b.Bucket, "") }

// resource is the bucket's ARN, or that of the access point with what stands in
// front of a key.
func resource(b endpoint.Bucket) string {
	const key = "x"
	return strings.TrimSuffix(arn.Object(arn.PartitionOf(regionOf(b)), b.Bucket, key), "/"+key)
}
