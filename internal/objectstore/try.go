package objectstore

import (
	"bytes"
	"context"
	"io"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Trial is one thing that was tried in a bucket.
type Trial struct {
	What    words.Text
	Err     error // why it failed; its fix names what is missing
	Skipped bool  // it was not tried, because something before it failed
}

// Remark is what is worth knowing of a bucket that everything may be done in.
type Remark struct {
	Text, Fix words.Text
	Bad       bool // something will fail because of it
}

// Remarker is a bucket whose settings say more than a trial can show. What may
// not be asked is left out.
type Remarker interface {
	Remarks(ctx context.Context) []Remark
}

// Try does in a bucket, under one key, what backups and migrations do there:
// list, write, read, send a part and throw it away, delete. Each is tried
// although another failed, as far as it can be. What is left behind when
// deleting fails is one small object.
func Try(ctx context.Context, b Bucket, key string) []Trial {
	const text = "Written by Bakplane to test this bucket; it may be deleted.\n"
	var out []Trial
	try := func(what string, possible bool, f func() error) bool {
		t := Trial{What: words.Text{Format: what}, Skipped: !possible}
		if possible {
			t.Err = f()
		}
		out = append(out, t)
		return possible && t.Err == nil
	}
	try("List files", true, func() error { _, err := b.List(ctx, "", "", 1); return err })
	written := try("Write a file", true, func() error {
		_, err := b.Put(ctx, key, bytes.NewReader([]byte(text)), int64(len(text)))
		return err
	})
	try("Read it", written, func() error {
		body, err := b.Read(ctx, key, 0, int64(len(text)))
		if err != nil {
			return err
		}
		defer body.Close()
		if got, err := io.ReadAll(body); err != nil || string(got) != text {
			return fault.New(fault.Conflict, "What was read is not what was written.", "Look for a cache or gateway in front of the store.").Because(err)
		}
		return nil
	})
	var id UploadID
	begun := try("Begin an upload in parts", true, func() (err error) { id, err = b.Begin(ctx, key); return err })
	sent := try("Send a part", begun, func() error {
		_, err := b.PutPart(ctx, key, id, 1, bytes.NewReader([]byte(text)), int64(len(text)))
		return err
	})
	try("List the parts", sent, func() error { _, err := b.Parts(ctx, key, id); return err })
	try("List unfinished uploads", true, func() error { _, err := b.Uploads(ctx, "", 1); return err })
	try("Abort the upload", begun, func() error { return b.Abort(ctx, key, id) })
	try("Delete the file", written, func() error { return b.Delete(ctx, key) })
	return out
}
