//go:build !unix

package sqlserveremu

import "errors"

// errNoSpace is a full disk, which is not told apart here.
var errNoSpace = errors.New("no space left on device")
