package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

// Keyring seals credentials with a key that lies in a file of its own: a copy
// of the database alone opens nothing.
type Keyring struct {
	master []byte
	id     string // first bytes of the key's hash, stored with each sealed text
	aead   cipher.AEAD
}

const keySize = 32

// OpenKeyring reads the key file, or makes one, readable by its owner only.
func OpenKeyring(path string) (*Keyring, error) {
	k, err := ReadKeyring(path)
	if fault.Is(err, fault.NotFound) {
		return makeKeyring(path)
	}
	return k, err
}

// ReadKeyring reads the key file and never makes one: NotFound when there is
// none, Invalid when it holds no key.
func ReadKeyring(path string) (*Keyring, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Newf(fault.NotFound, "The key file %s is missing.", path).
			WithFix("Bring it back from your backup. Without it nobody can open the stored credentials, nor tell whether the audit trail is whole.").Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	return ParseKeyring(b)
}

// ParseKeyring reads what a key file holds.
func ParseKeyring(b []byte) (*Keyring, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != keySize {
		return nil, fault.Newf(fault.Invalid, "The key file does not hold %d bytes in base64.", keySize).
			WithFix("Bring it back from your backup. Without it nobody can open the stored credentials.")
	}
	return newKeyring(key)
}

// ID names the key and tells nothing of it.
func (k *Keyring) ID() string { return k.id }

// makeKeyring writes a new key beside its final name and links it there, so
// that a half-written file is never taken for a key and two starters agree.
func makeKeyring(path string) (*Keyring, error) {
	key := make([]byte, keySize)
	rand.Read(key)
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return nil, fmt.Errorf("make key file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("write key file: %w", err)
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return OpenKeyring(path)
	} else if err != nil {
		// A file system without hard links: the rename may replace a key made
		// in the same instant, which a first start alone can meet.
		if err := os.Rename(tmp.Name(), path); err != nil {
			return nil, fmt.Errorf("place key file: %w", err)
		}
	}
	return newKeyring(key)
}

func newKeyring(master []byte) (*Keyring, error) {
	k := &Keyring{master: master}
	block, err := aes.NewCipher(k.Derive("seal"))
	if err != nil {
		return nil, err
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(k.Derive("id"))
	k.id = hex.EncodeToString(sum[:4])
	return k, nil
}

// Derive returns a 32-byte key for one purpose; different purposes have
// independent keys.
func (k *Keyring) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.master, nil, "bakplane/"+purpose, keySize)
	if err != nil {
		panic("secret: " + err.Error()) // only for impossible lengths
	}
	return key
}

// Seal encrypts a credential for one record. The record's id is bound in: a
// sealed text copied to another record does not open there.
func (k *Keyring) Seal(t Text, record string) string {
	if t.Empty() {
		return ""
	}
	nonce := make([]byte, k.aead.NonceSize())
	rand.Read(nonce)
	sealed := k.aead.Seal(nonce, nonce, []byte(t.value), []byte(record))
	return "v1:" + k.id + ":" + base64.StdEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made for the same record.
func (k *Keyring) Open(sealed, record string) (Text, error) {
	if sealed == "" {
		return Text{}, nil
	}
	parts := strings.SplitN(sealed, ":", 3)
	if len(parts) != 3 || parts[0] != "v1" {
		return Text{}, fmt.Errorf("open credential of %s: not a sealed text", record)
	}
	if parts[1] != k.id {
		return Text{}, fmt.Errorf("open credential of %s: it was sealed with key %s, the key file holds %s", record, parts[1], k.id)
	}
	b, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(b) < k.aead.NonceSize() {
		return Text{}, fmt.Errorf("open credential of %s: not a sealed text", record)
	}
	plain, err := k.aead.Open(nil, b[:k.aead.NonceSize()], b[k.aead.NonceSize():], []byte(record))
	if err != nil {
		return Text{}, fmt.Errorf("open credential of %s: it was changed or belongs to another record", record)
	}
	return Text{string(plain)}, nil
}
