package rds

import (
	"context"
	"io"
	"strings"
)

// Store is S3 as the instance's role reaches it.
type Store interface {
	// Region is where a bucket lies.
	Region(ctx context.Context, bucket string) (string, error)
	// List gives keys under a prefix in their order, at most so many.
	List(ctx context.Context, bucket, prefix string, most int) ([]string, error)
	// Get reads an object; key is the ARN of the KMS key that its client-side
	// encryption names, empty for none.
	Get(ctx context.Context, bucket, key string) (body io.ReadCloser, kms string, err error)
	// Put writes an object of so many bytes.
	Put(ctx context.Context, bucket, key string, body io.ReadSeeker, size int64, kms string) error
	// Tag gives one header of an object's metadata, empty where it has none.
	Tag(ctx context.Context, bucket, key, name string) (string, error)
	// Exists looks for an object.
	Exists(ctx context.Context, bucket, key string) (bool, error)
}

// Errors of a Store, in the words that the service repeats.
var (
	ErrNoBucket error = sentence("The specified bucket does not exist")
	ErrDenied   error = sentence("Access Denied")
)

// sentence is an error that is told as S3 words it.
type sentence string

func (s sentence) Error() string { return string(s) }

// object splits an ARN of an object: arn:aws:s3:::bucket/key, in any partition,
// or of an access point. Whatever else is given leads to Access Denied.
func object(arn string) (bucket, key string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "s3" {
		return "", "", ErrDenied
	}
	rest := parts[5]
	if point, ok := strings.CutPrefix(rest, "accesspoint/"); ok {
		name, key, ok := strings.Cut(point, "/object/")
		if !ok || parts[3] == "" || parts[4] == "" {
			return "", "", ErrDenied
		}
		return name, key, nil
	}
	bucket, key, _ = strings.Cut(rest, "/")
	if bucket == "" || parts[3] != "" || parts[4] != "" {
		return "", "", ErrDenied
	}
	return bucket, key, nil
}
