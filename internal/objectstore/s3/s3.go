// Package s3 is a bucket on Amazon S3, or on a store that speaks its protocol,
// through the vendor's SDK aws-sdk-go-v2.
//
// The SDK is told to send each request once. Here calls that may be repeated
// without harm are repeated with growing pauses while the service is
// unavailable; the others (Put, PutPart, Begin, Complete) are left to whoever
// can look first. Bodies go out in one pass, with their checksum in a trailer.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/cenkalti/backoff/v5"

	"github.com/bakplane/bakplane/internal/awsaccount/signer"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/arn"
)

const (
	defaultTimeout  = time.Minute
	defaultPatience = 20 * time.Second
	defaultRegion   = "us-east-1" // of stores that have none, as their documents say
)

// Checksums says how what is sent is proven to have arrived.
type Checksums string

const (
	// NVME asks the store for the CRC64NVME of whole objects; S3 has it of all
	// objects since 2025.
	NVME Checksums = "crc64nvme"
	// Castagnoli asks for the CRC32C of whole objects.
	Castagnoli Checksums = "crc32c"
	// None sends no checksum, for stores that refuse trailers (501
	// NotImplemented). Then the ETag must be the MD5 of a part; where it is not,
	// objects are read back.
	None Checksums = "none"
)

// Config is a bucket and who we are there. It prints without its secrets.
type Config struct {
	Endpoint  string // of a store that is not Amazon's, such as https://minio.example.com; empty = S3 in Region
	Region    string // eu-central-1; of a store with an endpoint of its own optional
	Bucket    string // its name, or the ARN of an access point
	Owner     string // number of the account that must own the bucket; empty = any
	PathStyle bool   // bucket in the path instead of the host name; always so for IP addresses
	Checksums Checksums

	// Who we are: a key; or, without one, whoever the SDK finds in Profile or,
	// without that too, in the environment and the role of this machine.
	AccessKeyID string
	Secret      string
	Token       string // of temporary keys; may be empty
	Profile     string

	Timeout  time.Duration // of one silence on the wire; 0 = 1 minute
	Patience time.Duration // how long a repeatable call is repeated; 0 = 20 s
}

// String tells the address and who.
func (c Config) String() string {
	at, who := c.Region, c.AccessKeyID
	if c.Endpoint != "" {
		at = c.Endpoint
	}
	if who == "" {
		who = "the role of this machine"
		if c.Profile != "" {
			who = "profile " + c.Profile
		}
	}
	return fmt.Sprintf("s3 %s at %s as %s", c.Bucket, at, who)
}

// GoString is String: %#v must not tell secrets either.
func (c Config) GoString() string { return c.String() }

// LogValue is String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Bucket is one bucket, or an access point to one.
type Bucket struct {
	cfg    Config
	sum    *objectstore.Checksum
	http   *http.Client
	who    *signer.Signer
	client atomic.Pointer[sdk.Client] // of the region that the bucket turned out to lie in
	region atomic.Pointer[string]

	regions func(region string) string // endpoints of regions; nil = Amazon's own
}

var (
	_ objectstore.Bucket      = (*Bucket)(nil)
	_ objectstore.Checksummed = (*Bucket)(nil)
)

// Open prepares the use of a bucket. It asks nothing of the service; Info does.
func Open(cfg Config) (*Bucket, error) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Patience <= 0 {
		cfg.Patience = defaultPatience
	}
	if cfg.Checksums == "" {
		cfg.Checksums = NVME
	}
	if cfg.Region == "" && cfg.Endpoint != "" {
		cfg.Region = defaultRegion
	}
	if err := check(cfg); err != nil {
		return nil, err
	}
	b, err := dial(cfg)
	if err == nil && cfg.Checksums == Castagnoli {
		b.sum = objectstore.CRC32C
	}
	return b, err
}

// dial makes the client of a store; nothing is asked of it yet.
func dial(cfg Config) (*Bucket, error) {
	if cfg.Endpoint != "" && !strings.Contains(cfg.Endpoint, "://") {
		cfg.Endpoint = "https://" + cfg.Endpoint
	}
	who, err := signer.New(signer.Key{ID: cfg.AccessKeyID, Secret: cfg.Secret, Token: cfg.Token, Profile: cfg.Profile, Region: cfg.Region})
	if err != nil {
		return nil, err
	}
	b := &Bucket{cfg: cfg, http: newHTTP(cfg.Timeout), sum: objectstore.CRC64NVME, who: who}
	b.settle(cfg.Region)
	return b, nil
}

