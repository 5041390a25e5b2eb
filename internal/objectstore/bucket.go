// Package objectstore is the contract for places where backup files lie, and
// the resumable upload into them. Adapters (folder, oss, s3) prove themselves
// with objectstoretest.
package objectstore

import (
	"context"
	"io"
	"time"
)

// Bucket is one place where backup files lie. All methods may be called from
// several goroutines. Errors are faults: NotFound for a missing bucket, key or
// upload, Denied for refused credentials, Conflict for archived objects,
// Invalid for bad keys, Unavailable for what may work later. Every method may
// be repeated; repeating a change that already happened is not an error.
type Bucket interface {
	// Info describes the bucket itself.
	Info(ctx context.Context) (Info, error)
	// Stat describes one object.
	Stat(ctx context.Context, key string) (Object, error)
	// List returns at most limit objects whose keys begin with prefix and come
	// after the key after, in ascending byte order of keys.
	List(ctx context.Context, prefix, after string, limit int) ([]Object, error)
	// Read opens length bytes from offset; the caller closes it. Where the
	// object ends earlier there are fewer, past its end none.
	Read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	// Put stores a small object in one piece, replacing what was there.
	Put(ctx context.Context, key string, body io.Reader, size int64) (Object, error)
	// Delete removes an object; a missing one is not an error.
	Delete(ctx context.Context, key string) error

	// Begin starts a multipart upload. Only the returned id names it.
	Begin(ctx context.Context, key string) (UploadID, error)
	// PutPart stores part number (from 1) of size bytes. Sending a number
	// again replaces the part. The adapter sums what it sends and compares
	// with what the service received; the sum is in Part.CRC64. It does not
	// send twice by itself: body can be read once.
	PutPart(ctx context.Context, key string, id UploadID, number int, body io.Reader, size int64) (Part, error)
	// Parts lists the parts the service holds, by ascending number.
	Parts(ctx context.Context, key string, id UploadID) ([]Part, error)
	// Complete joins the parts, by their numbers, into the object. After an
	// error of kind Unavailable nobody knows whether it happened: look with Stat.
	Complete(ctx context.Context, key string, id UploadID, parts []Part) (Object, error)
	// Abort throws an unfinished upload away; a missing one is not an error.
	Abort(ctx context.Context, key string, id UploadID) error
	// Uploads lists unfinished uploads under prefix, at most limit.
	Uploads(ctx context.Context, prefix string, limit int) ([]Unfinished, error)

	// Limits are the service's bounds for multipart uploads.
	Limits() Limits
}

// UploadID names an unfinished multipart upload.
type UploadID string

// FreeSpacer is a bucket that can be full.
type FreeSpacer interface {
	// Room is how many bytes can still be put there; -1 when it is not told.
	FreeSpace(ctx context.Context) (int64, error)
}

// Info is what a migration must know of a bucket.
type Info struct {
	Name         string
	Location     string // region as the service writes it, such as oss-cn-hangzhou; empty for a folder
	StorageClass string // Standard, IA, Archive, …; empty for a folder
	Encryption   string // algorithm of server-side encryption; empty = off
	Owner        string // account id; empty = unknown
	// Endpoint is what the cloud reads from: a host without scheme, or the ARN of
	// the bucket or access point, which arn.Object takes as place; empty for a folder.
	Endpoint string
}

// Object is one stored file.
type Object struct {
	Key          string
	Size         int64 // bytes
	Modified     time.Time
	ETag         string  // as the service gives it, without quotes
	CRC64        *uint64 // see ChecksumOf; nil where the service does not tell
	StorageClass string
}

// Part is one finished part of an upload.
type Part struct {
	Number int
	Size   int64
	ETag   string // the name Complete needs; MD5 in upper-case hex where the service says so
	// CRC64 of the bytes, see ChecksumOf. Set by PutPart; nil from Parts where the
	// service does not tell.
	CRC64 *uint64
	// Source is the sum of the same bytes in the checksum that the source is told
	// in, where that is another one; an Upload sets it.
	Source *uint64
}

// Unfinished is a multipart upload that was begun and neither completed nor
// aborted. Its parts are stored, and cost money, until one of the two happens.
type Unfinished struct {
	Key   string
	ID    UploadID
	Begun time.Time
}

// Limits bound a multipart upload.
type Limits struct {
	MinPart, MaxPart int64 // bytes; the last part may be smaller than MinPart
	MaxParts         int
}
