package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Hash ties an entry to all entries before it.
type Hash [sha256.Size]byte

// String is lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads the hex form.
func ParseHash(s string) (h Hash, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return Hash{}, fmt.Errorf("%q is not a hash of an audit entry", s)
	}
	return Hash(b), nil
}

// Chain seals and checks entries. The hash is an HMAC, so that whoever can
// write the database but has not the key file cannot forge entries. Entries
// cut off at the end leave a shorter chain that is whole in itself; compare it
// with a Head kept elsewhere to notice that.
type Chain struct{ keys []era }

// era is from which entry on a key seals.
type era struct {
	from int64
	key  []byte
}

// NewChain takes a key of at least 16 bytes that is used for nothing else.
func NewChain(key []byte) Chain { return Chain{[]era{{1, key}}} }

// From has another key seal entries from number seq on, which must be greater
// than that of the key before. An entry names the hash of the one before it, so
// a later key guards what an earlier one sealed.
func (c Chain) From(seq int64, key []byte) Chain {
	return Chain{append(slices.Clone(c.keys), era{seq, key})}
}

func (c Chain) key(seq int64) []byte {
	for _, e := range slices.Backward(c.keys) {
		if seq >= e.from {
			return e.key
		}
	}
	return nil
}

// Head is the newest entry as it was known at a moment: noted outside the chain
// it tells later whether entries were cut off.
type Head struct {
	Seq  int64 // 0 = of an empty chain
	Hash Hash
}

// Seal makes e the entry after the one numbered seq-1 with hash prev.
func (c Chain) Seal(e Entry, seq int64, prev Hash) Entry {
	e.Seq, e.Prev = seq, prev
	e.Hash = c.sum(e)
	return e
}

// sum hashes every field with its length in front, so that no two different
// entries have the same input.
func (c Chain) sum(e Entry) Hash {
	mac := hmac.New(sha256.New, c.key(e.Seq))
	put := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		mac.Write(n[:])
		mac.Write(b)
	}
	var seq [8]byte
	binary.BigEndian.PutUint64(seq[:], uint64(e.Seq))
	put(seq[:])
	put(e.Prev[:])
	for _, s := range []string{e.At.UTC().Format(time.RFC3339Nano), e.Actor.Name, e.Actor.Via, e.Actor.Address, e.Action, e.Subject, e.Summary} {
		put([]byte(s))
	}
	put(e.Before)
	put(e.After)
	return Hash(mac.Sum(nil))
}

// Broken says where the chain stops being whole.
type Broken struct {
	Seq int64
	Why string
}

func (b *Broken) Error() string { return fmt.Sprintf("audit entry %d: %s", b.Seq, b.Why) }

// Walk checks entries handed to it in ascending order. The zero Walk begins at
// the first entry.
type Walk struct {
	Chain Chain
	Seq   int64 // last entry checked
	Head  Hash  // its hash
}

// Step checks the next entry; its error is a *Broken.
func (w *Walk) Step(e Entry) error {
	switch {
	case e.Seq != w.Seq+1:
		return &Broken{Seq: w.Seq + 1, Why: fmt.Sprintf("is missing; the next one found is %d", e.Seq)}
	case e.Prev != w.Head:
		return &Broken{Seq: e.Seq, Why: "does not follow the entry before it"}
	case !hmac.Equal(e.Hash[:], sumBytes(w.Chain.sum(e))):
		return &Broken{Seq: e.Seq, Why: "was changed after it was written"}
	}
	w.Seq, w.Head = e.Seq, e.Hash
	return nil
}

func sumBytes(h Hash) []byte { return h[:] }
