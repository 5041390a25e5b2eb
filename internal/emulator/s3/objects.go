package s3

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/shelf"
)

const isoTime = "2006-01-02T15:04:05.000Z"

func quote(etag string) string { return `"` + etag + `"` }

func (c *call) listBuckets() *apiError {
	type entry struct{ Name, CreationDate, BucketRegion string }
	doc := struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Owner   struct{ ID string }
		Buckets []entry `xml:"Buckets>Bucket"`
	}{}
	doc.Owner.ID = c.account.Owner
	for _, b := range c.server.store.Buckets() {
		if b.Owner == c.account.Owner {
			doc.Buckets = append(doc.Buckets, entry{b.Name, b.Created.Format(isoTime), b.Region})
		}
	}
	sort.Slice(doc.Buckets, func(i, j int) bool { return doc.Buckets[i].Name < doc.Buckets[j].Name })
	return writeXML(c.w, doc)
}

// location tells no region for us-east-1, as the service does for history's sake.
func (c *call) location(b *Bucket) *apiError {
	region := b.Region
	if region == "us-east-1" {
		region = ""
	}
	return writeXML(c.w, struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Region  string   `xml:",chardata"`
	}{Region: region})
}

func (c *call) encryption(b *Bucket) *apiError {
	return writeXML(c.w, struct {
		XMLName   xml.Name `xml:"ServerSideEncryptionConfiguration"`
		Algorithm string   `xml:"Rule>ApplyServerSideEncryptionByDefault>SSEAlgorithm"`
		Key       bool     `xml:"Rule>BucketKeyEnabled"`
	}{Algorithm: b.Encryption, Key: b.Encryption == "aws:kms"})
}

