package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

const octetStream = "application/octet-stream"

// sending makes a call that carries a body: a single time, since the body can
// be read once. A refusal that following mends passes by itself.
func sending[T any](ctx context.Context, b *Bucket, key string, call func(context.Context, *sdk.Client) (T, error)) (T, error) {
	var seen exchange
	ctx = withExchange(ctx, &seen)
	v, err := call(ctx, b.client.Load())
	if err != nil && b.follow(err, &seen) {
		return v, fault.Later(b.fail(ctx, key, &seen, err))
	}
	return v, b.fail(ctx, key, &seen, err)
}

// Put sends a small object in one piece.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, size int64) (objectstore.Object, error) {
	if err := checkKey(key); err != nil {
		return objectstore.Object{}, err
	}
	s := b.summing(body, size)
	out, err := sending(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.PutObjectOutput, error) {
		in := &sdk.PutObjectInput{Bucket: &b.cfg.Bucket, Key: &key, Body: s, ContentLength: &size, ContentType: ptr(octetStream), ExpectedBucketOwner: b.owner()}
		if size == 0 {
			in.Body = strings.NewReader("")
		}
		return c.PutObject(ctx, in, b.streamed(s))
	})
	if err != nil {
		return objectstore.Object{}, err
	}
	if err := b.arrived(key, s, unquote(out.ETag), b.told(out.ChecksumCRC64NVME, out.ChecksumCRC32C)); err != nil {
		return objectstore.Object{}, err
	}
	return objectstore.Object{Key: key, Size: size, Modified: time.Now().UTC(), ETag: unquote(out.ETag), CRC64: &s.sum}, nil
}

// Begin initiates a multipart upload whose object gets one checksum over all
// its bytes.
func (b *Bucket) Begin(ctx context.Context, key string) (objectstore.UploadID, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	out, err := once(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.CreateMultipartUploadOutput, error) {
		in := &sdk.CreateMultipartUploadInput{Bucket: &b.cfg.Bucket, Key: &key, ContentType: ptr(octetStream), ExpectedBucketOwner: b.owner()}
		if b.cfg.Checksums != None {
			in.ChecksumAlgorithm, in.ChecksumType = types.ChecksumAlgorithm(b.sum.String()), types.ChecksumTypeFullObject
		}
		return c.CreateMultipartUpload(ctx, in)
	})
	if err == nil && deref(out.UploadId) == "" {
		err = fault.Newf(fault.Unavailable, "The store at %s began an upload without telling its id.", b.at())
	}
	if err != nil {
		return "", err
	}
	return objectstore.UploadID(*out.UploadId), nil
}

// PutPart sends one part.
func (b *Bucket) PutPart(ctx context.Context, key string, id objectstore.UploadID, number int, body io.Reader, size int64) (objectstore.Part, error) {
	if err := checkKey(key); err != nil {
		return objectstore.Part{}, err
	}
	s := b.summing(body, size)
	out, err := sending(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.UploadPartOutput, error) {
		return c.UploadPart(ctx, &sdk.UploadPartInput{Bucket: &b.cfg.Bucket, Key: &key, UploadId: ptr(string(id)), PartNumber: ptr(int32(number)),
			Body: s, ContentLength: &size, ExpectedBucketOwner: b.owner()}, b.streamed(s))
	})
	if err != nil {
		return objectstore.Part{}, err
	}
	etag := unquote(out.ETag)
	if err := b.arrived(fmt.Sprintf("Part %d of %s", number, key), s, etag, b.told(out.ChecksumCRC64NVME, out.ChecksumCRC32C)); err != nil {
		return objectstore.Part{}, err
	}
	return objectstore.Part{Number: number, Size: size, ETag: etag, CRC64: &s.sum}, nil
}

// Parts pages through ListParts.
func (b *Bucket) Parts(ctx context.Context, key string, id objectstore.UploadID) ([]objectstore.Part, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	var parts []objectstore.Part
	var marker *string
	for {
		page, err := repeat(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.ListPartsOutput, error) {
			return c.ListParts(ctx, &sdk.ListPartsInput{Bucket: &b.cfg.Bucket, Key: &key, UploadId: ptr(string(id)), MaxParts: ptr(int32(1000)), PartNumberMarker: marker, ExpectedBucketOwner: b.owner()})
		})
		if err != nil {
			return nil, err
		}
		for _, p := range page.Parts {
			parts = append(parts, objectstore.Part{Number: int(deref(p.PartNumber)), Size: deref(p.Size), ETag: unquote(p.ETag), CRC64: b.told(p.ChecksumCRC64NVME, p.ChecksumCRC32C)})
		}
		next := page.NextPartNumberMarker
		if !deref(page.IsTruncated) || deref(next) == "" || deref(next) == deref(marker) {
			break
		}
		marker = next
	}
	slices.SortFunc(parts, func(a, b objectstore.Part) int { return a.Number - b.Number })
	return parts, nil
}

