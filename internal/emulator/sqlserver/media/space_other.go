//go:build !unix

package media

import "errors"

// ErrNoSpace is a full disk, which is not told apart here.
var ErrNoSpace = errors.New("no space left on device")
