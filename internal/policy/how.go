package policy

import (
	"regexp"

	"github.com/bakplane/bakplane/internal/words"
)

// How says how a backup is taken.
type How struct {
	Compress bool // where the edition can
	CopyOnly bool // full backups that no differential builds on, logs that cut nothing
	Stripes  int  // files of one set, 1–64; 0 = 1
	Verify   bool // RESTORE VERIFYONLY after the backup

	// What the engine does in its memory; 0 = as it sees fit (BACKUP, Media Set
	// Options and Data Transfer Options).
	BlockSize int `json:",omitempty"` // bytes of a block: a power of two from 512 to 65,536
	Transfer  int `json:",omitempty"` // bytes of one transfer at most: a multiple of 65,536 up to 4,194,304
	Buffers   int `json:",omitempty"` // number of buffers, each as large as a transfer

	// What a service does whose backups go into a bucket.
	Key       string `json:",omitempty"` // of its cloud's key service, by its ARN: files are encrypted under it before they are written, and only the service reads them; empty = none
	AsBucket  bool   `json:",omitempty"` // files are encrypted as their bucket says by default
	Overwrite bool   `json:",omitempty"` // what lies under the same name is written over
}

// Fields of How, as forms and findings name them.
const (
	FieldBlockSize = "blocksize"
	FieldTransfer  = "transfer"
	FieldBuffers   = "buffers"
	FieldKey       = "key"
)

const (
	leastBlock, mostBlock = 512, 65536
	transferStep          = 65536
	mostTransfer          = 4 << 20
	mostBuffers           = 1024 // of 4 MiB each they take 4 GiB of the server's memory
)

// keyShape is the ARN of a symmetric key that is a customer's own; an alias is
// not taken, as what it means changes.
var keyShape = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)

// Wrong says what no server takes of it, by field.
func (h How) Wrong() (out []Finding) {
	bar := func(field string, text, fix words.Text) { out = append(out, Finding{field, true, text, fix}) }
	if h.BlockSize != 0 && (h.BlockSize < leastBlock || h.BlockSize > mostBlock || h.BlockSize&(h.BlockSize-1) != 0) {
		bar(FieldBlockSize, words.Say("%d is not a block size.", h.BlockSize), words.Say("Choose 512, 1024, 2048, 4096, 8192, 16384, 32768 or 65536 bytes, or leave it empty."))
	}
	if h.Transfer != 0 && (h.Transfer < transferStep || h.Transfer > mostTransfer || h.Transfer%transferStep != 0) {
		bar(FieldTransfer, words.Say("%d is not the size of a transfer.", h.Transfer), words.Say("Choose a multiple of 65536 bytes up to 4194304, or leave it empty."))
	}
	if h.Buffers < 0 || h.Buffers > mostBuffers {
		bar(FieldBuffers, words.Say("%d is not a number of buffers.", h.Buffers), words.Say("Choose 1 to %d, or leave it empty: each is as large as a transfer, and all of them are the server's memory.", mostBuffers))
	}
	if h.Key != "" && !keyShape.MatchString(h.Key) {
		bar(FieldKey, words.Say("%q is not the ARN of a key.", h.Key), words.Say("Write it as the console shows it, arn:aws:kms:region:account:key/id: a symmetric key of your own, no alias."))
	}
	return out
}

// keyless judges what of it cannot be had at a server that reaches no key
// service.
func (h How) keyless(server string) (out []Finding) {
	if h.Key != "" {
		out = append(out, Finding{FieldKey, true, words.Say("%s encrypts nothing under a key of a cloud.", server), words.Say("Leave the key out, or make a policy of its own for the instances of the cloud.")})
	}
	return out
}
