package aliyunemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// Objects is where the service fetches backup files.
type Objects interface {
	// Open finds an object. Its error text becomes part of the task's.
	Open(ctx context.Context, at Position, role Credential, region string) (Object, error)
}

// Object is one file in a bucket.
type Object interface {
	Size() int64
	// Range opens length bytes from offset.
	Range(ctx context.Context, offset, length int64) (io.ReadCloser, error)
}

// Position is what OssObjectPositions names.
type Position struct{ Endpoint, Bucket, Key string }

// parsePosition reads endpoint:bucket:key from the right, because an endpoint
// may end in a port. A key with a colon leaves an endpoint or a bucket that
// is none, and is refused.
func parsePosition(s string) (Position, bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return Position{}, false
	}
	j := strings.LastIndexByte(s[:i], ':')
	if j < 0 {
		return Position{}, false
	}
	p := Position{Endpoint: s[:j], Bucket: s[j+1 : i], Key: s[i+1:]}
	host := p.Endpoint
	if h, port, found := strings.Cut(p.Endpoint, ":"); found {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 || net.ParseIP(h) == nil {
			return Position{}, false
		}
		host = h
	}
	const small = "abcdefghijklmnopqrstuvwxyz0123456789-"
	ok := p.Key != "" && !strings.HasPrefix(p.Key, "/") &&
		len(p.Bucket) >= 3 && len(p.Bucket) <= 63 && strings.Trim(p.Bucket, small) == "" &&
		!strings.HasPrefix(p.Bucket, "-") && !strings.HasSuffix(p.Bucket, "-") &&
		host != "" && strings.Trim(strings.ToLower(host), small+".") == ""
	return p, ok
}

// ossObjects reads OSS through its SDK.
type ossObjects struct {
	endpoints map[string]string
	http      *http.Client
}

func newOSSObjects(c Config) *ossObjects {
	client := c.HTTP
	if client == nil {
		client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, ResponseHeaderTimeout: 30 * time.Second}}
	}
	return &ossObjects{c.Endpoints, client}
}

func (o *ossObjects) Open(ctx context.Context, at Position, role Credential, region string) (Object, error) {
	address := o.endpoints[at.Endpoint]
	if address == "" {
		if host, _, err := net.SplitHostPort(at.Endpoint); err == nil && net.ParseIP(host) != nil {
			address = "http://" + at.Endpoint
		}
	}
	if address == "" {
		return nil, fmt.Errorf("name resolution of %s failed", at.Endpoint)
	}
	client, err := oss.New(address, role.AccessKeyID, role.Secret, oss.AuthVersion(oss.AuthV4), oss.Region(region), oss.HTTPClient(o.http))
	if err != nil {
		return nil, err
	}
	bucket, err := client.Bucket(at.Bucket)
	if err != nil {
		return nil, err
	}
	head, err := bucket.GetObjectDetailedMeta(at.Key, oss.WithContext(ctx))
	if err != nil {
		return nil, plain(err)
	}
	size, err := strconv.ParseInt(head.Get("Content-Length"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("length of %s: %w", at.Key, err)
	}
	return &ossObject{bucket, at.Key, size}, nil
}

type ossObject struct {
	bucket *oss.Bucket
	key    string
	size   int64
}

func (o *ossObject) Size() int64 { return o.size }

func (o *ossObject) Range(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	body, err := o.bucket.GetObject(o.key, oss.Range(offset, offset+length-1), oss.WithContext(ctx))
	if err != nil {
		return nil, plain(err)
	}
	return body, nil
}

// plain shortens the SDK's error to what the service would show.
func plain(err error) error {
	var e oss.ServiceError
	if !errors.As(err, &e) {
		return err
	}
	if e.Code == "" {
		// An answer to HEAD has no body.
		switch e.StatusCode {
		case http.StatusNotFound:
			e.Code = "NoSuchKey"
		case http.StatusForbidden:
			e.Code = "AccessDenied"
		}
	}
	return fmt.Errorf("%s (HTTP %d)", strings.TrimSpace(e.Code+" "+e.Message), e.StatusCode)
}

// readerAt reads an object by ranges.
type readerAt struct {
	ctx    context.Context
	object Object
}

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	size := r.object.Size()
	if off >= size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), size-off)
	if want == 0 {
		return 0, nil
	}
	body, err := r.object.Range(r.ctx, off, want)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	n, err := io.ReadFull(body, p[:want])
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// download reads the whole object once, as the service does, and reports its
// progress. A lost connection is taken up where it was lost, a few times.
func download(ctx context.Context, object Object, rate int64, progress func(int64)) error {
	size, done := object.Size(), int64(0)
	buf := make([]byte, 256<<10)
	begun, told := time.Now(), time.Now()
	for tries := 0; done < size; tries++ {
		body, err := object.Range(ctx, done, size-done)
		for err == nil {
			var n int
			n, err = body.Read(buf)
			done += int64(n)
			if n > 0 {
				tries = 0
			}
			if time.Since(told) > 100*time.Millisecond {
				told = time.Now()
				progress(done)
			}
			if rate > 0 {
				due := begun.Add(time.Duration(float64(done) / float64(rate) * float64(time.Second)))
				select {
				case <-time.After(time.Until(due)):
				case <-ctx.Done():
				}
			}
		}
		if body != nil {
			body.Close()
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case done >= size:
		case tries >= 4:
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		default:
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	progress(done)
	return nil
}
