// Package objectstoretest is what every objectstore.Bucket must do. An adapter
// proves itself by calling Run against whatever it is made for.
package objectstoretest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/bakplane/bakplane/internal/objectstore"
)

// Run calls open for an existing bucket in every test. Everything is written
// under a prefix of its own and removed afterwards.
func Run(t *testing.T, open func(t *testing.T) objectstore.Bucket) {
	for _, test := range []struct {
		name string
		f    func(t *testing.T, r *room)
	}{
		{"InfoNamesTheBucket", infoNames},
		{"KeysOfAnyKindAreKept", keysKept},
		{"PutReplaces", putReplaces},
		{"ReadGivesRanges", readRanges},
		{"ListIsInByteOrderAndInPages", listOrder},
		{"MissingObjects", missing},
		{"BadKeysAreRefused", badKeys},
		{"BodiesMustBeWhole", wholeBodies},
		{"CancelledCallsEnd", cancelled},
		{"MultipartJoinsParts", multipart},
		{"PartsAreReplaced", partReplaced},
		{"CompleteRefusesOtherParts", completeRefuses},
		{"AbortForgets", abort},
		{"UploadsAreListed", uploads},
		{"UploadSendsFilesOfAnySize", uploadSizes},
		{"ReaderAtLooksInside", looksInside},
		{"ManyAtOnce", concurrent},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &room{Bucket: open(t), prefix: fmt.Sprintf("bakplane-test/%016x/", rand.Uint64())}
			t.Cleanup(func() { r.clear(t) })
			test.f(t, r)
		})
	}
}
