package rds

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"

	s3emu "github.com/bakplane/bakplane/internal/emulator/s3"
)

// S3 is a Store over the wire, as the role of the instance's option.
type S3 struct{ Client s3emu.Client }

// kmsHeader names the KMS key of client-side encryption in an object's metadata.
const kmsHeader = "X-Amz-Meta-Bakplane-Cek-Key"

// saidBy turns a refusal into the sentence that the service repeats.
func saidBy(err error) error {
	var r *s3emu.Refusal
	switch {
	case !errors.As(err, &r):
		return err
	case r.Code == "NoSuchBucket":
		return ErrNoBucket
	case r.Status == http.StatusForbidden || r.Status == http.StatusNotFound:
		return ErrDenied
	}
	return errors.New(r.Code + ": " + r.Message)
}

// Region implements Store.
func (s S3) Region(ctx context.Context, bucket string) (string, error) {
	res, err := s.Client.Do(ctx, http.MethodGet, bucket, "", url.Values{"location": {""}}, nil, nil, 0)
	if err != nil {
		var r *s3emu.Refusal
		if errors.As(err, &r) && r.Region != "" {
			return r.Region, nil
		}
		return "", saidBy(err)
	}
	defer res.Body.Close()
	var doc struct {
		Region string `xml:",chardata"`
	}
	if err := xml.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&doc); err != nil {
		return "", err
	}
	if doc.Region == "" {
		return "us-east-1", nil // what an empty answer means
	}
	return doc.Region, nil
}

// List implements Store.
func (s S3) List(ctx context.Context, bucket, prefix string, most int) ([]string, error) {
	keys, err := s.Client.Keys(ctx, bucket, prefix, most)
	if err != nil {
		return nil, saidBy(err)
	}
	return keys, nil
}

// Get implements Store.
func (s S3) Get(ctx context.Context, bucket, key string) (io.ReadCloser, string, error) {
	res, err := s.Client.Do(ctx, http.MethodGet, bucket, key, nil, nil, nil, 0)
	if err != nil {
		return nil, "", saidBy(err)
	}
	return res.Body, res.Header.Get(kmsHeader), nil
}

// Put implements Store.
func (s S3) Put(ctx context.Context, bucket, key string, body io.ReadSeeker, size int64, kms string) error {
	header := http.Header{}
	if kms != "" {
		header.Set(kmsHeader, kms)
	}
	res, err := s.Client.Do(ctx, http.MethodPut, bucket, key, nil, header, body, size)
	if err != nil {
		return saidBy(err)
	}
	return res.Body.Close()
}

// Exists implements Store.
func (s S3) Exists(ctx context.Context, bucket, key string) (bool, error) {
	res, err := s.Client.Do(ctx, http.MethodHead, bucket, key, nil, nil, nil, 0)
	var r *s3emu.Refusal
	if errors.As(err, &r) && r.Status == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, saidBy(err)
	}
	return true, res.Body.Close()
}

// Tag implements Store.
func (s S3) Tag(ctx context.Context, bucket, key, name string) (string, error) {
	res, err := s.Client.Do(ctx, http.MethodHead, bucket, key, nil, nil, nil, 0)
	if err != nil {
		return "", saidBy(err)
	}
	return res.Header.Get(name), res.Body.Close()
}