// Complete joins the parts. The store is told the sum of the whole, so that it
// refuses an object that would be another one. An upload that is gone because
// this already happened is recognised by its result.
func (b *Bucket) Complete(ctx context.Context, key string, id objectstore.UploadID, parts []objectstore.Part) (objectstore.Object, error) {
	if err := checkKey(key); err != nil {
		return objectstore.Object{}, err
	}
	parts = slices.SortedFunc(slices.Values(parts), func(a, b objectstore.Part) int { return a.Number - b.Number })
	size, sum, known := b.joined(parts)
	list := make([]types.CompletedPart, 0, len(parts))
	for _, p := range parts {
		one := types.CompletedPart{PartNumber: ptr(int32(p.Number)), ETag: ptr(`"` + p.ETag + `"`)}
		if p.CRC64 != nil {
			one.ChecksumCRC64NVME, one.ChecksumCRC32C = b.fields(*p.CRC64)
		}
		list = append(list, one)
	}
	out, err := once(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.CompleteMultipartUploadOutput, error) {
		in := &sdk.CompleteMultipartUploadInput{Bucket: &b.cfg.Bucket, Key: &key, UploadId: ptr(string(id)), MultipartUpload: &types.CompletedMultipartUpload{Parts: list}, ExpectedBucketOwner: b.owner()}
		if known && b.cfg.Checksums != None {
			in.ChecksumType = types.ChecksumTypeFullObject
			in.ChecksumCRC64NVME, in.ChecksumCRC32C = b.fields(sum)
		}
		return c.CompleteMultipartUpload(ctx, in)
	})
	if codeOf(err) == "NoSuchUpload" {
		if o, lookErr := b.Stat(ctx, key); lookErr == nil && b.became(&o, parts) {
			return o, nil
		}
	}
	if err != nil {
		return objectstore.Object{}, err
	}
	o := objectstore.Object{Key: key, Size: size, Modified: time.Now().UTC(), ETag: unquote(out.ETag)}
	if out.ChecksumType != types.ChecksumTypeComposite {
		o.CRC64 = b.told(out.ChecksumCRC64NVME, out.ChecksumCRC32C)
	}
	if o.CRC64 == nil && b.cfg.Checksums != None { // repeated, some stores answer without it
		if seen, err := b.Stat(ctx, key); err == nil && seen.Size == size && seen.ETag == o.ETag {
			o = seen
		}
	}
	b.became(&o, parts)
	return o, nil
}

// joined is the size and the sum of what parts, sorted, make.
func (b *Bucket) joined(parts []objectstore.Part) (size int64, sum uint64, known bool) {
	known = len(parts) > 0
	for _, p := range parts {
		size += p.Size
		if p.CRC64 == nil {
			known = false
			continue
		}
		sum = b.sum.Combine(sum, *p.CRC64, p.Size)
	}
	return size, sum, known
}

// became reports whether an object is what these parts, sorted, make. A store
// without checksums proves it by its ETag, the MD5 of the MD5s of the parts,
// which were compared when they were sent; the object then has their sum.
func (b *Bucket) became(o *objectstore.Object, parts []objectstore.Part) bool {
	size, sum, known := b.joined(parts)
	if !known || o.Size != size {
		return false
	}
	if b.cfg.Checksums != None {
		return o.CRC64 != nil && *o.CRC64 == sum
	}
	h := md5.New()
	for _, p := range parts {
		one, err := hex.DecodeString(p.ETag)
		if err != nil || len(one) != md5.Size {
			return false
		}
		h.Write(one)
	}
	if !strings.EqualFold(o.ETag, fmt.Sprintf("%x-%d", h.Sum(nil), len(parts))) {
		return false
	}
	o.CRC64 = &sum
	return true
}

// Abort throws an upload away; a missing one is fine.
func (b *Bucket) Abort(ctx context.Context, key string, id objectstore.UploadID) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := repeat(ctx, b, key, func(ctx context.Context, c *sdk.Client) (*sdk.AbortMultipartUploadOutput, error) {
		return c.AbortMultipartUpload(ctx, &sdk.AbortMultipartUploadInput{Bucket: &b.cfg.Bucket, Key: &key, UploadId: ptr(string(id)), ExpectedBucketOwner: b.owner()})
	})
	if codeOf(err) == "NoSuchUpload" {
		return nil
	}
	return err
}

// Uploads pages through ListMultipartUploads.
func (b *Bucket) Uploads(ctx context.Context, prefix string, limit int) ([]objectstore.Unfinished, error) {
	var found []objectstore.Unfinished
	var keyMarker, idMarker *string
	for len(found) < limit {
		page, err := repeat(ctx, b, "", func(ctx context.Context, c *sdk.Client) (*sdk.ListMultipartUploadsOutput, error) {
			return c.ListMultipartUploads(ctx, &sdk.ListMultipartUploadsInput{Bucket: &b.cfg.Bucket, Prefix: &prefix, MaxUploads: ptr(int32(min(limit-len(found), 1000))),
				KeyMarker: keyMarker, UploadIdMarker: idMarker, ExpectedBucketOwner: b.owner()})
		})
		if codeOf(err) == "NoSuchUpload" {
			break // servers on gofakes3 say so of a bucket that never had one; no other meaning fits, no upload was named
		}
		if err != nil {
			return nil, err
		}
		for _, u := range page.Uploads {
			one := objectstore.Unfinished{Key: deref(u.Key), ID: objectstore.UploadID(deref(u.UploadId))}
			if u.Initiated != nil {
				one.Begun = u.Initiated.UTC()
			}
			found = append(found, one)
		}
		if !deref(page.IsTruncated) || deref(page.NextKeyMarker) == "" {
			break
		}
		keyMarker, idMarker = page.NextKeyMarker, page.NextUploadIdMarker
	}
	return found[:min(len(found), max(limit, 0))], nil
}
