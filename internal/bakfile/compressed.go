package bakfile

import "bytes"

// The compressed container: after a header of 0x1E0 bytes, every stretch
// between filemarks is a run of records; filemarks stay plain.
const (
	containerWord   = "MSSQLBAK"
	containerHeader = 0x1e0
	recordHeader    = 0x1c // of a compressed record
	recordData      = 0x21
	recordPadding   = 0x24
	recordIndex     = 0x2c
	paddingHeader   = 0x18
	maxIndex        = 4 << 10 // how far before its filemark an index is looked for
)

// record is one decoded compressed record.
type record struct {
	content []byte
	next    int64 // file offset of the record behind it
}

// recordAt decodes the compressed record at off, which must end before end.
func recordAt(src *source, off, end int64) (record, error) {
	v := stretch{src, 0, min(end, src.size)}
	h, err := v.at(off, recordHeader)
	if err != nil {
		return record{}, err
	}
	if h[0] != recordData {
		return record{}, errMalformed
	}
	size, length := int(h[1])*512, int(le.Uint16(h[2:]))
	data, err := v.at(off+recordHeader, length)
	if err != nil {
		return record{}, err
	}
	content, err := decodeXpress(data, size)
	if err != nil {
		return record{}, errMalformed
	}
	return record{content, off + recordHeader + int64(length)}, nil
}

// decoded is the view of the content of consecutive records, decoded as far
// as somebody looks, at most maxConfig and a bit.
type decoded struct {
	src       *source
	next, end int64 // file offsets
	content   []byte
}

func (v *decoded) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > maxConfig+windowSize || n > maxConfig {
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
			if b, err := v.at(off, blockHeader); err == nil && validBlock(b, "SFMB") {
				return off
			}
		}
		h, err := v.at(off, paddingHeader)
		if err != nil || h[0] != recordPadding {
			return 0
		}
		off += paddingHeader + int64(le.Uint16(h[2:]))
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
	if len(b) < paddingHeader+32 {
		return 0, errMalformed
	}
	mark := b[len(b)-16:]
	count := int64(le.Uint32(mark[4:]))
	for p := len(b) - 32; p >= paddingHeader; p-- {
		if b[p-paddingHeader] != recordIndex || !bytes.Equal(b[p:p+16], mark) {
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
