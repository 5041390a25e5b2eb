package s3

import (
	"crypto/md5"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A client that is not ours, MinIO's, signs chunk by chunk and reads back.
func TestMinIOsClientIsServed(t *testing.T) {
	mc, err := exec.LookPath("mc")
	if err != nil {
		if mc = os.Getenv("BAKPLANE_MC"); mc == "" {
			t.Skip("mc is not installed: go install github.com/minio/mc@latest")
		}
	}
	run, dir := start(t), t.TempDir()
	do := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), mc, append([]string{"--config-dir", filepath.Join(dir, "mc"), "--quiet"}, args...)...)
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
	data := make([]byte, 40<<20+7)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	if err := os.WriteFile(filepath.Join(dir, "file"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"alias", "set", "peer", run.URL, user.KeyID, user.Secret, "--api", "S3v4", "--path", "on"},
		{"cp", filepath.Join(dir, "file"), "peer/examplebucket/dir/file"}, {"cp", "peer/examplebucket/dir/file", filepath.Join(dir, "back")},
	} {
		if said, err := do(args...); err != nil {
			t.Fatalf("mc %q: %v: %s", args, err, said)
		}
	}
	back, err := os.ReadFile(filepath.Join(dir, "back"))
	if err != nil || md5.Sum(back) != md5.Sum(data) {
		t.Errorf("%d bytes came back, %v", len(back), err)
	}
	_, _ = do("alias", "set", "wrong", run.URL, user.KeyID, "another secret", "--api", "S3v4", "--path", "on")
	if said, err := do("cp", filepath.Join(dir, "file"), fmt.Sprintf("wrong/examplebucket/%d", 1)); err == nil {
		t.Errorf("a wrong secret was taken: %s", said)
	}
}
