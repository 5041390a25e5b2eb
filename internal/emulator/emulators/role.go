package emulators

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	s3emu "github.com/bakplane/bakplane/internal/emulator/s3"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
)

// kmsHeader is where a client-side encryption names its key (documentation of
// the encryption clients of S3, material description; the exact form that RDS
// writes is not published).
const kmsHeader = "x-amz-meta-x-amz-cek-kms"

// role is S3 as the role of an instance's option reaches it: over HTTP, with
// signatures of its own.
type role struct{ client s3emu.Client }

var _ rds.Store = role{}

// Role is the store of an emulated RDS in front of an emulated S3.
func Role(c s3emu.Client) rds.Store { return role{c} }

// said turns refusals into the words that the service repeats.
func said(err error) error {
	var no *s3emu.Refusal
	switch {
	case !errors.As(err, &no):
		return err
	case no.Code == "NoSuchBucket":
		return rds.ErrNoBucket
	case no.Status == http.StatusForbidden:
		return rds.ErrDenied
	}
	return err
}

// Region implements rds.Store. Of a bucket elsewhere the endpoint tells where.
func (r role) Region(ctx context.Context, bucket string) (string, error) {
	res, err := r.client.Do(ctx, http.MethodGet, bucket, "", url.Values{"list-type": {"2"}, "max-keys": {"0"}}, nil, nil, 0)
	var no *s3emu.Refusal
	if errors.As(err, &no) && no.Region != "" && no.Status == http.StatusMovedPermanently {
		return no.Region, nil
	}
	if err != nil {
		return "", said(err)
	}
	res.Body.Close()
	return res.Header.Get("x-amz-bucket-region"), nil
}

// List implements rds.Store.
func (r role) List(ctx context.Context, bucket, prefix string, most int) ([]string, error) {
	keys, err := r.client.Keys(ctx, bucket, prefix, most)
	return keys, said(err)
}

// Get implements rds.Store.
func (r role) Get(ctx context.Context, bucket, key string) (io.ReadCloser, string, error) {
	res, err := r.client.Do(ctx, http.MethodGet, bucket, key, nil, nil, nil, 0)
	if err != nil {
		return nil, "", said(err)
	}
	return res.Body, res.Header.Get(kmsHeader), nil
}

// Put implements rds.Store.
func (r role) Put(ctx context.Context, bucket, key string, body io.ReadSeeker, size int64, kms string) error {
	h := http.Header{}
	if kms != "" {
		h.Set(kmsHeader, kms)
	}
	in := io.Reader(io.LimitReader(body, size))
	if size == 0 {
		in = http.NoBody
	}
	res, err := r.client.Do(ctx, http.MethodPut, bucket, key, nil, h, in, size)
	if err != nil {
		return said(err)
	}
	return res.Body.Close()
}

// Exists implements rds.Store.
func (r role) Exists(ctx context.Context, bucket, key string) (bool, error) {
	res, err := r.client.Do(ctx, http.MethodHead, bucket, key, nil, nil, nil, 0)
	var no *s3emu.Refusal
	if errors.As(err, &no) && no.Status == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, said(err)
	}
	return true, res.Body.Close()
}

// Tag implements rds.Store.
func (r role) Tag(ctx context.Context, bucket, key, name string) (string, error) {
	res, err := r.client.Do(ctx, http.MethodHead, bucket, key, nil, nil, nil, 0)
	if err != nil {
		return "", said(err)
	}
	return res.Header.Get(name), res.Body.Close()
}
