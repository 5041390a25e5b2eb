package objectstore

import (
	"fmt"
	"io/fs"
	"syscall"
)

// place names the inode and when it last changed.
func place(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%x.%x.%x.%x", st.Dev, st.Ino, st.Ctim.Sec, st.Ctim.Nsec)
}
