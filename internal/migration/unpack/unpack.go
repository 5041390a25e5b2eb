package migration

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

// Archives unpacks ZIP archives with one backup file inside into a bucket of
// our own. The RDS console delivers log backups so, as .zip.log with an .lbak
// inside (incremental migration topic, "Backup file requirements").
type Archives struct {
	Ports Ports
	ToID  string // bucket for unpacked files
}

// maxUnpacked bounds what an archive may claim to hold, in bytes.
const maxUnpacked = 256 << 30

// Unpack unpacks an archive, or finds what it unpacked before; it implements
// drafting.Unpacker.
func (a *Archives) Unpack(ctx context.Context, bucketID string, from objectstore.Bucket, o objectstore.Object) (toID, key string, err error) {
	z, err := zip.NewReader(objectstore.ReaderAt(ctx, from, o.Key, o.Size), o.Size)
	if err != nil {
		return "", "", fault.New(fault.Invalid, "The archive is damaged.", "Download it again.").Because(err)
	}
	inner, err := only(z)
	if err != nil {
		return "", "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d", bucketID, o.Key, o.Size, o.Modified.UnixNano()))
	base := path.Base(strings.ReplaceAll(inner.Name, `\`, "/"))
	key = hex.EncodeToString(sum[:8]) + "/" + strings.TrimSuffix(base, path.Ext(base)) + ".bak"
	to, err := a.Ports.Bucket(ctx, a.ToID)
	if err != nil {
		return "", "", err
	}
	size := int64(inner.UncompressedSize64)
	if there, err := to.Stat(ctx, key); err == nil && there.Size == size {
		return a.ToID, key, nil
	}
	body, err := inner.Open()
	if err != nil {
		return "", "", fault.New(fault.Invalid, "The archive uses a compression that is not known here.", "Unpack it by hand.").Because(err)
	}
	defer body.Close()
	// The reader ends with an error when the content has another size or sum
	// than the archive says; then nothing is kept.
	if _, err := to.Put(ctx, key, body, size); err != nil {
		return "", "", fmt.Errorf("unpack %s: %w", o.Key, err)
	}
	return a.ToID, key, nil
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
	case found[0].UncompressedSize64 > maxUnpacked:
		return nil, fault.Newf(fault.Invalid, "The archive says it holds %s, which is too much to unpack here.", words.Bytes(int64(min(found[0].UncompressedSize64, 1<<62)))).WithFix("Unpack it by hand.")
	}
	return found[0], nil
}
