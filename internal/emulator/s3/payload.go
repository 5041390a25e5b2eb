package s3

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/shelf"
)

// maxBody is the largest body of PutObject and UploadPart (S3 user guide,
// "Amazon S3 multipart upload limits").
const maxBody = 5 << 30

const (
	trailing = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	sealed   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// body is a stored request body.
type body struct {
	shelf.Piece
	etag     string
	checksum string // name of the checksum it came with, or CRC64NVME
	sum      []byte
}

// expected says which checksum a request announces, and with which value when
// that is known beforehand.
func expected(h http.Header) (name, value string, fail *apiError) {
	for _, n := range []string{crc32IEEE, crc32C, crc64NVME, sha256Sum, "SHA1"} {
		v := h.Get(header(n))
		if v == "" && strings.EqualFold(h.Get("x-amz-trailer"), header(n)) {
			v = trailing
		}
		if v == "" {
			continue
		}
		if name != "" {
			return "", "", refusal(400, "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		name, value = n, v
	}
	if name == "SHA1" {
		return "", "", notImplemented()
	}
	return name, value, nil
}

// receive streams the request's body into a new file. On failure nothing stays.
func (c *call) receive(kms bool) (_ body, fail *apiError) {
	size, fail := c.announced()
	if fail != nil {
		return body{}, fail
	}
	name, value, fail := expected(c.r.Header)
	if fail != nil {
		return body{}, fail
	}
	in := io.Reader(c.r.Body)
	var chunks *chunked
	payload := c.r.Header.Get("X-Amz-Content-Sha256")
	switch {
	case payload == trailing:
		if _, no := control.Effect(c.r.Context(), "no_trailers"); no {
			return body{}, refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented.", field{"Header", "x-amz-trailer"})
		}
		chunks = &chunked{r: bufio.NewReaderSize(c.r.Body, 64<<10)}
		in = chunks
	case payload == sealed:
		chunks = &chunked{r: bufio.NewReaderSize(c.r.Body, 128<<10), seal: c.seal, hash: sha256.New()}
		in = chunks
	case strings.HasPrefix(payload, "STREAMING-"):
		return body{}, notImplemented()
	}
	out := body{checksum: or(name, crc64NVME)}
	sums := sums{md5: md5.New(), own: hashOf(out.checksum)}
	if payload != "UNSIGNED-PAYLOAD" && chunks == nil {
		sums.sha = sha256.New()
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
	_, flip := control.Effect(c.r.Context(), "corrupt_data")
	if out.Size, fail = copyBody(f, in, &sums, flip); fail != nil {
		return body{}, fail
	}
	if out.Size != size {
		return body{}, refusal(400, "IncompleteBody", "The request body terminated unexpectedly")
	}
	out.sum = sums.own.Sum(nil)
	if value == trailing {
		if chunks == nil {
			return body{}, refusal(400, "InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
		}
		value = chunks.trailers[header(name)]
	}
	if fail := c.proven(sums, payload, name, value); fail != nil {
		return body{}, fail
	}
	out.Name = f.Name()[strings.LastIndexByte(f.Name(), os.PathSeparator)+1:]
	out.etag = hex.EncodeToString(sums.md5.Sum(nil))
	if kms { // the MD5 of nobody knows what
		id := make([]byte, 16)
		_, _ = rand.Read(id)
		out.etag = hex.EncodeToString(id)
	}
	return out, nil
}

// announced is the length of the body proper.
func (c *call) announced() (int64, *apiError) {
	size := c.r.ContentLength
	if text := c.r.Header.Get("x-amz-decoded-content-length"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, invalidArgument("The decoded content length is not valid.", "x-amz-decoded-content-length", text)
		}
		size = n
	} else if strings.HasPrefix(c.r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return 0, refusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	switch {
	case size < 0:
		return 0, refusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	case size > maxBody:
		return 0, refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", field{"ProposedSize", strconv.FormatInt(size, 10)}, field{"MaxSizeAllowed", strconv.Itoa(maxBody)})
	}
	return size, nil
}

type sums struct{ md5, own, sha hash.Hash }

// copyBody stores the body and sums it, before a rule flips its first byte.
func copyBody(f *os.File, in io.Reader, s *sums, flip bool) (size int64, fail *apiError) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := in.Read(*buf)
		if n > 0 {
			data := (*buf)[:n]
			s.md5.Write(data)
			s.own.Write(data)
			if s.sha != nil {
				s.sha.Write(data)
			}
			if flip {
				data[0], flip = ^data[0], false
			}
			size += int64(n)
			if _, err := f.Write(data); err != nil {
				return 0, internal(err)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return size, nil
		case errors.Is(err, errSeal):
			return 0, refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
		case errors.Is(err, errChunk):
			return 0, refusal(400, "InvalidRequest", "The chunked body is malformed.")
		case err != nil:
			return 0, refusal(400, "IncompleteBody", "The request body terminated unexpectedly")
		case size > maxBody:
			return 0, refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
		}
	}
}

// proven compares what the request says of its body with the body.
func (c *call) proven(s sums, payload, name, value string) *apiError {
	if s.sha != nil && hex.EncodeToString(s.sha.Sum(nil)) != payload {
		return refusal(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.",
			field{"ClientComputedContentSHA256", payload}, field{"S3ComputedContentSHA256", hex.EncodeToString(s.sha.Sum(nil))})
	}
	if name != "" {
		want, err := base64.StdEncoding.DecodeString(value)
		if err != nil || len(want) != s.own.Size() {
			return refusal(400, "InvalidRequest", "Value for "+header(name)+" header is invalid.")
		}
		if !bytes.Equal(want, s.own.Sum(nil)) {
			return refusal(400, "BadDigest", "The "+name+" you specified did not match the calculated checksum.")
		}
	}
	if text := c.r.Header.Get("Content-MD5"); text != "" && text != base64.StdEncoding.EncodeToString(s.md5.Sum(nil)) {
		return refusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	return nil
}

var (
	errChunk = errors.New("malformed chunk")
	errSeal  = errors.New("chunk with another signature")
)

// chunked reads aws-chunked: sizes in hex, then a trailer; or, with a seal,
// sizes with signatures and no trailer.
type chunked struct {
	r        *bufio.Reader
	seal     *seal // nil = chunks are not signed
	hash     hash.Hash
	claimed  string // signature of the chunk that is being read
	left     int64
	begun    bool
	done     bool
	trailers map[string]string
}

func (c *chunked) Read(p []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
		if c.done {
			return 0, io.EOF
		}
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.seal != nil {
		c.hash.Write(p[:n])
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// genuine holds a chunk that was read to its signature.
func (c *chunked) genuine() error {
	if c.seal == nil {
		return nil
	}
	hash := c.hash.Sum(nil)
	c.hash.Reset()
	if c.seal.of(hash) != c.claimed {
		return errSeal
	}
	return nil
}

func (c *chunked) line() (string, error) {
	text, err := c.r.ReadString('\n')
	if err != nil {
		return "", io.ErrUnexpectedEOF
	}
	text, ok := strings.CutSuffix(text, "\r\n")
	if !ok || len(text) > 1<<10 {
		return "", errChunk
	}
	return text, nil
}

// next reads the line before a chunk; behind the last one the trailer.
func (c *chunked) next() error {
	if c.begun {
		if end, err := c.line(); err != nil || end != "" {
			return errors.Join(err, errChunk)
		}
		if err := c.genuine(); err != nil {
			return err
		}
	}
	c.begun = true
	text, err := c.line()
	if err != nil {
		return err
	}
	if c.seal != nil {
		var ok bool
		if text, c.claimed, ok = strings.Cut(text, ";chunk-signature="); !ok {
			return errChunk
		}
	}
	if c.left, err = strconv.ParseInt(text, 16, 64); err != nil || c.left < 0 {
		return errChunk
	}
	if c.left > 0 {
		return nil
	}
	if err := c.genuine(); err != nil {
		return err
	}
	c.done, c.trailers = true, map[string]string{}
	for {
		text, err := c.line()
		if err != nil {
			return err
		}
		if text == "" {
			return nil
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return errChunk
		}
		c.trailers[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
}
