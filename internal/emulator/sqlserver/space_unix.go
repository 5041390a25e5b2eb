//go:build unix

package sqlserveremu

import "syscall"

// errNoSpace is a full disk.
var errNoSpace error = syscall.ENOSPC