// Close lets idle connections go.
func (b *Bucket) Close() error {
	b.http.CloseIdleConnections()
	return nil
}

// Checksum implements objectstore.Checksummed.
func (b *Bucket) Checksum() *objectstore.Checksum { return b.sum }

// Limits are those of the public page "Amazon S3 multipart upload limits".
func (b *Bucket) Limits() objectstore.Limits {
	return objectstore.Limits{MinPart: 5 << 20, MaxPart: 5 << 30, MaxParts: 10000}
}

// ARN is the name by which services read an object of this bucket.
func (b *Bucket) ARN(key string) string { return ARN(*b.region.Load(), b.cfg.Bucket, key) }

// ARN is the name of an object in a bucket, or behind an access point, in the
// partition of a region.
func ARN(region, bucket, key string) string {
	return arn.Object(arn.PartitionOf(region), bucket, key)
}

// Info asks where the bucket lies. The storage class is that of what is put
// there: S3 has none for buckets.
func (b *Bucket) Info(ctx context.Context) (objectstore.Info, error) {
	_, err := head(ctx, b, "", func(ctx context.Context, c *sdk.Client) (*sdk.HeadBucketOutput, error) {
		out, err := c.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: &b.cfg.Bucket, ExpectedBucketOwner: b.owner()})
		if err == nil && b.cfg.Endpoint == "" && deref(out.BucketRegion) != "" && *out.BucketRegion != *b.region.Load() {
			b.settle(*out.BucketRegion)
		}
		return out, err
	})
	if err != nil {
		return objectstore.Info{}, err
	}
	return objectstore.Info{
		Name: b.cfg.Bucket, Location: *b.region.Load(), StorageClass: "Standard", Owner: b.cfg.Owner, Endpoint: b.ARN(""),
	}, nil
}

// owner makes the service refuse a bucket of another account.
func (b *Bucket) owner() *string {
	if b.cfg.Owner == "" {
		return nil
	}
	return &b.cfg.Owner
}

// head makes a call whose refusals have no words: answers to HEAD have no body.
// What is asked then has one, and needs the least of all rights; when it goes
// through, it may have mended what was wrong, such as a clock.
func head[T any](ctx context.Context, b *Bucket, key string, call func(context.Context, *sdk.Client) (T, error)) (T, error) {
	v, err := repeat(ctx, b, key, call)
	if !bare(err) || fault.Is(err, fault.Unavailable) {
		return v, err
	}
	if _, why := b.List(ctx, "", "", 1); why != nil {
		return v, why
	}
	if fault.Is(err, fault.NotFound) {
		return v, err
	}
	return repeat(ctx, b, key, call)
}

// Stat asks for one object's headers.
func (b *Bucket) Stat(ctx context.Context, key string) (objectstore.Object, error) {
	if err := checkKey(key); err != nil {
		return objectstore.Object{}, err
	}
	h, err := head(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.HeadObjectOutput, error) {
		in := &sdk.HeadObjectInput{Bucket: &b.cfg.Bucket, Key: &key, ExpectedBucketOwner: b.owner()}
		if b.cfg.Checksums != None {
			in.ChecksumMode = types.ChecksumModeEnabled
		}
		return c.HeadObject(ctx, in)
	})
	if err != nil {
		return objectstore.Object{}, err
	}
	o := objectstore.Object{Key: key, Size: deref(h.ContentLength), ETag: unquote(h.ETag), StorageClass: string(h.StorageClass)}
	if h.LastModified != nil {
		o.Modified = h.LastModified.UTC()
	}
	if h.ChecksumType != types.ChecksumTypeComposite {
		o.CRC64 = b.told(h.ChecksumCRC64NVME, h.ChecksumCRC32C)
	}
	return o, nil
}

