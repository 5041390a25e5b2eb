package oss

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash/crc64"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/shelf"
)

// maxBody is the largest body of PutObject and UploadPart (public page "Limits").
const maxBody = 5 << 30

var ecma = crc64.MakeTable(crc64.ECMA)

// buffers are shared by all bodies; a larger one means fewer system calls.
var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// body is a stored request body.
type body struct {
	shelf.Piece
	md5 [md5.Size]byte
	crc uint64
}

func (b body) etag() string { return strings.ToUpper(hex.EncodeToString(b.md5[:])) }

// receive streams the request's body into a new file. On failure nothing stays.
func (c *call) receive() (_ body, fail *apiError) {
	if c.r.ContentLength > maxBody {
		return body{}, &apiError{status: 400, code: "EntityTooLarge", message: "Your proposed upload exceeds the maximum allowed object size.", ec: "0024-00000001"}
	}
	f, err := c.server.store.Create()
	if err != nil {
		return body{}, internal(err)
	}
	defer func() {
		if err := f.Close(); err != nil && fail == nil {
			fail = internal(err)
		}
		if fail != nil {
			_ = os.Remove(f.Name())
		}
	}()
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	_, flip := control.Effect(c.r.Context(), "corrupt_data")
	out := body{}
	sum := md5.New()
	for {
		n, err := c.r.Body.Read(*buf)
		if n > 0 {
			data := (*buf)[:n]
			if flip {
				data[0], flip = ^data[0], false
			}
			sum.Write(data)
			out.crc = crc64.Update(out.crc, ecma, data)
			out.Size += int64(n)
			if _, err := f.Write(data); err != nil {
				return body{}, internal(err)
			}
			if out.Size > maxBody {
				return body{}, &apiError{status: 400, code: "EntityTooLarge", message: "Your proposed upload exceeds the maximum allowed object size.", ec: "0024-00000001"}
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return body{}, badBody()
		}
	}
	copy(out.md5[:], sum.Sum(nil))
	if want := c.r.Header.Get("Content-MD5"); want != "" && want != base64.StdEncoding.EncodeToString(out.md5[:]) {
		return body{}, &apiError{status: 400, code: "InvalidDigest", message: "The Content-MD5 you specified was invalid.", ec: "0017-00000503"}
	}
	info, err := f.Stat()
	if err != nil {
		return body{}, internal(err)
	}
	out.Name = info.Name()
	return out, nil
}

// crcHeader puts the checksum on the answer, as the door's rules allow.
func (c *call) crcHeader(crc uint64) {
	if _, ok := control.Effect(c.r.Context(), "omit_crc"); ok {
		return
	}
	if _, ok := control.Effect(c.r.Context(), "corrupt_crc"); ok {
		crc++
	}
	c.w.Header().Set("x-oss-hash-crc64ecma", strconv.FormatUint(crc, 10))
}

func (c *call) putObject(b *Bucket) *apiError {
	control.Detail(c.r.Context(), c.bucket+"/"+c.key)
	if c.r.Header.Get("x-oss-copy-source") != "" {
		return notImplemented()
	}
	if fail := c.forbidden(); fail != nil {
		return fail
	}
	keeps, fail := c.keeps(b)
	if fail != nil {
		return fail
	}
	in, fail := c.receive()
	if fail != nil {
		return fail
	}
	o := &shelf.Object{
		Key: c.key, Size: in.Size, ETag: in.etag(), CRC: in.crc, Modified: c.server.now(c.r), Type: "Normal",
		ContentType: or(c.r.Header.Get("Content-Type"), "application/octet-stream"),
		Kept:        keeps, Files: []shelf.Piece{in.Piece},
	}
	if fail := c.store(shelf.Record[Bucket]{Op: shelf.OpPut, Bucket: c.bucket, Object: o}, o.Files); fail != nil {
		return fail
	}
	c.w.Header().Set("ETag", quote(o.ETag))
	c.crcHeader(o.CRC)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// store notes a change; when its bucket or upload vanished meanwhile the new
// files go too.
func (c *call) store(r shelf.Record[Bucket], files []shelf.Piece) *apiError {
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

func (c *call) forbidden() *apiError {
	if c.r.Header.Get("x-oss-forbid-overwrite") != "true" {
		return nil
	}
	if o, release := c.server.store.Open(c.bucket, c.key); o != nil {
		release()
		return &apiError{status: 409, code: "FileAlreadyExists", message: "The object you specified already exists and can not be overwritten.", ec: "0026-00000010"}
	}
	return nil
}

// getObject is GetObject, HeadObject and GetObjectMeta.
func (c *call) getObject() *apiError {
	control.Detail(c.r.Context(), c.bucket+"/"+c.key)
	o, release := c.server.store.Open(c.bucket, c.key)
	if o == nil {
		return noSuchKey(c.key)
	}
	defer release()
	archived := o.Class == "Archive" || o.Class == "ColdArchive" || o.Class == "DeepColdArchive"
	if archived && c.r.Method == http.MethodGet {
		return (&apiError{status: 403, code: "InvalidObjectState", message: "The operation is not valid for the object's state", ec: "0026-00000003"}).with("ObjectName", o.Key)
	}
	h := c.w.Header()
	h.Set("ETag", quote(o.ETag))
	h.Set("Last-Modified", o.Modified.Format(http.TimeFormat))
	h.Set("x-oss-object-type", o.Type)
	tell(o.Kept, h)
	h.Set("Content-Type", o.ContentType)
	h.Set("Accept-Ranges", "bytes")
	c.crcHeader(o.CRC)
	start, length, status := int64(0), o.Size, http.StatusOK
	if text := c.r.Header.Get("Range"); text != "" && c.r.Method == http.MethodGet {
		s, n, ok, bad := readRange(text, o.Size, c.r.Header.Get("x-oss-range-behavior") == "standard")
		if bad {
			return &apiError{status: 416, code: "InvalidRange", message: "The requested range cannot be satisfied", ec: "0017-00000901"}
		}
		if ok {
			start, length, status = s, n, http.StatusPartialContent
			h.Set("Content-Range", "bytes "+strconv.FormatInt(s, 10)+"-"+strconv.FormatInt(s+n-1, 10)+"/"+strconv.FormatInt(o.Size, 10))
		}
	}
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodGet {
		c.send(o, start, length)
	}
	return nil
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

// readRange understands one byte range. The service ignores a range it cannot
// satisfy and sends the whole object, unless x-oss-range-behavior is standard
// (public page "How to obtain OSS resources by segmenting HTTP range requests").
func readRange(text string, size int64, standard bool) (start, length int64, ok, bad bool) {
	spec, found := strings.CutPrefix(text, "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	if !found || !dash || strings.Contains(spec, ",") {
		return 0, 0, false, false
	}
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	switch {
	case from == "" && err2 == nil: // the last bytes
		if last > size && !standard || last == 0 || size == 0 {
			return 0, 0, false, standard
		}
		n := min(last, size)
		return size - n, n, true, false
	case err1 != nil || to != "" && err2 != nil || to != "" && last < first:
		return 0, 0, false, false
	case first >= size:
		return 0, 0, false, standard
	case to == "":
		return first, size - first, true, false
	case last >= size && !standard:
		return 0, 0, false, false
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
