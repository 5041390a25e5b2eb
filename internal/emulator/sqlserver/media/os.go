package media

import (
	"errors"
	"fmt"
	"os"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// OSError is what the operating system said, as SQL Server shows it.
type OSError int

func (e OSError) Error() string {
	text := map[OSError]string{
		2:   "The system cannot find the file specified.",
		3:   "The system cannot find the path specified.",
		5:   "Access is denied.",
		53:  "The network path was not found.",
		112: "There is not enough space on the disk.",
	}[e]
	return fmt.Sprintf("%d(%s)", int(e), text)
}

// Refused: the device cannot be opened.
func Refused(path string, os error) error {
	return tds.Refuse(3201, 16, "Cannot open backup device '%s'. Operating system error %s.", path, os)
}

// NotWritten: a write failed.
func NotWritten(path string, os error) error {
	return tds.Refuse(3202, 16, "Write on \"%s\" failed: %s", path, os)
}

// OSErrorOf turns an error of this machine into the server's.
func OSErrorOf(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return OSError(2)
	case errors.Is(err, ErrNoSpace):
		return OSError(112)
	case errors.Is(err, os.ErrPermission):
		return OSError(5)
	}
	var e OSError
	if errors.As(err, &e) {
		return e
	}
	return OSError(5)
}

// WriteError turns a failure of the file system into the server's words.
func WriteError(path string, err error) error {
	if errors.Is(err, ErrNoSpace) {
		return NotWritten(path, OSError(112))
	}
	return NotWritten(path, OSErrorOf(err))
}
