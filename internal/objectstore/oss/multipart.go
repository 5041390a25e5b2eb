package oss

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// summing computes the CRC64 of what goes out.
type summing struct {
	r    io.Reader
	left int64
	sum  uint64
}

func (s *summing) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	s.sum = objectstore.UpdateCRC64(s.sum, p[:n])
	if s.left -= int64(n); s.left == 0 {
		return n, io.EOF
	}
	if errors.Is(err, io.EOF) {
		err = fault.New(fault.Invalid, "The data is shorter than was said.", "").Because(io.ErrUnexpectedEOF)
	}
	return n, err
}

// Len tells the SDK the Content-Length.
func (s *summing) Len() int { return int(s.left) }

// verify compares what was sent with what the service received.
func (b *Bucket) verify(key string, sent uint64, h http.Header) error {
	text := h.Get(sdk.HTTPHeaderOssCRC64)
	if text == "" {
		return fault.Newf(fault.Conflict, "The service at %s did not tell the checksum of what it received of %s.", b.cfg.Endpoint, key).
			WithFix("Use the endpoint of Object Storage Service itself: without its CRC64 an upload cannot be proven.")
	}
	if received, err := strconv.ParseUint(text, 10, 64); err != nil || received != sent {
		return fault.Newf(fault.Unavailable, "%s was damaged on its way to %s: the checksums (CRC64) differ.", key, b.cfg.Endpoint).
			WithFix("It is sent again by itself. If it happens often, look for a proxy or a memory fault between.")
	}
	return nil
}

// Put sends a small object in one piece.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, size int64) (objectstore.Object, error) {
	if err := check(key); err != nil {
		return objectstore.Object{}, err
	}
	s := &summing{r: body, left: size}
	h, err := once(ctx, b, key, func(ctx context.Context) (h http.Header, err error) {
		var in io.Reader = s
		if size == 0 {
			in = http.NoBody // the wire asks a body of length 0 for a byte, and waits
		}
		err = b.bucket.PutObject(key, in, sdk.WithContext(ctx), sdk.ContentType(octetStream), sdk.GetResponseHeader(&h))
		return h, err
	})
	if err != nil {
		return objectstore.Object{}, err
	}
	if err := b.verify(key, s.sum, h); err != nil {
		return objectstore.Object{}, err
	}
	return b.object(key, size, h), nil
}

// Begin initiates a multipart upload.
func (b *Bucket) Begin(ctx context.Context, key string) (objectstore.UploadID, error) {
	if err := check(key); err != nil {
		return "", err
	}
	res, err := once(ctx, b, key, func(ctx context.Context) (sdk.InitiateMultipartUploadResult, error) {
		return b.bucket.InitiateMultipartUpload(key, sdk.ContentType(octetStream), sdk.WithContext(ctx))
	})
	if err == nil && res.UploadID == "" {
		err = fault.Newf(fault.Unavailable, "The service at %s began an upload without telling its id.", b.cfg.Endpoint)
	}
	return objectstore.UploadID(res.UploadID), err
}

func (b *Bucket) ref(key string, id objectstore.UploadID) sdk.InitiateMultipartUploadResult {
	return sdk.InitiateMultipartUploadResult{Bucket: b.cfg.Bucket, Key: key, UploadID: string(id)}
}

// PutPart sends one part.
func (b *Bucket) PutPart(ctx context.Context, key string, id objectstore.UploadID, number int, body io.Reader, size int64) (objectstore.Part, error) {
	if err := check(key); err != nil {
		return objectstore.Part{}, err
	}
	s := &summing{r: body, left: size}
	var h http.Header
	res, err := once(ctx, b, key, func(ctx context.Context) (*sdk.UploadPartResult, error) {
		request := &sdk.UploadPartRequest{InitResult: ptr(b.ref(key, id)), Reader: s, PartSize: size, PartNumber: number}
		return b.bucket.DoUploadPart(request, []sdk.Option{sdk.WithContext(ctx), sdk.GetResponseHeader(&h)})
	})
	if err != nil {
		return objectstore.Part{}, err
	}
	if err := b.verify(fmt.Sprintf("Part %d of %s", number, key), s.sum, h); err != nil {
		return objectstore.Part{}, err
	}
	return objectstore.Part{Number: number, Size: size, ETag: strings.Trim(res.Part.ETag, `"`), CRC64: &s.sum}, nil
}

func ptr[T any](v T) *T { return &v }

