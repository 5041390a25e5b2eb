package s3

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/shelf"
)

const (
	minPart  = 5 << 20 // bytes, except the last part (S3 user guide, "Amazon S3 multipart upload limits")
	maxParts = 10000
)

func (c *call) create(b *Bucket) *apiError {
	control.Detail(c.r.Context(), c.bucket+"/"+c.key)
	name, kind := c.r.Header.Get("x-amz-checksum-algorithm"), c.r.Header.Get("x-amz-checksum-type")
	switch {
	case name != "" && polynomials[name].width == 0:
		return notImplemented()
	case kind != "" && name == "":
		return refusal(400, "InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	case kind != "" && kind != "FULL_OBJECT":
		return notImplemented()
	case kind == "" && name != "" && name != crc64NVME:
		return notImplemented() // a composite checksum
	}
	id := make([]byte, 48)
	_, _ = rand.Read(id)
	u := &shelf.Upload{ID: base64.RawURLEncoding.EncodeToString(id), Key: c.key, Begun: c.server.now(c.r), ContentType: or(c.r.Header.Get("Content-Type"), "binary/octet-stream"),
		Kept: shelf.Kept{Class: "STANDARD", Encryption: b.Encryption, Checksum: name, Headers: c.metadata()}}
	if fail := c.keep(shelf.Record[Bucket]{Op: shelf.OpBegin, Bucket: c.bucket, Begun: u}, nil); fail != nil {
		return fail
	}
	if name != "" {
		c.w.Header().Set("x-amz-checksum-algorithm", name)
		c.w.Header().Set("x-amz-checksum-type", "FULL_OBJECT")
	}
	return writeXML(c.w, struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadId string // the element's name
	}{Bucket: or(c.point, c.bucket), Key: c.key, UploadId: u.ID})
}

func (c *call) uploadPart(b *Bucket) *apiError {
	id := c.query.Get("uploadId")
	control.Detail(c.r.Context(), id+"/"+c.query.Get("partNumber"))
	if c.r.Header.Get("x-amz-copy-source") != "" {
		return notImplemented()
	}
	n, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || n < 1 || n > maxParts {
		return invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", c.query.Get("partNumber"))
	}
	u, _ := c.server.store.Upload(c.bucket, c.key, id)
	if u == nil {
		return noSuchUpload(id)
	}
	if fail := c.locked(b); fail != nil {
		return fail
	}
	if name, _, _ := expected(c.r.Header); u.Checksum != "" && name != u.Checksum {
		return refusal(400, "InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: "+strings.ToLower(u.Checksum)+", actual checksum Type: "+or(strings.ToLower(name), "null"))
	}
	in, fail := c.receive(b.Encryption == "aws:kms")
	if fail != nil {
		return fail
	}
	p := &shelf.Part{Number: n, ETag: in.etag, CRC: number(in.sum), Modified: c.server.now(c.r), File: in.Piece}
	if fail := c.keep(shelf.Record[Bucket]{Op: shelf.OpPart, Bucket: c.bucket, Upload: id, Part: p}, []shelf.Piece{in.Piece}); fail != nil {
		return fail
	}
	c.w.Header().Set("ETag", quote(p.ETag))
	c.w.Header().Set("x-amz-server-side-encryption", b.Encryption)
	if u.Checksum != "" {
		c.tell(in.checksum, in.sum, false)
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// sumXML are the elements of checksums in documents.
type sumXML struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
}

func sumOf(name string, sum uint64) (x sumXML) {
	switch name {
	case crc32IEEE:
		x.ChecksumCRC32 = wire(name, sum)
	case crc32C:
		x.ChecksumCRC32C = wire(name, sum)
	case crc64NVME:
		x.ChecksumCRC64NVME = wire(name, sum)
	}
	return x
}

func (x sumXML) of(name string) string {
	return map[string]string{crc32IEEE: x.ChecksumCRC32, crc32C: x.ChecksumCRC32C, crc64NVME: x.ChecksumCRC64NVME}[name]
}

func (c *call) listParts() *apiError {
	id := c.query.Get("uploadId")
	limit, fail := c.bound("max-parts")
	if fail != nil {
		return fail
	}
	marker, err := strconv.Atoi(or(c.query.Get("part-number-marker"), "0"))
	if err != nil {
		return invalidArgument("Provided part-number-marker not an integer or within integer range", "part-number-marker", c.query.Get("part-number-marker"))
	}
	u, parts := c.server.store.Upload(c.bucket, c.key, id)
	if u == nil {
		return noSuchUpload(id)
	}
	type entry struct {
		PartNumber   int
		LastModified string
		ETag         string
		Size         int64
		sumXML
	}
	doc := struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		Bucket               string
		Key                  string
		UploadId             string // the element's name
		StorageClass         string
		ChecksumAlgorithm    string `xml:",omitempty"`
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Part                 []entry
	}{Bucket: or(c.point, c.bucket), Key: c.key, UploadId: id, StorageClass: u.Class, ChecksumAlgorithm: u.Checksum, PartNumberMarker: marker, MaxParts: limit}
	for _, p := range parts {
		if p.Number <= marker {
			continue
		}
		if len(doc.Part) == limit {
			doc.IsTruncated = true
			break
		}
		doc.Part = append(doc.Part, entry{p.Number, p.Modified.Format(isoTime), quote(p.ETag), p.File.Size, sumOf(u.Checksum, p.CRC)})
		doc.NextPartNumberMarker = p.Number
	}
	return writeXML(c.w, doc)
}

type completedPart struct {
	PartNumber int
	ETag       string
	sumXML
}

