// Package arn reads and writes the names that S3 has for what lies in it:
// Amazon Resource Names of buckets, access points and objects. Databases that
// read a bucket by themselves are told such names. Every function is pure.
package arn

import (
	"regexp"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

// Partitions are groups of regions with names and accounts of their own (the
// public guides of AWS, of AWS China and of the AWS European Sovereign Cloud).
const (
	Standard = "aws"
	China    = "aws-cn"
	Gov      = "aws-us-gov"
	Europe   = "aws-eusc"
)

// PartitionOf is the partition of a region such as cn-north-1; of none, the
// standard one.
func PartitionOf(region string) string {
	for prefix, partition := range map[string]string{"cn-": China, "us-gov-": Gov, "eusc-": Europe} {
		if strings.HasPrefix(region, prefix) {
			return partition
		}
	}
	return Standard
}

// Name is what an ARN of S3 names: a bucket or an access point, and an object
// there unless Key is empty.
type Name struct {
	Partition string // one of those above; another one beginning with aws is kept as it is

	Bucket string // its name; empty for an access point

	// Of an access point; empty for a bucket, whose name is unique in its partition.
	Region      string // eu-central-1
	Account     string // 12 digits
	AccessPoint string // its name

	Key string
}

var (
	partitionShape = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	bucketShape    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionShape    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)
	accountShape   = regexp.MustCompile(`^[0-9]{12}$`)
	pointShape     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$`)
)

// Object is the ARN of an object: arn:aws:s3:::bucket/key, or
// arn:aws:s3:region:account:accesspoint/name/object/key when the place is the
// ARN of an access point, whose own partition counts. An empty partition is the
// standard one. Without a key it is the ARN of the bucket or access point.
func Object(partition, bucketOrAccessPoint, key string) string {
	n := Name{Partition: partition, Bucket: bucketOrAccessPoint}
	if point, err := Parse(bucketOrAccessPoint); err == nil {
		n = point
	}
	n.Key = key
	return n.String()
}

// String is the ARN.
func (n Name) String() string {
	partition := n.Partition
	if partition == "" {
		partition = Standard
	}
	var b strings.Builder
	b.WriteString("arn:" + partition + ":s3:")
	if n.AccessPoint != "" {
		b.WriteString(n.Region + ":" + n.Account + ":accesspoint/" + n.AccessPoint)
		if n.Key != "" {
			b.WriteString("/object")
		}
	} else {
		b.WriteString("::" + n.Bucket)
	}
	if n.Key != "" {
		b.WriteString("/" + n.Key)
	}
	return b.String()
}

// Place is what stands in front of the key: the bucket's name, or the ARN of
// the access point. Object with it and the partition gives the name back.
func (n Name) Place() string {
	if n.AccessPoint == "" {
		return n.Bucket
	}
	n.Key = ""
	return n.String()
}

// Parse reads the ARN of a bucket, an access point or an object in one of them.
// The two spellings of access points that are documented are read alike, the
// one without the word accesspoint too. Errors are Invalid faults that say what
// is wrong.
func Parse(text string) (Name, error) {
	fields := strings.SplitN(text, ":", 6)
	if len(fields) < 6 || fields[0] != "arn" {
		return Name{}, invalid(text, "An ARN begins with arn:, such as arn:aws:s3:::bucket/key.")
	}
	if !partitionShape.MatchString(fields[1]) {
		return Name{}, invalid(text, "After arn: comes the partition: aws, aws-cn, aws-us-gov or aws-eusc.")
	}
	if fields[2] != "s3" {
		return Name{}, invalid(text, "The ARN of a bucket or file has the service s3.")
	}
	n := Name{Partition: fields[1], Region: fields[3], Account: fields[4]}
	if n.Region == "" && n.Account == "" {
		n.Bucket, n.Key, _ = strings.Cut(fields[5], "/")
		if !bucketShape.MatchString(n.Bucket) {
			return Name{}, invalid(text, "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens.")
		}
		return n, nil
	}
	return n.point(text, fields[5])
}

// point reads what follows the account in the ARN of an access point.
func (n Name) point(text, rest string) (Name, error) {
	var slash, object bool
	rest = strings.TrimPrefix(rest, "accesspoint/")
	if n.AccessPoint, rest, slash = strings.Cut(rest, "/"); slash {
		if n.Key, object = strings.CutPrefix(rest, "object/"); !object || n.Key == "" {
			return Name{}, invalid(text, "A file behind an access point is written …:accesspoint/name/object/key.")
		}
	}
	if !regionShape.MatchString(n.Region) || !accountShape.MatchString(n.Account) || !pointShape.MatchString(n.AccessPoint) {
		return Name{}, invalid(text, "The ARN of an access point has a region, an account of twelve digits and a name: arn:aws:s3:eu-central-1:123456789012:accesspoint/name.")
	}
	return n, nil
}

func invalid(text, fix string) error {
	return fault.Newf(fault.Invalid, "%q is not the ARN of a bucket, an access point or a file in one of them.", text).WithFix("%s", fix)
}