// Parts pages through ListParts.
func (b *Bucket) Parts(ctx context.Context, key string, id objectstore.UploadID) ([]objectstore.Part, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	var parts []objectstore.Part
	for marker := 0; ; {
		page, err := repeat(ctx, b, key, func(ctx context.Context) (sdk.ListUploadedPartsResult, error) {
			return b.bucket.ListUploadedParts(b.ref(key, id), sdk.MaxParts(1000), sdk.PartNumberMarker(marker), sdk.WithContext(ctx))
		})
		if err != nil {
			return nil, err
		}
		for _, p := range page.UploadedParts {
			parts = append(parts, objectstore.Part{Number: p.PartNumber, Size: int64(p.Size), ETag: strings.Trim(p.ETag, `"`)})
		}
		next, err := strconv.Atoi(page.NextPartNumberMarker)
		if !page.IsTruncated || err != nil || next <= marker {
			break
		}
		marker = next
	}
	sort.Slice(parts, func(i, j int) bool { return parts[i].Number < parts[j].Number })
	return parts, nil
}

// Complete joins the parts. An upload that is gone because this already
// happened is recognised by its result: the service forgets the id at once.
func (b *Bucket) Complete(ctx context.Context, key string, id objectstore.UploadID, parts []objectstore.Part) (objectstore.Object, error) {
	if err := check(key); err != nil {
		return objectstore.Object{}, err
	}
	parts = slices.SortedFunc(slices.Values(parts), func(a, b objectstore.Part) int { return a.Number - b.Number })
	var size int64
	list := make([]sdk.UploadPart, 0, len(parts))
	for _, p := range parts {
		size += p.Size
		list = append(list, sdk.UploadPart{PartNumber: p.Number, ETag: `"` + p.ETag + `"`})
	}
	var h http.Header
	_, err := once(ctx, b, key, func(ctx context.Context) (sdk.CompleteMultipartUploadResult, error) {
		return b.bucket.CompleteMultipartUpload(b.ref(key, id), list, sdk.WithContext(ctx), sdk.GetResponseHeader(&h))
	})
	var refused *sdk.ServiceError
	if asService(err, &refused) && refused.Code == "NoSuchUpload" {
		if o, lookErr := b.Stat(ctx, key); lookErr == nil && became(o, parts) {
			return o, nil
		}
	}
	if err != nil {
		return objectstore.Object{}, err
	}
	return b.object(key, size, h), nil
}

// became reports whether an object is what these parts, sorted, make.
func became(o objectstore.Object, parts []objectstore.Part) bool {
	var size int64
	var crc uint64
	for _, p := range parts {
		if p.CRC64 == nil {
			return false
		}
		size += p.Size
		crc = objectstore.CombineCRC64(crc, *p.CRC64, p.Size)
	}
	return len(parts) > 0 && o.Size == size && o.CRC64 != nil && *o.CRC64 == crc
}

// Abort throws an upload away; a missing one is fine.
func (b *Bucket) Abort(ctx context.Context, key string, id objectstore.UploadID) error {
	if err := check(key); err != nil {
		return err
	}
	_, err := repeat(ctx, b, key, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, b.bucket.AbortMultipartUpload(b.ref(key, id), sdk.WithContext(ctx))
	})
	var refused *sdk.ServiceError
	if asService(err, &refused) && refused.Code == "NoSuchUpload" {
		return nil
	}
	return err
}

// Uploads pages through ListMultipartUploads.
func (b *Bucket) Uploads(ctx context.Context, prefix string, limit int) ([]objectstore.Unfinished, error) {
	var found []objectstore.Unfinished
	for keyMarker, idMarker := "", ""; len(found) < limit; {
		page, err := repeat(ctx, b, "", func(ctx context.Context) (sdk.ListMultipartUploadResult, error) {
			options := []sdk.Option{sdk.Prefix(prefix), sdk.MaxUploads(min(limit-len(found), 1000)), sdk.WithContext(ctx)}
			if keyMarker != "" {
				options = append(options, sdk.KeyMarker(keyMarker), sdk.UploadIDMarker(idMarker))
			}
			return b.bucket.ListMultipartUploads(options...)
		})
		if err != nil {
			return nil, err
		}
		for _, u := range page.Uploads {
			found = append(found, objectstore.Unfinished{Key: u.Key, ID: objectstore.UploadID(u.UploadID), Begun: u.Initiated.UTC()})
		}
		if !page.IsTruncated || page.NextKeyMarker == "" {
			break
		}
		keyMarker, idMarker = page.NextKeyMarker, page.NextUploadIDMarker
	}
	return found[:min(len(found), max(limit, 0))], nil
}