func (c *call) objectLock(b *Bucket) *apiError {
	if b.ObjectLock == 0 {
		return refusal(404, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", field{"BucketName", b.Name})
	}
	return writeXML(c.w, struct {
		XMLName xml.Name `xml:"ObjectLockConfiguration"`
		Enabled string   `xml:"ObjectLockEnabled"`
		Mode    string   `xml:"Rule>DefaultRetention>Mode"`
		Days    int      `xml:"Rule>DefaultRetention>Days"`
	}{Enabled: "Enabled", Mode: "COMPLIANCE", Days: b.ObjectLock})
}

func (c *call) policy(b *Bucket) *apiError {
	if b.Policy == "" {
		return refusal(404, "NoSuchBucketPolicy", "The bucket policy does not exist", field{"BucketName", b.Name})
	}
	c.w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(c.w, b.Policy)
	return nil
}

func (c *call) lifecycle(b *Bucket) *apiError {
	if b.Expires == 0 {
		return refusal(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", field{"BucketName", b.Name})
	}
	return writeXML(c.w, struct {
		XMLName xml.Name `xml:"LifecycleConfiguration"`
		ID      string   `xml:"Rule>ID"`
		Prefix  string   `xml:"Rule>Filter>Prefix"`
		Status  string   `xml:"Rule>Status"`
		Days    int      `xml:"Rule>Expiration>Days"`
	}{ID: "tidy", Status: "Enabled", Days: b.Expires})
}

// locked refuses bodies that a bucket with a lock does not take.
func (c *call) locked(b *Bucket) *apiError {
	if name, _, _ := expected(c.r.Header); b.ObjectLock > 0 && name == "" && c.r.Header.Get("Content-MD5") == "" {
		return refusal(400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters")
	}
	return nil
}

// tell puts a checksum on an answer, as the door's rules allow.
func (c *call) tell(name string, sum []byte, full bool) {
	if _, ok := control.Effect(c.r.Context(), "omit_crc"); ok || len(sum) == 0 {
		return
	}
	text := base64.StdEncoding.EncodeToString(sum)
	if _, ok := control.Effect(c.r.Context(), "corrupt_crc"); ok {
		text = wire(name, number(sum)+1)
	}
	c.w.Header().Set(header(name), text)
	if full {
		c.w.Header().Set("x-amz-checksum-type", "FULL_OBJECT")
	}
}

func (c *call) putObject(b *Bucket) *apiError {
	control.Detail(c.r.Context(), c.bucket+"/"+c.key)
	if c.r.Header.Get("x-amz-copy-source") != "" {
		return notImplemented()
	}
	if fail := c.locked(b); fail != nil {
		return fail
	}
	if fail := c.unless(); fail != nil {
		return fail
	}
	in, fail := c.receive(b.Encryption == "aws:kms")
	if fail != nil {
		return fail
	}
	o := &shelf.Object{Key: c.key, Size: in.Size, ETag: in.etag, CRC: number(in.sum), Modified: c.server.now(c.r), Type: "Normal",
		ContentType: or(c.r.Header.Get("Content-Type"), "binary/octet-stream"), Kept: shelf.Kept{Class: "STANDARD", Encryption: b.Encryption, Checksum: in.checksum, Headers: c.metadata()}, Files: []shelf.Piece{in.Piece}}
	if fail := c.keep(shelf.Record[Bucket]{Op: shelf.OpPut, Bucket: c.bucket, Object: o}, o.Files); fail != nil {
		return fail
	}
	c.w.Header().Set("ETag", quote(o.ETag))
	c.w.Header().Set("x-amz-server-side-encryption", b.Encryption)
	c.tell(in.checksum, in.sum, true)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// metadata are the headers that users give an object.
func (c *call) metadata() map[string]string {
	var out map[string]string
	for name := range c.r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-amz-meta-") {
			if out == nil {
				out = map[string]string{}
			}
			out[low] = c.r.Header.Get(name)
		}
	}
	return out
}

// unless is If-None-Match: *, the only condition there is for writing anew.
func (c *call) unless() *apiError {
	if c.r.Header.Get("If-None-Match") != "*" {
		return nil
	}
	if o, release := c.server.store.Open(c.bucket, c.key); o != nil {
		release()
		return refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", field{"Condition", "If-None-Match"})
	}
	return nil
}

// keep notes a change; when its bucket or upload vanished meanwhile the new
// files go too.
func (c *call) keep(r shelf.Record[Bucket], files []shelf.Piece) *apiError {
	err := c.server.store.Do(r)
	if err == nil {
		return nil
	}
	c.server.store.Remove(files)
	if errors.Is(err, shelf.ErrGone) {
		if c.server.store.Bucket(c.bucket) == nil {
			return noSuchBucket(c.bucket)
		}
		return noSuchUpload(r.Upload)
	}
	return internal(err)
}

// getObject is GetObject and HeadObject. A missing key of an account that may
// not list is Access Denied: it is not told what is not there.
func (c *call) getObject() *apiError {
	control.Detail(c.r.Context(), c.bucket+"/"+c.key)
	o, release := c.server.store.Open(c.bucket, c.key)
	if o == nil {
		if c.account.Allow != nil && !contains(c.account.Allow, "s3:ListBucket") {
			return refusal(403, "AccessDenied", "Access Denied")
		}
		return refusal(404, "NoSuchKey", "The specified key does not exist.", field{"Key", c.key})
	}
	defer release()
	if (o.Class == "GLACIER" || o.Class == "DEEP_ARCHIVE") && c.r.Method == http.MethodGet {
		return refusal(403, "InvalidObjectState", "The operation is not valid for the object's storage class", field{"StorageClass", o.Class})
	}
	h := c.w.Header()
	h.Set("ETag", quote(o.ETag))
	h.Set("Last-Modified", o.Modified.Format(http.TimeFormat))
	h.Set("Content-Type", o.ContentType)
	h.Set("Accept-Ranges", "bytes")
	h.Set("x-amz-server-side-encryption", o.Encryption)
	for name, value := range o.Headers {
		h.Set(name, value)
	}
	if o.Class != "STANDARD" {
		h.Set("x-amz-storage-class", o.Class)
	}
	start, length, status := int64(0), o.Size, http.StatusOK
	if text := c.r.Header.Get("Range"); text != "" {
		s, n, ok, bad := readRange(text, o.Size)
		if bad {
			return refusal(416, "InvalidRange", "The requested range is not satisfiable", field{"RangeRequested", text}, field{"ActualObjectSize", strconv.FormatInt(o.Size, 10)})
		}
		if ok {
			start, length, status = s, n, http.StatusPartialContent
			h.Set("Content-Range", "bytes "+strconv.FormatInt(s, 10)+"-"+strconv.FormatInt(s+n-1, 10)+"/"+strconv.FormatInt(o.Size, 10))
		}
	}
	if c.r.Header.Get("x-amz-checksum-mode") == "ENABLED" && status == http.StatusOK && polynomials[o.Checksum].width > 0 {
		sum, _ := base64.StdEncoding.DecodeString(wire(o.Checksum, o.CRC))
		c.tell(o.Checksum, sum, true)
	}
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodGet {
		c.send(o, start, length)
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// send copies a range over the object's files; the status is already out, so
// a failure can only end the connection.
func (c *call) send(o *shelf.Object, start, length int64) {
	for _, p := range o.Files {
		if length == 0 {
			return
		}
		if start >= p.Size {
			start -= p.Size
			continue
		}
		n := min(length, p.Size-start)
		f, err := os.Open(c.server.store.Path(p.Name))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, err = f.Seek(start, io.SeekStart)
		if err == nil {
			_, err = io.Copy(c.w, io.LimitReader(f, n))
		}
		f.Close()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		start, length = 0, length-n
	}
}

// readRange understands one byte range; several are answered with the whole.
func readRange(text string, size int64) (start, length int64, ok, bad bool) {
	spec, found := strings.CutPrefix(text, "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	if !found || !dash || strings.Contains(spec, ",") {
		return 0, 0, false, false
	}
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	switch {
	case from == "" && err2 == nil: // the last bytes
		if last == 0 || size == 0 {
			return 0, 0, false, true
		}
		n := min(last, size)
		return size - n, n, true, false
	case err1 != nil || to != "" && (err2 != nil || last < first):
		return 0, 0, false, false
	case first >= size:
		return 0, 0, false, true
	case to == "":
		return first, size - first, true, false
	}
	return first, min(last, size-1) - first + 1, true, false
}

func (c *call) deleteObject() *apiError {
	control.Detail(c.r.Context(), c.bucket+"/"+c.key)
	if err := c.server.store.Do(shelf.Record[Bucket]{Op: shelf.OpDelete, Bucket: c.bucket, Key: c.key}); err != nil {
		return noSuchBucket(c.bucket)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// bound reads a count that the service limits to 1000.
func (c *call) bound(name string) (int, *apiError) {
	text := c.query.Get(name)
	if text == "" {
		return 1000, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, invalidArgument("Provided "+name+" not an integer or within integer range", name, text)
	}
	return min(n, 1000), nil
}

func (c *call) listObjects() *apiError {
	limit, fail := c.bound("max-keys")
	if fail != nil {
		return fail
	}
	if c.query.Get("delimiter") != "" || c.query.Get("encoding-type") != "" {
		return notImplemented()
	}
	prefix, after := c.query.Get("prefix"), c.query.Get("start-after")
	if t := c.query.Get("continuation-token"); t != "" {
		raw, err := base64.StdEncoding.DecodeString(t)
		if err != nil {
			return invalidArgument("The continuation token provided is incorrect", "continuation-token", t)
		}
		after = string(raw)
	}
	type entry struct {
		Key, LastModified, ETag string
		ChecksumAlgorithm       string
		ChecksumType            string
		Size                    int64
		StorageClass            string
	}
	doc := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name                  string
		Prefix                string
		StartAfter            string `xml:",omitempty"`
		MaxKeys               int
		KeyCount              int
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []entry
	}{Name: or(c.point, c.bucket), Prefix: prefix, StartAfter: c.query.Get("start-after"), MaxKeys: limit}
	for _, o := range c.server.store.Objects(c.bucket) {
		if !strings.HasPrefix(o.Key, prefix) || o.Key <= after {
			continue
		}
		if len(doc.Contents) == limit {
			doc.IsTruncated = limit > 0
			break
		}
		doc.Contents = append(doc.Contents, entry{o.Key, o.Modified.Format(isoTime), quote(o.ETag), o.Checksum, "FULL_OBJECT", o.Size, o.Class})
	}
	if doc.KeyCount = len(doc.Contents); doc.IsTruncated {
		doc.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte(doc.Contents[limit-1].Key))
	}
	return writeXML(c.w, doc)
}
