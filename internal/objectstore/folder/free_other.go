//go:build !linux

package folder

import "context"

// FreeSpace is not told by this system.
func (b *Bucket) FreeSpace(context.Context) (int64, error) { return -1, nil }
