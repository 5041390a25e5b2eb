// Package unpack takes the one backup file out of an archive, into a bucket of
// our own, and removes it when nobody needs it any more.
package unpack

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

// Buckets hands out buckets.
type Buckets interface {
	Bucket(ctx context.Context, id string) (objectstore.Bucket, error)
}

// Archives unpacks ZIP archives with one backup file inside into a bucket of
// our own. The RDS console delivers log backups so, as .zip.log with an .lbak
// inside (incremental migration topic, "Backup file requirements").
type Archives struct {
	Ports Buckets
	ToID  string // bucket for unpacked files
}

const (
	// maxUnpacked bounds what an archive may claim to hold, in bytes.
	maxUnpacked = 256 << 30
	// maxRatio bounds how much larger than the archive that may be, beyond
	// freeRatio bytes: backups shrink to a tenth, pages of zeros to a hundredth, and
	// what shrinks to a thousandth was made to fill a disk.
	maxRatio  = 250
	freeRatio = 64 << 20
	// kept is how long a file that no migration uses stays: somebody may be
	// choosing it.
	kept = 24 * time.Hour
)

// Unpack unpacks an archive, or finds what it unpacked before; it implements
// drafting.Unpacker. What is wrong with the archive, or with the room for it, is
// told as such and says nothing of the place it lies at. Everything that can be
// known is looked at before a byte is written.
func (a *Archives) Unpack(ctx context.Context, bucketID string, from objectstore.Bucket, o objectstore.Object) (toID, key string, err error) {
	z, err := zip.NewReader(objectstore.ReaderAt(ctx, from, o.Key, o.Size), o.Size)
	if err != nil {
		if k := fault.Of(err); k != fault.Unknown && k != fault.Invalid {
			return "", "", err // the place failed
		}
		return "", "", damaged(err)
	}
	inner, err := only(z)
	if err != nil {
		return "", "", err
	}
	size := int64(inner.UncompressedSize64)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d", bucketID, o.Key, o.Size, o.Modified.UnixNano()))
	base := path.Base(strings.ReplaceAll(inner.Name, `\`, "/"))
	key = hex.EncodeToString(sum[:8]) + "/" + strings.TrimSuffix(base, path.Ext(base)) + ".bak"
	to, err := a.Ports.Bucket(ctx, a.ToID)
	if err != nil {
		return "", "", err
	}
	if there, err := to.Stat(ctx, key); err == nil && there.Size == size {
		return a.ToID, key, nil
	}
	if err := backupInside(inner); err != nil {
		return "", "", err
	}
	if err := fits(ctx, to, size); err != nil {
		return "", "", err
	}
	body, err := inner.Open()
	if err != nil {
		return "", "", fault.New(fault.Invalid, "The archive uses a compression that is not known here.", "Unpack it by hand.").Because(err)
	}
	defer body.Close()
	// The reader ends with an error when the content has another size or sum
	// than the archive says; then nothing is kept.
	heard := &hearing{Reader: body}
	if _, err := to.Put(ctx, key, heard, size); err != nil {
		if heard.err != nil && ctx.Err() == nil {
			return "", "", damaged(heard.err)
		}
		if fault.Is(err, fault.Invalid) {
			return "", "", damaged(err) // longer or shorter than it says
		}
		return "", "", fmt.Errorf("unpack %s: %w", o.Key, err)
	}
	return a.ToID, key, nil
}

func damaged(err error) error {
	return fault.New(fault.Invalid, "The archive is damaged, or holds something else than it says.", "Download it again.").Because(err)
}

// hearing remembers with what error its reader ended.
type hearing struct {
	io.Reader
	err error
}

func (h *hearing) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		h.err = err
	}
	return n, err
}

// backupInside looks at the first bytes of what is packed: a backup begins with
// the block of a tape, or with the mark of a compressed one.
func backupInside(f *zip.File) error {
	body, err := f.Open()
	if err != nil {
		return fault.New(fault.Invalid, "The archive uses a compression that is not known here.", "Unpack it by hand.").Because(err)
	}
	defer body.Close()
	head := make([]byte, 8)
	if _, err := io.ReadFull(body, head); err != nil {
		return damaged(err)
	}
	if string(head[:4]) != "TAPE" && string(head) != "MSSQLBAK" {
		return fault.Newf(fault.Invalid, "What is packed as %s is no backup of SQL Server.", words.Visible(f.Name)).WithFix("Choose an archive with a backup file inside.")
	}
	return nil
}

// fits refuses what would fill the disk.
func fits(ctx context.Context, to objectstore.Bucket, size int64) error {
	spacer, ok := to.(objectstore.FreeSpacer)
	if !ok {
		return nil
	}
	free, err := spacer.FreeSpace(ctx)
	if err != nil || free < 0 {
		return err
	}
	if need := size + size/10 + 64<<20; need > free {
		return fault.Newf(fault.Conflict, "Unpacked, the archive takes %s, and the disk with Bakplane's data folder has %s free.", words.Bytes(size), words.Bytes(free)).
			WithFix("Free some space there, or unpack it by hand into the folder.")
	}
	return nil
}

// Sweep removes what was unpacked and nobody uses: inUse are the keys that
// migrations need. It tells how many went.
func (a *Archives) Sweep(ctx context.Context, inUse map[string]bool, now time.Time) (n int, err error) {
	in, err := a.Ports.Bucket(ctx, a.ToID)
	if err != nil {
		return 0, err
	}
	after := ""
	for {
		found, err := in.List(ctx, "", after, 1000)
		if err != nil {
			return n, err
		}
		for _, o := range found {
			after = o.Key
			if inUse[o.Key] || now.Sub(o.Modified) < kept {
				continue
			}
			if err := in.Delete(ctx, o.Key); err != nil {
				return n, err
			}
			n++
		}
		if len(found) < 1000 {
			return n, nil
		}
	}
}

// only finds the one backup file of an archive.
func only(z *zip.Reader) (*zip.File, error) {
	var found []*zip.File
	for _, f := range z.File {
		switch strings.ToLower(path.Ext(f.Name)) {
		case ".lbak", ".bak", ".trn", ".diff", ".log", ".dbak":
			if !f.FileInfo().IsDir() {
				found = append(found, f)
			}
		}
	}
	switch {
	case len(found) == 0:
		return nil, fault.New(fault.Invalid, "The archive holds no backup file.", "Choose an archive with an .lbak or .bak file inside.")
	case len(found) > 1:
		return nil, fault.Newf(fault.Invalid, "The archive holds %d backup files.", len(found)).WithFix("Unpack it and put the files into the folder one by one.")
	case found[0].UncompressedSize64 > freeRatio && found[0].UncompressedSize64/max(found[0].CompressedSize64, 1) > maxRatio:
		return nil, fault.Newf(fault.Invalid, "The archive says that %s became %s in it, which no backup does.", words.Bytes(int64(min(found[0].UncompressedSize64, 1<<62))), words.Bytes(int64(min(found[0].CompressedSize64, 1<<62)))).WithFix("Download it again; unpack it by hand if it is what you expect.")
	case found[0].UncompressedSize64 > maxUnpacked:
		return nil, fault.Newf(fault.Invalid, "The archive says it holds %s, which is too much to unpack here.", words.Bytes(int64(min(found[0].UncompressedSize64, 1<<62)))).WithFix("Unpack it by hand.")
	}
	return found[0], nil
}
