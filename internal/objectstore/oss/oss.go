// Package oss is a bucket on Alibaba Cloud Object Storage Service, through the
// vendor's SDK aliyun-oss-go-sdk with V4 signatures.
//
// The SDK sends each request once. Here calls that may be repeated without
// harm are repeated with growing pauses while the service is unavailable; the
// others (Put, PutPart, Begin, Complete) are left to whoever can look first.
package oss

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"
	"github.com/cenkalti/backoff/v5"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

const (
	defaultTimeout  = time.Minute
	defaultPatience = 20 * time.Second
	octetStream     = "application/octet-stream"
)

// Config is a bucket and who we are there. It prints without its secrets.
type Config struct {
	Endpoint       string // https://oss-cn-hangzhou.aliyuncs.com; without scheme https is meant
	Region         string // cn-hangzhou
	Bucket         string
	AccessKeyID    string
	Secret         string
	SecurityToken  string // of temporary credentials; may be empty
	PublicEndpoint string // what Info tells as the host the cloud reads from; empty = as the service says
	PathStyle      bool   // bucket in the path instead of the host name; always so for IP addresses

	Timeout  time.Duration // of one silence on the wire; 0 = 1 minute
	Patience time.Duration // how long a repeatable call is repeated; 0 = 20 s
}

// String tells the address and who.
func (c Config) String() string {
	return fmt.Sprintf("oss %s at %s (%s) as %s", c.Bucket, c.Endpoint, c.Region, c.AccessKeyID)
}

// GoString is String: %#v must not tell secrets either.
func (c Config) GoString() string { return c.String() }

// LogValue is String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Bucket is one OSS bucket.
type Bucket struct {
	cfg    Config
	http   *http.Client
	client *sdk.Client
	bucket *sdk.Bucket
}

var _ objectstore.Bucket = (*Bucket)(nil)

// Open prepares the use of a bucket. It asks nothing of the service; Info does.
func Open(cfg Config) (*Bucket, error) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Patience <= 0 {
		cfg.Patience = defaultPatience
	}
	cfg.Region = strings.TrimPrefix(cfg.Region, "oss-")
	for field, value := range map[string]string{"endpoint": cfg.Endpoint, "region": cfg.Region, "access key id": cfg.AccessKeyID, "access key secret": cfg.Secret} {
		if strings.TrimSpace(value) == "" {
			return nil, fault.Newf(fault.Invalid, "The %s of the bucket %s is empty.", field, cfg.Bucket).WithFix("Fill it in.")
		}
	}
	if !strings.Contains(cfg.Endpoint, "://") {
		cfg.Endpoint = "https://" + cfg.Endpoint
	}
	if err := sdk.CheckBucketName(cfg.Bucket); err != nil {
		return nil, fault.Newf(fault.Invalid, "%q is not a bucket name.", cfg.Bucket).
			WithFix("Bucket names have 3 to 63 lowercase letters, digits and hyphens, and begin and end with a letter or digit.").Because(err)
	}
	b := &Bucket{cfg: cfg, http: newHTTP(cfg.Timeout)}
	options := []sdk.ClientOption{
		sdk.AuthVersion(sdk.AuthV4), sdk.Region(cfg.Region), sdk.HTTPClient(b.http),
		sdk.EnableCRC(false), // summed here once, see put
		sdk.UserAgent("bakplane"), sdk.ForcePathStyle(cfg.PathStyle),
	}
	if cfg.SecurityToken != "" {
		options = append(options, sdk.SecurityToken(cfg.SecurityToken))
	}
	var err error
	if b.client, err = sdk.New(cfg.Endpoint, cfg.AccessKeyID, cfg.Secret, options...); err == nil {
		b.bucket, err = b.client.Bucket(cfg.Bucket)
	}
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "%q is not an endpoint.", cfg.Endpoint).
			WithFix("Write it like https://oss-cn-hangzhou.aliyuncs.com.").Because(err)
	}
	return b, nil
}

// Close lets idle connections go.
func (b *Bucket) Close() error {
	b.http.CloseIdleConnections()
	return nil
}

// Limits are those of the public page "Limits".
func (b *Bucket) Limits() objectstore.Limits {
	return objectstore.Limits{MinPart: 100 << 10, MaxPart: 5 << 30, MaxParts: 10000}
}

// Info asks for the bucket's properties (GetBucketInfo).
func (b *Bucket) Info(ctx context.Context) (objectstore.Info, error) {
	res, err := repeat(ctx, b, "", func(ctx context.Context) (sdk.GetBucketInfoResult, error) {
		return b.client.GetBucketInfo(b.cfg.Bucket, sdk.WithContext(ctx))
	})
	if err != nil {
		return objectstore.Info{}, err
	}
	i := res.BucketInfo
	info := objectstore.Info{
		Name: i.Name, Location: i.Location, StorageClass: i.StorageClass, Encryption: i.SseRule.SSEAlgorithm,
		Owner: i.Owner.ID, Endpoint: i.ExtranetEndpoint,
	}
	if b.cfg.PublicEndpoint != "" {
		info.Endpoint = b.cfg.PublicEndpoint
	}
	return info, nil
}

