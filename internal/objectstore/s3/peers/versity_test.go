// Package peers holds the S3 adapter against servers that others wrote: one in
// this process, one beside it. It is a module of its own, because a server
// drags three hundred packages along that the product must not know.
package peers

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"

	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
	"github.com/bakplane/bakplane/internal/objectstore/s3"
)

const (
	access = "AKIAEXAMPLE"
	secret = "a secret of the tests"
	region = "eu-central-1"
)

// versity starts the gateway over a folder.
func versity(tb testing.TB) string {
	tb.Helper()
	root := tb.TempDir()
	if err := os.Mkdir(filepath.Join(root, "backups"), 0o755); err != nil {
		tb.Fatal(err)
	}
	backend, err := posix.New(root, meta.XattrMeta{}, posix.PosixOpts{NewDirPerm: 0o755, Concurrency: 64, CopyObjectThreshold: 5 << 30})
	if err != nil {
		tb.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	single := auth.NewIAMServiceSingle(auth.Account{Access: access, Secret: secret, Role: auth.RoleAdmin})
	ready := make(chan struct{})
	server, err := s3api.New(backend, middlewares.RootUserConfig{Access: access, Secret: secret}, region, single, nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithConcurrencyLimiter(256, 256), s3api.WithOnListen(func() { close(ready) }))
	if err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeMultiPort([]string{address}) }()
	select {
	case <-ready:
	case err := <-ended:
		tb.Fatalf("the gateway ended: %v", err)
	case <-time.After(time.Minute):
		tb.Fatal("the gateway does not listen")
	}
	tb.Cleanup(func() {
		if err := server.ShutDown(); err != nil {
			tb.Logf("the gateway was ended: %v", err)
		}
	})
	return "http://" + address
}

func open(tb testing.TB, c s3.Config) *s3.Bucket {
	tb.Helper()
	if c.Region == "" {
		c.Region = region
	}
	c.Bucket, c.AccessKeyID, c.Secret = "backups", access, secret
	b, err := s3.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close() })
	return b
}

func TestTheContractAgainstVersity(t *testing.T) {
	url := versity(t)
	for _, sums := range []s3.Checksums{s3.NVME, s3.Castagnoli} {
		t.Run(string(sums), func(t *testing.T) {
			objectstoretest.Run(t, func(t *testing.T) objectstore.Bucket {
				return open(t, s3.Config{Endpoint: url, Checksums: sums})
			})
		})
	}
}
