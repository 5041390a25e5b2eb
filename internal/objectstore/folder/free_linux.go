package folder

import (
	"context"
	"syscall"
)

// FreeSpace is how many bytes can still be written by this process.
func (b *Bucket) FreeSpace(context.Context) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(b.dir, &s); err != nil {
		return -1, b.fail("look at", "", err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}