// Stat asks for one object's headers.
func (b *Bucket) Stat(ctx context.Context, key string) (objectstore.Object, error) {
	if err := check(key); err != nil {
		return objectstore.Object{}, err
	}
	h, err := repeat(ctx, b, key, func(ctx context.Context) (http.Header, error) {
		return b.bucket.GetObjectDetailedMeta(key, sdk.WithContext(ctx))
	})
	var bare *sdk.ServiceError
	if asService(err, &bare) && bare.Code == "" && !fault.Is(err, fault.Unavailable) {
		// A HEAD has no body, and not every service sends the reason in a
		// header: ask something that has one.
		if _, why := b.Info(ctx); why != nil {
			return objectstore.Object{}, why
		}
	}
	if err != nil {
		return objectstore.Object{}, err
	}
	size, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil {
		return objectstore.Object{}, fmt.Errorf("read size of %s: %w", key, err)
	}
	return b.object(key, size, h), nil
}

// object reads the headers that several answers share.
func (b *Bucket) object(key string, size int64, h http.Header) objectstore.Object {
	o := objectstore.Object{Key: key, Size: size, ETag: strings.Trim(h.Get("ETag"), `"`), StorageClass: h.Get("X-Oss-Storage-Class")}
	if t, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		o.Modified = t.UTC()
	} else if t, err := http.ParseTime(h.Get("Date")); err == nil {
		o.Modified = t.UTC()
	}
	if crc, err := strconv.ParseUint(h.Get(sdk.HTTPHeaderOssCRC64), 10, 64); err == nil {
		o.CRC64 = &crc
	}
	return o
}

// List pages through ListObjectsV2.
func (b *Bucket) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Object, error) {
	var found []objectstore.Object
	for token := ""; len(found) < limit; {
		options := []sdk.Option{sdk.Prefix(prefix), sdk.MaxKeys(min(limit-len(found), 1000))}
		if token != "" {
			options = append(options, sdk.ContinuationToken(token))
		} else if after != "" {
			options = append(options, sdk.StartAfter(after))
		}
		page, err := repeat(ctx, b, "", func(ctx context.Context) (sdk.ListObjectsResultV2, error) {
			return b.bucket.ListObjectsV2(append(options, sdk.WithContext(ctx))...)
		})
		if err != nil {
			return nil, err
		}
		for _, o := range page.Objects {
			found = append(found, objectstore.Object{
				Key: o.Key, Size: o.Size, Modified: o.LastModified.UTC(), ETag: strings.Trim(o.ETag, `"`), StorageClass: o.StorageClass,
			})
		}
		if token = page.NextContinuationToken; !page.IsTruncated || token == "" {
			break
		}
	}
	return found[:min(len(found), max(limit, 0))], nil
}

// Read opens a range. x-oss-range-behavior asks for the usual meaning of a
// range past the end; by default the service would send the whole object
// (public page on HTTP range requests).
func (b *Bucket) Read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	if offset < 0 || length < 0 {
		return nil, fault.Newf(fault.Invalid, "Bytes %d+%d of %s are not a range.", offset, length, key)
	}
	if length == 0 {
		return http.NoBody, nil
	}
	var header http.Header
	body, err := repeat(ctx, b, key, func(ctx context.Context) (io.ReadCloser, error) {
		return b.bucket.GetObject(key, sdk.WithContext(withLongAnswer(ctx)), sdk.Range(offset, offset+length-1), sdk.RangeBehavior("standard"), sdk.GetResponseHeader(&header))
	})
	var refused *sdk.ServiceError
	if asService(err, &refused) && refused.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return http.NoBody, nil
	}
	if err != nil {
		return nil, err
	}
	if header.Get("Content-Range") == "" {
		body.Close()
		return nil, fault.Newf(fault.Invalid, "The service at %s ignores ranges.", b.cfg.Endpoint).
			WithFix("Use the endpoint of Object Storage Service itself, without a cache or gateway in front.")
	}
	return &reading{ReadCloser: body, ctx: ctx, bucket: b, key: key}, nil
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

// Delete removes an object; the service does not mind a missing one.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	_, err := repeat(ctx, b, key, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, b.bucket.DeleteObject(key, sdk.WithContext(ctx))
	})
	return err
}

// check keeps keys to what the service allows (public page "Naming
// conventions"): 1 to 1023 bytes of UTF-8, not beginning with a slash.
func check(key string) error {
	if key == "" || len(key) > 1023 || key[0] == '/' || key[0] == '\\' || strings.ToValidUTF8(key, "") != key {
		return fault.Newf(fault.Invalid, "%q cannot be the name of an object.", key).
			WithFix("Names have 1 to 1023 bytes of UTF-8 and do not begin with a slash or backslash.")
	}
	return nil
}

// repeat makes a harmless call until it is answered or patience ends.
func repeat[T any](ctx context.Context, b *Bucket, key string, call func(context.Context) (T, error)) (T, error) {
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

// once makes a call a single time and words its error.
func once[T any](ctx context.Context, b *Bucket, key string, call func(context.Context) (T, error)) (T, error) {
	var seen exchange
	v, err := call(withExchange(ctx, &seen))
	return v, b.fail(ctx, key, &seen, err)
}
