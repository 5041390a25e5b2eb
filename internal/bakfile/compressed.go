package bakfile

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/bakplane/bakplane/internal/bakfile/layout"
	"github.com/bakplane/bakplane/internal/bakfile/xpress"
)

// Bounds of the compressed container.
const (
	maxRecord = 64 << 10 // content of a record
	maxIndex  = 4 << 10  // how far before its filemark an index is looked for
)

// record is one decoded compressed record.
type record struct {
	content []byte
	next    int64 // file offset of the record behind it
}

// errAltered is a record whose bytes are not those that were written. It wraps
// errMalformed: to most readers of records such a one is just not there.
var errAltered = fmt.Errorf("%w: check value differs", errMalformed)

// unreadable says why the first record of a container gives no media header.
func unreadable(head []byte, why error) *Error {
	h := fields{head, len(head)}
	flags := h.u32(layout.ContainerFlags)
	switch {
	case h.u32(layout.ContainerForm) == 1:
		return refuse(Unsupported, "This is a compressed backup in the container that SQL Server 2012 and older wrote, which Bakplane cannot read.",
			"Ask a SQL Server with RESTORE HEADERONLY what is in it, or take the backup again without COMPRESSION.")
	case flags&layout.FlagSealedTDE == layout.FlagSealedTDE:
		return refuse(Encrypted, "This is a compressed backup of a database that is encrypted by TDE: its content, names included, can be read only where the certificate of the database is.",
			"Restore it on a server that has the certificate (CREATE CERTIFICATE … WITH PRIVATE KEY from its backup), or take a backup without COMPRESSION: its header can be read, and its data needs the certificate as well.")
	case flags&layout.FlagSealed != 0:
		return refuse(Encrypted, "This SQL Server backup is encrypted (BACKUP … WITH ENCRYPTION): nothing in it can be read without its certificate.",
			"Restore it on a server that has the certificate, or take a backup without ENCRYPTION.")
	case errors.Is(why, errAltered):
		return damaged("The file begins like a compressed backup, but its first record is damaged: its bytes do not match their check value.")
	}
	return refuse(Encrypted, "This is a SQL Server backup whose content cannot be decoded: it is encrypted, or compressed by a method other than MS_XPRESS.",
		"Take a backup without ENCRYPTION and with plain COMPRESSION or none; an encrypted one can be restored only on a server that has its certificate.")
}

// recordAt decodes the compressed record at off, which must end before end.
func recordAt(src *source, off, end int64) (record, error) {
	v := stretch{src, 0, min(end, src.size)}
	h, err := v.at(off, layout.RecordHeader)
	if err != nil {
		return record{}, err
	}
	if h[0] != layout.RecordData {
		return record{}, errMalformed
	}
	size, length := int(h[1])*512, int(le.Uint16(h[2:]))
	data, err := v.at(off+layout.RecordHeader, length)
	if err != nil {
		return record{}, err
	}
	if layout.CheckValue(data) != le.Uint32(h[layout.RecordCheck:]) {
		return record{}, errAltered
	}
	content := make([]byte, size)
	if _, err := new(xpress.Decoder).Decode(content, data); err != nil {
		return record{}, errMalformed
	}
	return record{content, off + layout.RecordHeader + int64(length)}, nil
}

// decoded is the view of the content of consecutive records, decoded as far
// as somebody looks, at most maxConfig and a bit.
type decoded struct {
	src       *source
	next, end int64 // file offsets
	content   []byte
}

func (v *decoded) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > maxConfig+maxRecord || n > maxConfig {
		return nil, errPastEnd
	}
	for int64(len(v.content)) < off+int64(n) {
		r, err := recordAt(v.src, v.next, v.end)
		if err != nil {
			if soft(err) == nil {
				err = errPastEnd
			}
			return nil, err
		}
		if len(r.content) == 0 {
			return nil, errPastEnd
		}
		v.content, v.next = append(v.content, r.content...), r.next
	}
	return v.content[off : off+int64(n)], nil
}

// firstMarkBehind skips padding records from off to the first filemark.
func firstMarkBehind(src *source, off int64) int64 {
	v := stretch{src, 0, src.size}
	for range 8 {
		if off%512 == 0 {
			if b, err := v.at(off, layout.BlockHeader); err == nil && validBlock(b, "SFMB") {
				return off
			}
		}
		h, err := v.at(off, layout.PaddingHeader)
		if err != nil || h[0] != layout.RecordPadding {
			return 0
		}
		off += layout.PaddingHeader + int64(le.Uint16(h[2:]))
	}
	return 0
}

// lastRecord finds, through the index before the filemark at closing, the
// record that holds the set's MSLS: the index's last entry. The index's first
// 16 bytes are repeated right before the filemark.
func lastRecord(src *source, begin, closing int64) (int64, error) {
	from := max(begin, closing-maxIndex)
	b, err := stretch{src, 0, src.size}.at(from, int(closing-from))
	if err != nil {
		return 0, err
	}
	if len(b) < layout.PaddingHeader+32 {
		return 0, errMalformed
	}
	mark := b[len(b)-16:]
	count := int64(le.Uint32(mark[4:]))
	for p := len(b) - 32; p >= layout.PaddingHeader; p-- {
		if b[p-layout.PaddingHeader] != layout.RecordIndex || !bytes.Equal(b[p:p+16], mark) {
			continue
		}
		last := int64(p) + 16 + 16*(count-1)
		if count < 1 || last > int64(len(b))-16 {
			return 0, errMalformed
		}
		off := int64(le.Uint64(b[last+8:]))
		if off < begin || off >= closing {
			return 0, errMalformed
		}
		return off, nil
	}
	return 0, errMalformed
}
