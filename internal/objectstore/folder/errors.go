package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/bakplane/bakplane/internal/fault"
)

// gone covers a missing name and a file standing where a folder would be.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// fail words an error of the file system. The verb reads "The file … could not
// be …" in the log only.
func (b *Bucket) fail(verb, key string, err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	what := b.dir
	if key != "" {
		what = filepath.Join(b.dir, filepath.FromSlash(key))
	}
	cause := fmt.Errorf("%s %s: %w", verb, what, err)
	var f *fault.Error
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		f = fault.Newf(fault.Conflict, "The disk of the folder %s is full.", b.dir).
			WithFix("Free some space there, then retry: what was already written is kept.")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		f = fault.Newf(fault.Denied, "The account the dashboard runs as may not %s %s.", verb, what).
			WithFix("Give that account the right to do so, then retry.")
	case gone(err) && b.missing():
		f = fault.Newf(fault.NotFound, "The folder %s does not exist.", b.dir).
			WithFix("Check its path; if it is a network share, mount it. Then retry.")
	case gone(err):
		f = fault.Newf(fault.NotFound, "The file %s does not exist.", what).
			WithFix("It may have been moved or deleted: put it back, or choose another.")
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, fs.ErrExist):
		f = fault.Newf(fault.Conflict, "There is already a folder where the file %s would be.", what).
			WithFix("Choose another name.")
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ELOOP), escapes(err):
		f = fault.Newf(fault.Invalid, "%s is not a usable name in the folder.", what).
			WithFix("Choose a plain name inside the folder; links that lead out of it are not followed.")
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, syscall.EHOSTDOWN):
		f = fault.Newf(fault.Unavailable, "The disk of the folder %s does not answer.", b.dir).
			WithFix("Check the disk or the network share; the work goes on when it is back.")
	default:
		return cause
	}
	return f.Because(cause)
}

// missing reports whether the directory itself is gone.
func (b *Bucket) missing() bool {
	info, err := os.Stat(b.dir)
	return err != nil || !info.IsDir()
}

// escapes recognises os.Root's refusal, which has no exported value.
func escapes(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if err.Error() == "path escapes from parent" {
			return true
		}
	}
	return false
}
