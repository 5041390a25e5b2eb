package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/bakplane/bakplane/internal/emulator/control"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	emulator "github.com/bakplane/bakplane/internal/emulator/s3"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
)

// yard has a bucket of every kind.
type yard struct {
	s3  *emulator.Running
	oss *ossemu.Running

	buckets map[string]objectstore.Bucket
}

func newYard(t *testing.T) *yard {
	t.Helper()
	y := &yard{s3: service(t)}
	var err error
	account := ossemu.Account{KeyID: "LTAIus", Secret: secret, Owner: "1"}
	if y.oss, err = ossemu.Start(ossemu.Config{Dir: t.TempDir(), Accounts: []ossemu.Account{account}, Buckets: []ossemu.Bucket{{Name: "backups"}}}, "", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.oss.Close() })
	alibaba, err := oss.Open(oss.Config{Endpoint: y.oss.URL, Region: "cn-hangzhou", Bucket: "backups", AccessKeyID: account.KeyID, Secret: secret, Patience: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { alibaba.Close() })
	files, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	y.buckets = map[string]objectstore.Bucket{"S3": open(t, config(y.s3)), "OSS": alibaba, "folder": files}
	return y
}

func put(t *testing.T, b objectstore.Bucket, key string, data []byte) {
	t.Helper()
	_, err := objectstore.Upload{Bucket: b, Key: key, Source: &objectstoretest.Bytes{Data: data}, Ledger: new(objectstoretest.Memory), PartSize: 5 << 20}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
}

// carry copies a file as the product does.
func carry(ctx context.Context, from, to objectstore.Bucket, l objectstore.Ledger, progress func(done, total int64)) (objectstore.Object, error) {
	source, err := objectstore.OpenSource(ctx, from, "full.bak")
	if err != nil {
		return objectstore.Object{}, err
	}
	defer source.Close()
	u := objectstore.Upload{Bucket: to, Key: "copy/full.bak", Source: source, Ledger: l, PartSize: 5 << 20, Parallel: 2, Patience: 5 * time.Second, Progress: progress}
	if progress != nil { // slow enough to be broken off
		u.Limit = rate.NewLimiter(60<<20, 1<<20)
	}
	return u.Run(ctx)
}

func same(t *testing.T, b objectstore.Bucket, o objectstore.Object, data []byte) {
	t.Helper()
	if o.CRC64 == nil || *o.CRC64 != objectstore.ChecksumOf(b).Update(0, data) {
		t.Errorf("copied %+v", o)
	}
	body, err := b.Read(t.Context(), "copy/full.bak", 0, int64(len(data))+1)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the copy is not the file, %v", err)
	}
}

var ways = [][2]string{{"S3", "OSS"}, {"OSS", "S3"}, {"folder", "S3"}, {"S3", "folder"}, {"S3", "S3"}}

// Bytes go through the dashboard in both directions; what breaks off goes on
// where it stood, and both ends have the same sum.
func TestFilesGoFromBucketToBucket(t *testing.T) {
	for _, way := range ways {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			y := newYard(t)
			from, to := y.buckets[way[0]], y.buckets[way[1]]
			for i, size := range []int{0, 1000, 5 << 20, 33<<20 + 7} {
				data := objectstoretest.Noise(i, size)
				put(t, from, "full.bak", data)
				// Readers and writers fail now and then on the way.
				for _, run := range []*control.Port{y.s3.ControlPort(), y.oss.ControlPort()} {
					for _, r := range []control.Rule{{Operation: "UploadPart", Skip: 1, Status: 503, Code: "ServiceUnavailable"}, {Operation: "GetObject", Skip: 2, CutAnswer: ptr(int64(1 << 20))}} {
						if _, err := run.Add(r); err != nil {
							t.Fatal(err)
						}
					}
				}
				ledger := new(objectstoretest.Memory)
				ctx, cancel := context.WithCancel(t.Context())
				_, err := carry(ctx, from, to, ledger, func(done, total int64) {
					if total > 20<<20 && done > total/2 {
						cancel() // in the middle
					}
				})
				cancel()
				if size > 20<<20 && !errors.Is(err, context.Canceled) {
					t.Fatalf("the copy was not broken off: %v", err)
				}
				o, err := carry(t.Context(), from, to, ledger, nil)
				if err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				y.s3.ControlPort().Reset()
				y.oss.ControlPort().Reset()
				same(t, to, o, data)
				if err := errors.Join(to.Delete(t.Context(), "copy/full.bak"), from.Delete(t.Context(), "full.bak")); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

// A file that is not what its own bucket says is not copied, whichever checksum
// the two ends speak, and nothing that could be taken for it stays.
func TestAFileThatIsNotWhatItsBucketSaysIsNotCopied(t *testing.T) {
	for _, way := range [][2]string{{"S3", "OSS"}, {"OSS", "S3"}, {"S3", "S3"}, {"S3", "folder"}} {
		for _, size := range []int{1000, 17 << 20} {
			t.Run(fmt.Sprintf("%s to %s, %d bytes", way[0], way[1], size), func(t *testing.T) {
				y := newYard(t)
				from, to := y.buckets[way[0]], y.buckets[way[1]]
				// The first byte is stored flipped, under the sum of what was sent.
				damage := control.Rule{Operation: "UploadPart", Effects: map[string]string{"corrupt_data": ""}}
				if size < 8<<20 {
					damage.Operation = "PutObject"
				}
				if way[0] == "OSS" { // which sums what it stores: the sum it tells is another
					damage = control.Rule{Operation: "HeadObject", Skip: 1, Times: -1, Effects: map[string]string{"corrupt_crc": ""}}
				}
				run := y.s3.ControlPort()
				if way[0] == "OSS" {
					run = y.oss.ControlPort()
				}
				if _, err := run.Add(damage); err != nil {
					t.Fatal(err)
				}
				put(t, from, "full.bak", objectstoretest.Noise(1, size))
				ledger := new(objectstoretest.Memory)
				_, err := carry(t.Context(), from, to, ledger, nil)
				if message, _ := fault.Words(err); !fault.Is(err, fault.Conflict) || !strings.Contains(message, "is not what its bucket says it holds") {
					t.Fatalf("copied: %v", err)
				}
				if _, err := to.Stat(t.Context(), "copy/full.bak"); !fault.Is(err, fault.NotFound) {
					t.Errorf("something is there: %v", err)
				}
				if left, err := to.Uploads(t.Context(), "", 10); err != nil || len(left) > 0 {
					t.Errorf("parts stay: %v, %v", left, err)
				}
				if state, _ := ledger.Load(t.Context()); state.ID != "" {
					t.Errorf("the upload is still noted: %+v", state)
				}
			})
		}
	}
}

// A source that becomes another one in the middle is refused.
func TestAFileThatIsReplacedWhileItIsCopiedIsRefused(t *testing.T) {
	y := newYard(t)
	from, to := y.buckets["S3"], y.buckets["OSS"]
	put(t, from, "full.bak", objectstoretest.Noise(1, 33<<20))
	ledger := new(objectstoretest.Memory)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := carry(ctx, from, to, ledger, func(done, total int64) {
		if done > total/2 {
			cancel()
		}
	})
	cancel()
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	put(t, from, "full.bak", objectstoretest.Noise(2, 33<<20))
	if _, err := carry(t.Context(), from, to, ledger, nil); !errors.Is(err, objectstore.ErrSourceChanged) {
		t.Errorf("copied: %v", err)
	}
}