// List pages through ListObjectsV2.
func (b *Bucket) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Object, error) {
	var found []objectstore.Object
	var token *string
	for len(found) < limit {
		page, err := repeat(ctx, b, "", func(ctx context.Context, c *sdk.Client) (*sdk.ListObjectsV2Output, error) {
			in := &sdk.ListObjectsV2Input{Bucket: &b.cfg.Bucket, Prefix: &prefix, MaxKeys: ptr(int32(min(limit-len(found), 1000))), ContinuationToken: token, ExpectedBucketOwner: b.owner()}
			if after != "" {
				in.StartAfter = &after
			}
			return c.ListObjectsV2(ctx, in)
		})
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			one := objectstore.Object{Key: deref(o.Key), Size: deref(o.Size), ETag: unquote(o.ETag), StorageClass: string(o.StorageClass)}
			if o.LastModified != nil {
				one.Modified = o.LastModified.UTC()
			}
			found = append(found, one)
		}
		if token = page.NextContinuationToken; !deref(page.IsTruncated) || deref(token) == "" {
			break
		}
	}
	return found[:min(len(found), max(limit, 0))], nil
}

// Read opens a range.
func (b *Bucket) Read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if offset < 0 || length < 0 {
		return nil, fault.Newf(fault.Invalid, "Bytes %d+%d of %s are not a range.", offset, length, key)
	}
	if length == 0 {
		return http.NoBody, nil
	}
	out, err := repeat(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.GetObjectOutput, error) {
		return c.GetObject(withLongAnswer(ctx), &sdk.GetObjectInput{Bucket: &b.cfg.Bucket, Key: &key,
			Range: ptr(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)), ExpectedBucketOwner: b.owner()})
	})
	if codeOf(err) == "InvalidRange" || statusOf(err) == http.StatusRequestedRangeNotSatisfiable {
		return http.NoBody, nil
	}
	if err != nil {
		return nil, err
	}
	if deref(out.ContentRange) == "" {
		out.Body.Close()
		return nil, fault.Newf(fault.Invalid, "The store at %s ignores ranges.", b.at()).
			WithFix("Use the address of the store itself, without a cache or gateway in front.")
	}
	return &reading{ReadCloser: out.Body, ctx: ctx, bucket: b, key: key}, nil
}

// reading words the errors of a body.
type reading struct {
	io.ReadCloser
	ctx    context.Context // of the call that opened it
	bucket *Bucket
	key    string
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.bucket.fail(r.ctx, r.key, nil, err)
	}
	return n, err
}

// Delete removes an object; the service does not mind a missing one. In a
// bucket with versions its older ones stay.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := repeat(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.DeleteObjectOutput, error) {
		return c.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: &b.cfg.Bucket, Key: &key, ExpectedBucketOwner: b.owner()})
	})
	if codeOf(err) == "NoSuchKey" {
		return nil
	}
	return err
}

// checkKey keeps keys to what the service allows (public page "Naming Amazon S3
// objects"): 1 to 1024 bytes of UTF-8. A slash at the beginning is legal there
// and refused here: whoever reads the key in an address or ARN would lose it.
func checkKey(key string) error {
	if key == "" || len(key) > 1024 || key[0] == '/' || key[0] == '\\' || strings.ToValidUTF8(key, "") != key {
		return fault.Newf(fault.Invalid, "%q cannot be the name of an object.", key).
			WithFix("Names have 1 to 1024 bytes of UTF-8 and do not begin with a slash or backslash.")
	}
	return nil
}

// repeat makes a harmless call until it is answered or patience ends.
func repeat[T any](ctx context.Context, b *Bucket, key string, call func(context.Context, *sdk.Client) (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = 200 * time.Millisecond
	pauses.MaxInterval = 5 * time.Second
	return backoff.Retry(ctx, func() (T, error) {
		v, err := once(ctx, b, key, call)
		if err != nil && !fault.Is(err, fault.Unavailable) {
			err = backoff.Permanent(err)
		}
		return v, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(b.cfg.Patience))
}

// once makes a call a single time and words its error. One that was refused
// before anything happened, for a reason that can be mended here, is made again.
func once[T any](ctx context.Context, b *Bucket, key string, call func(context.Context, *sdk.Client) (T, error)) (T, error) {
	var seen exchange
	ctx = withExchange(ctx, &seen)
	v, err := call(ctx, b.client.Load())
	for range 2 { // a region and a clock
		if err == nil || !b.follow(err, &seen) {
			break
		}
		v, err = call(ctx, b.client.Load())
	}
	return v, b.fail(ctx, key, &seen, err)
}

func ptr[T any](v T) *T { return &v }

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func unquote(etag *string) string { return strings.Trim(deref(etag), `"`) }
