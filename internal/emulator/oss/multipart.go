package oss

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/shelf"
)

const (
	minPart  = 100 << 10 // bytes, except the last part (public page "Limits")
	maxParts = 10000
)

func (c *call) initiate(b *Bucket) *apiError {
	control.Detail(c.r.Context(), c.bucket+"/"+c.key)
	enc, fail := c.encoding()
	if fail != nil {
		return fail
	}
	if fail := c.forbidden(); fail != nil {
		return fail
	}
	keeps, fail := c.keeps(b)
	if fail != nil {
		return fail
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	u := &shelf.Upload{
		ID: strings.ToUpper(hex.EncodeToString(id)), Key: c.key, Begun: c.server.now(c.r),
		ContentType: or(c.r.Header.Get("Content-Type"), "application/octet-stream"), Kept: keeps,
	}
	if fail := c.store(shelf.Record[Bucket]{Op: shelf.OpBegin, Bucket: c.bucket, Begun: u}, nil); fail != nil {
		return fail
	}
	return writeXML(c.w, struct {
		XMLName      xml.Name `xml:"InitiateMultipartUploadResult"`
		EncodingType string   `xml:",omitempty"`
		Bucket       string
		Key          string
		UploadId     string // the element's name
	}{EncodingType: c.query.Get("encoding-type"), Bucket: c.bucket, Key: enc(c.key), UploadId: u.ID})
}

func (c *call) uploadPart() *apiError {
	id := c.query.Get("uploadId")
	control.Detail(c.r.Context(), id+"/"+c.query.Get("partNumber"))
	if c.r.Header.Get("x-oss-copy-source") != "" {
		return notImplemented()
	}
	number, fail := c.bound("partNumber", 0, maxParts)
	if fail != nil || number == 0 {
		return invalidArgument("Part number must be an integer between 1 and 10000, inclusive.").with("ArgumentName", "partNumber").with("ArgumentValue", c.query.Get("partNumber"))
	}
	if u, _ := c.server.store.Upload(c.bucket, c.key, id); u == nil {
		return noSuchUpload(id)
	}
	in, fail := c.receive()
	if fail != nil {
		return fail
	}
	p := &shelf.Part{Number: number, ETag: in.etag(), CRC: in.crc, Modified: c.server.now(c.r), File: in.Piece}
	if fail := c.store(shelf.Record[Bucket]{Op: shelf.OpPart, Bucket: c.bucket, Upload: id, Part: p}, []shelf.Piece{in.Piece}); fail != nil {
		return fail
	}
	c.w.Header().Set("ETag", quote(p.ETag))
	c.crcHeader(p.CRC)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (c *call) listParts() *apiError {
	id := c.query.Get("uploadId")
	limit, fail := c.bound("max-parts", 1000, 1000)
	if fail != nil {
		return fail
	}
	enc, fail := c.encoding()
	if fail != nil {
		return fail
	}
	marker, err := strconv.Atoi(or(c.query.Get("part-number-marker"), "0"))
	if err != nil {
		return invalidArgument("Argument part-number-marker must be an integer.")
	}
	u, parts := c.server.store.Upload(c.bucket, c.key, id)
	if u == nil {
		return noSuchUpload(id)
	}
	type entry struct {
		PartNumber    int
		LastModified  string
		ETag          string
		HashCrc64ecma uint64
		Size          int64
	}
	doc := struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		EncodingType         string   `xml:",omitempty"`
		Bucket               string
		Key                  string
		UploadId             string // the element's name
		StorageClass         string
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Part                 []entry
	}{EncodingType: c.query.Get("encoding-type"), Bucket: c.bucket, Key: enc(c.key), UploadId: id, StorageClass: u.Class, PartNumberMarker: marker, MaxParts: limit}
	for _, p := range parts {
		if p.Number <= marker {
			continue
		}
		if len(doc.Part) == limit {
			doc.IsTruncated = true
			break
		}
		doc.Part = append(doc.Part, entry{p.Number, p.Modified.Format(isoTime), quote(p.ETag), p.CRC, p.File.Size})
		doc.NextPartNumberMarker = p.Number
	}
	return writeXML(c.w, doc)
}

func (c *call) completeUpload(b *Bucket) *apiError {
	id := c.query.Get("uploadId")
	control.Detail(c.r.Context(), id)
	var in struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	text, err := io.ReadAll(io.LimitReader(c.r.Body, 4<<20))
	if err != nil {
		return badBody()
	}
	if xml.Unmarshal(text, &in) != nil || len(in.Part) == 0 || len(in.Part) > maxParts {
		return malformed()
	}
	u, parts := c.server.store.Upload(c.bucket, c.key, id)
	if u == nil {
		return noSuchUpload(id)
	}
	if fail := c.forbidden(); fail != nil {
		return fail
	}
	held := map[int]*shelf.Part{}
	for _, p := range parts {
		held[p.Number] = p
	}
	o := &shelf.Object{Key: c.key, Modified: c.server.now(c.r), Type: "Multipart", ContentType: u.ContentType, Kept: u.Kept}
	sums := md5.New()
	for i, want := range in.Part {
		if i > 0 && want.PartNumber <= in.Part[i-1].PartNumber {
			return &apiError{status: 400, code: "InvalidPartOrder", message: "The list of parts was not in ascending order. Parts list must specified in order by part number.", ec: "0042-00000203"}
		}
		p := held[want.PartNumber]
		if p == nil || !strings.EqualFold(p.ETag, strings.Trim(want.ETag, `"`)) {
			return (&apiError{status: 400, code: "InvalidPart", message: "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.", ec: "0042-00000201"}).
				with("PartNumber", strconv.Itoa(want.PartNumber))
		}
		if p.File.Size < minPart && i < len(in.Part)-1 {
			return (&apiError{status: 400, code: "EntityTooSmall", message: "Your proposed upload is smaller than the minimum allowed size.", ec: "0042-00000205"}).
				with("PartNumber", strconv.Itoa(want.PartNumber)).with("MinSizeAllowed", strconv.Itoa(minPart)).with("ProposedSize", strconv.FormatInt(p.File.Size, 10))
		}
		raw, _ := hex.DecodeString(p.ETag)
		sums.Write(raw)
		o.CRC = sdk.CRC64Combine(o.CRC, p.CRC, uint64(p.File.Size))
		o.Size += p.File.Size
		o.Files = append(o.Files, p.File)
	}
	o.ETag = strings.ToUpper(hex.EncodeToString(sums.Sum(nil))) + "-" + strconv.Itoa(len(in.Part))
	if fail := c.store(shelf.Record[Bucket]{Op: shelf.OpDone, Bucket: c.bucket, Upload: id, Object: o}, nil); fail != nil {
		return fail
	}
	c.w.Header().Set("ETag", quote(o.ETag))
	c.crcHeader(o.CRC)
	return writeXML(c.w, struct {
		XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
		Location string
		Bucket   string
		Key      string
		ETag     string
	}{Location: "http://" + c.r.Host + "/" + c.bucket + "/" + escape(c.key), Bucket: c.bucket, Key: c.key, ETag: quote(o.ETag)})
}

func (c *call) abort() *apiError {
	id := c.query.Get("uploadId")
	control.Detail(c.r.Context(), id)
	if u, _ := c.server.store.Upload(c.bucket, c.key, id); u == nil {
		return noSuchUpload(id)
	}
	if fail := c.store(shelf.Record[Bucket]{Op: shelf.OpAbort, Bucket: c.bucket, Upload: id}, nil); fail != nil {
		return fail
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) listUploads() *apiError {
	limit, fail := c.bound("max-uploads", 1000, 1000)
	if fail != nil {
		return fail
	}
	enc, fail := c.encoding()
	if fail != nil {
		return fail
	}
	if c.query.Get("delimiter") != "" {
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
		EncodingType       string   `xml:",omitempty"`
		Bucket             string
		KeyMarker          string
		UploadIdMarker     string // the element's name
		NextKeyMarker      string
		NextUploadIdMarker string // the element's name
		Delimiter          string
		Prefix             string
		MaxUploads         int
		IsTruncated        bool
		Upload             []entry
	}{EncodingType: c.query.Get("encoding-type"), Bucket: c.bucket, KeyMarker: enc(keyMarker), UploadIdMarker: idMarker, Prefix: enc(prefix), MaxUploads: limit}
	for _, u := range c.server.store.Uploads(c.bucket) {
		past := u.Key > keyMarker || u.Key == keyMarker && idMarker != "" && u.ID > idMarker
		if !strings.HasPrefix(u.Key, prefix) || keyMarker != "" && !past {
			continue
		}
		if len(doc.Upload) == limit {
			doc.IsTruncated = true
			break
		}
		doc.Upload = append(doc.Upload, entry{enc(u.Key), u.ID, u.Class, u.Begun.Format(isoTime)})
		doc.NextKeyMarker, doc.NextUploadIdMarker = enc(u.Key), u.ID
	}
	if !doc.IsTruncated {
		doc.NextKeyMarker, doc.NextUploadIdMarker = "", ""
	}
	return writeXML(c.w, doc)
}
