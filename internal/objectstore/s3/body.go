package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// summing is an outgoing body: what is sent is summed on its way, once.
type summing struct {
	r    io.Reader
	left int64
	c    *objectstore.Checksum
	sum  uint64
	md5  hash.Hash // where the store gives no checksum
}

// Read hands on exactly the bytes that were announced.
func (s *summing) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	s.sum = s.c.Update(s.sum, p[:n])
	if s.md5 != nil {
		s.md5.Write(p[:n])
	}
	if s.left -= int64(n); s.left == 0 {
		return n, io.EOF
	}
	if errors.Is(err, io.EOF) {
		err = fault.New(fault.Invalid, "The data is shorter than was said.", "").Because(io.ErrUnexpectedEOF)
	}
	return n, err
}

// etag is the MD5 as stores write it.
func (s *summing) etag() string { return hex.EncodeToString(s.md5.Sum(nil)) }

func (b *Bucket) summing(body io.Reader, size int64) *summing {
	s := &summing{r: body, left: size, c: b.sum}
	if b.cfg.Checksums == None {
		s.md5 = md5.New()
	}
	return s
}

// header is the name of the bucket's checksum on the wire.
func (b *Bucket) header() string {
	return "x-amz-checksum-" + strings.ToLower(b.sum.String())
}

// written is a sum as it goes over the wire: base64 of its bytes, the highest first.
func (b *Bucket) written(sum uint64) *string {
	n := b.sum.Bytes()
	bytes := make([]byte, n)
	for i := range n {
		bytes[n-1-i] = byte(sum >> (8 * i))
	}
	return ptr(base64.StdEncoding.EncodeToString(bytes))
}

// fields are a sum as the SDK wants it: one field for each checksum there is.
func (b *Bucket) fields(sum uint64) (nvme, crc32c *string) {
	switch b.cfg.Checksums {
	case NVME:
		return b.written(sum), nil
	case Castagnoli:
		return nil, b.written(sum)
	}
	return nil, nil
}

// told reads the bucket's checksum from an answer; nil where it tells none.
func (b *Bucket) told(nvme, crc32c *string) *uint64 {
	text := nvme
	if b.cfg.Checksums == Castagnoli {
		text = crc32c
	}
	bytes, err := base64.StdEncoding.DecodeString(deref(text))
	if err != nil || len(bytes) != b.sum.Bytes() || b.cfg.Checksums == None {
		return nil
	}
	var sum uint64
	for _, c := range bytes {
		sum = sum<<8 | uint64(c)
	}
	return &sum
}

// streamed sends a body in one pass, over TLS or not. The SDK itself would read
// it twice on a plain connection. With checksums the body goes as one chunk of
// aws-chunked with the sum in its trailer (S3 API reference, "Signature
// calculations: trailing checksums"); without them it is not hashed at all.
func (b *Bucket) streamed(s *summing) func(*sdk.Options) {
	size := s.left
	step := middleware.FinalizeMiddlewareFunc("bakplaneBody", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		r, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, fmt.Errorf("unknown request %T", in.Request)
		}
		if b.cfg.Checksums == None || size == 0 {
			if size == 0 && b.cfg.Checksums != None {
				r.Header.Set(b.header(), *b.written(0))
			}
			return next.HandleFinalize(v4.SetPayloadHash(ctx, "UNSIGNED-PAYLOAD"), in)
		}
		head := strconv.FormatInt(size, 16) + "\r\n"
		tail := &trailer{text: func() string { return "\r\n0\r\n" + b.header() + ":" + *b.written(s.sum) + "\r\n\r\n" }}
		r, err := r.SetStream(io.MultiReader(strings.NewReader(head), s, tail))
		if err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, err
		}
		r.ContentLength = int64(len(head)) + size + int64(len(tail.text()))
		r.Header.Add("Content-Encoding", "aws-chunked")
		r.Header.Set("X-Amz-Decoded-Content-Length", strconv.FormatInt(size, 10))
		r.Header.Set("X-Amz-Trailer", b.header())
		in.Request = r
		return next.HandleFinalize(v4.SetPayloadHash(ctx, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), in)
	})
	return func(o *sdk.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(step, "ResolveEndpointV2", middleware.After)
		})
	}
}

// trailer is a text that is known when its turn comes.
type trailer struct {
	text func() string
	rest io.Reader
}

func (t *trailer) Read(p []byte) (int, error) {
	if t.rest == nil {
		t.rest = strings.NewReader(t.text())
	}
	return t.rest.Read(p)
}

// arrived compares what was sent with what the store says it received.
func (b *Bucket) arrived(what string, s *summing, etag string, told *uint64) error {
	if b.cfg.Checksums == None {
		if !strings.EqualFold(etag, s.etag()) {
			return fault.Newf(fault.Conflict, "What the store at %s says of %s cannot be compared: its ETag is not the MD5 of what was sent.", b.at(), what).
				WithFix("If the store encrypts with keys of its own, turn checksums on for this bucket: an upload must be proven. If it happens once, look for a proxy or a memory fault between.").WithCode("upload")
		}
		return nil
	}
	if told == nil {
		return fault.Newf(fault.Conflict, "The store at %s did not tell the checksum (%s) of what it received of %s.", b.at(), b.sum, what).
			WithFix("Choose another checksum for this bucket, or none: then the ETag must prove what arrived.").WithCode("upload")
	}
	if *told != s.sum {
		return fault.Newf(fault.Unavailable, "%s was damaged on its way to %s: the checksums (%s) differ.", what, b.at(), b.sum).
			WithFix("It is sent again by itself. If it happens often, look for a proxy or a memory fault between.")
	}
	return nil
}
