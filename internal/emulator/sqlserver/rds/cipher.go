package rds

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"io"
)

// stream is the key stream of a KMS key's ARN: the same bytes come out for
// nobody who does not know it.
func stream(kms string) cipher.Stream {
	key := sha256.Sum256([]byte(kms))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	return cipher.NewCTR(block, make([]byte, aes.BlockSize))
}

// enciphered is a file as it is sent; it can be read again from its start.
func enciphered(f io.ReadSeeker, kms string) io.ReadSeeker {
	if kms == "" {
		return f
	}
	return &sealed{f: f, kms: kms, s: stream(kms)}
}

type sealed struct {
	f   io.ReadSeeker
	kms string
	s   cipher.Stream
}

func (s *sealed) Read(b []byte) (int, error) {
	n, err := s.f.Read(b)
	s.s.XORKeyStream(b[:n], b[:n])
	return n, err
}

// Seek goes anywhere by making the key stream anew up to there.
func (s *sealed) Seek(offset int64, whence int) (int64, error) {
	at, err := s.f.Seek(offset, whence)
	if err != nil {
		return at, err
	}
	s.s = stream(s.kms)
	skip := make([]byte, 64<<10)
	for left := at; left > 0; {
		n := min(left, int64(len(skip)))
		s.s.XORKeyStream(skip[:n], skip[:n])
		left -= n
	}
	return at, nil
}

func deciphered(r io.Reader, kms string) io.Reader {
	if kms == "" {
		return r
	}
	return cipher.StreamReader{S: stream(kms), R: r}
}
