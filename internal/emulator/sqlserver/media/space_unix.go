//go:build unix

package media

import "syscall"

// ErrNoSpace is a full disk.
var ErrNoSpace error = syscall.ENOSPC