func (c *call) complete() *apiError {
	id := c.query.Get("uploadId")
	control.Detail(c.r.Context(), id)
	var in struct {
		Part []completedPart
	}
	text, err := io.ReadAll(io.LimitReader(c.r.Body, 4<<20))
	if err != nil {
		return refusal(400, "IncompleteBody", "The request body terminated unexpectedly")
	}
	if xml.Unmarshal(text, &in) != nil || len(in.Part) == 0 || len(in.Part) > maxParts {
		return refusal(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	u, parts := c.server.store.Upload(c.bucket, c.key, id)
	if u == nil {
		return noSuchUpload(id)
	}
	if fail := c.unless(); fail != nil {
		return fail
	}
	o, fail := joined(u, parts, in.Part)
	if fail != nil {
		return fail
	}
	o.Modified = c.server.now(c.r)
	if want := c.r.Header.Get(header(o.Checksum)); want != "" && want != wire(o.Checksum, o.CRC) {
		return refusal(400, "BadDigest", "The "+strings.ToLower(o.Checksum)+" you specified did not match the calculated checksum.")
	}
	if fail := c.keep(shelf.Record[Bucket]{Op: shelf.OpDone, Bucket: c.bucket, Upload: id, Object: o}, nil); fail != nil {
		return fail
	}
	told, sums := o.CRC, sumXML{}
	if _, ok := control.Effect(c.r.Context(), "corrupt_crc"); ok {
		told++
	}
	if _, ok := control.Effect(c.r.Context(), "omit_crc"); !ok {
		sums = sumOf(o.Checksum, told)
	}
	return writeXML(c.w, struct {
		XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
		Location string
		Bucket   string
		Key      string
		ETag     string
		sumXML
		ChecksumType string
	}{Location: "http://" + c.r.Host + "/" + c.bucket + "/" + escape(c.key), Bucket: or(c.point, c.bucket), Key: c.key, ETag: quote(o.ETag), sumXML: sums, ChecksumType: "FULL_OBJECT"})
}

// joined is what the named parts make, or why they make nothing.
func joined(u *shelf.Upload, parts []*shelf.Part, named []completedPart) (*shelf.Object, *apiError) {
	held := map[int]*shelf.Part{}
	for _, p := range parts {
		held[p.Number] = p
	}
	o := &shelf.Object{Key: u.Key, Type: "Multipart", ContentType: u.ContentType, Kept: u.Kept}
	o.Checksum = or(u.Checksum, crc64NVME) // the service adds it by itself
	sums := md5.New()
	for i, want := range named {
		if i > 0 && want.PartNumber <= named[i-1].PartNumber {
			return nil, refusal(400, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
		p := held[want.PartNumber]
		given := want.of(o.Checksum)
		if p == nil || p.ETag != strings.Trim(want.ETag, `"`) || given != "" && given != wire(o.Checksum, p.CRC) {
			return nil, refusal(400, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
				field{"UploadId", u.ID}, field{"PartNumber", strconv.Itoa(want.PartNumber)}, field{"ETag", strings.Trim(want.ETag, `"`)})
		}
		if p.File.Size < minPart && i < len(named)-1 {
			return nil, refusal(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
				field{"ProposedSize", strconv.FormatInt(p.File.Size, 10)}, field{"MinSizeAllowed", strconv.Itoa(minPart)}, field{"PartNumber", strconv.Itoa(want.PartNumber)}, field{"ETag", p.ETag})
		}
		raw, _ := hex.DecodeString(p.ETag)
		sums.Write(raw)
		o.CRC = combine(o.Checksum, o.CRC, p.CRC, p.File.Size)
		o.Size += p.File.Size
		o.Files = append(o.Files, p.File)
	}
	o.ETag = hex.EncodeToString(sums.Sum(nil)) + "-" + strconv.Itoa(len(named))
	return o, nil
}

func (c *call) abort() *apiError {
	id := c.query.Get("uploadId")
	control.Detail(c.r.Context(), id)
	if u, _ := c.server.store.Upload(c.bucket, c.key, id); u == nil {
		return noSuchUpload(id)
	}
	if fail := c.keep(shelf.Record[Bucket]{Op: shelf.OpAbort, Bucket: c.bucket, Upload: id}, nil); fail != nil {
		return fail
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) listUploads() *apiError {
	limit, fail := c.bound("max-uploads")
	if fail != nil {
		return fail
	}
	if c.query.Get("delimiter") != "" || c.query.Get("encoding-type") != "" {
		return notImplemented()
	}
	prefix, keyMarker, idMarker := c.query.Get("prefix"), c.query.Get("key-marker"), c.query.Get("upload-id-marker")
	type entry struct {
		Key          string
		UploadId     string // the element's name
		StorageClass string
		Initiated    string
	}
	doc := struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket             string
		KeyMarker          string
		UploadIdMarker     string // the element's name
		NextKeyMarker      string
		NextUploadIdMarker string // the element's name
		Prefix             string
		MaxUploads         int
		IsTruncated        bool
		Upload             []entry
	}{Bucket: or(c.point, c.bucket), KeyMarker: keyMarker, UploadIdMarker: idMarker, Prefix: prefix, MaxUploads: limit}
	for _, u := range c.server.store.Uploads(c.bucket) {
		past := u.Key > keyMarker || u.Key == keyMarker && idMarker != "" && u.ID > idMarker
		if !strings.HasPrefix(u.Key, prefix) || keyMarker != "" && !past {
			continue
		}
		if len(doc.Upload) == limit {
			doc.IsTruncated = true
			break
		}
		doc.Upload = append(doc.Upload, entry{u.Key, u.ID, u.Class, u.Begun.Format(isoTime)})
		doc.NextKeyMarker, doc.NextUploadIdMarker = u.Key, u.ID
	}
	if !doc.IsTruncated {
		doc.NextKeyMarker, doc.NextUploadIdMarker = "", ""
	}
	return writeXML(c.w, doc)
}
