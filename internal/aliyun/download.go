package aliyun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

// Downloads fetches backup files by the links that the service hands out.
// Whoever has a link has the data: no error tells any part of one.
type Downloads struct{ client *http.Client }

var _ backupjob.Downloads = (*Downloads)(nil)

// NewDownloads makes a client of its own for files, which may flow for hours.
func NewDownloads() *Downloads { return &Downloads{signedcall.HTTPClient()} }

// Size implements backupjob.Downloads. It asks for the first byte: links are
// signed for GET alone.
func (d *Downloads) Size(ctx context.Context, link secret.Text) (int64, string, error) {
	res, err := d.get(ctx, link, "bytes=0-0")
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK { // ranges are not known there
		return res.ContentLength, res.Header.Get("ETag"), unknownSize(res.ContentLength)
	}
	var first, last, size int64
	if n, _ := fmt.Sscanf(res.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size); n != 3 {
		return 0, "", unknownSize(-1)
	}
	return size, res.Header.Get("ETag"), nil
}

func unknownSize(n int64) error {
	if n >= 0 {
		return nil
	}
	return fault.New(fault.Conflict, "The download does not tell its size.", "Download it by hand from the console.")
}

// Open implements backupjob.Downloads.
func (d *Downloads) Open(ctx context.Context, link secret.Text, offset, length int64) (io.ReadCloser, error) {
	if length <= 0 {
		return http.NoBody, nil
	}
	res, err := d.get(ctx, link, "bytes="+strconv.FormatInt(offset, 10)+"-"+strconv.FormatInt(offset+length-1, 10))
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK && (offset > 0 || res.ContentLength != length) {
		res.Body.Close()
		return nil, fault.New(fault.Conflict, "The download cannot be read in parts.", "Download it by hand from the console.")
	}
	return body{res.Body}, nil
}

// get sends one request. Errors of Go's client carry the address, so their
// cause alone is kept.
func (d *Downloads) get(ctx context.Context, link secret.Text, ranged string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link.Reveal(), http.NoBody)
	if err != nil {
		return nil, fault.New(fault.Conflict, "The service handed out a link that cannot be read.", "Try again later.")
	}
	req.Header.Set("Range", ranged)
	res, err := d.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fault.New(fault.Unavailable, "The download cannot be reached.", "Check the network between here and the service.").Because(errors.Unwrap(err))
	}
	switch status := res.StatusCode; {
	case status == http.StatusOK, status == http.StatusPartialContent:
		return res, nil
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		err = fault.New(fault.Denied, "The download link was refused; it may have expired.", "")
	case status == http.StatusNotFound, status == http.StatusGone:
		err = fault.New(fault.NotFound, "The backup file is not there any more.", "Look whether the set is still kept.")
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		err = fault.Newf(fault.Unavailable, "The download was answered with status %d.", status)
	default:
		err = fault.Newf(fault.Conflict, "The download was answered with status %d.", status)
	}
	res.Body.Close()
	return nil, err
}

// body turns a connection that breaks in the middle into something that is
// tried again.
type body struct{ io.ReadCloser }

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF && !errors.Is(err, context.Canceled) {
		err = fault.New(fault.Unavailable, "The download broke off.", "It goes on by itself.").Because(err)
	}
	return n, err
}
