package sqlserveremu

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
)

// enumerate lists a folder with everything below it, as
// sys.dm_os_enumerate_filesystem does; pattern knows * and ?.
func (n *session) enumerate(root, pattern string) (*query.Relation, error) {
	r := &query.Relation{Columns: columnsOf("full_filesystem_path nvarchar(512), parent_directory nvarchar(512), file_or_directory_name nvarchar(255), level int, is_directory bit, is_read_only bit, is_system bit, is_hidden bit, has_integrity_stream bit, is_temporary bit, is_sparse bit, creation_time datetime2(7), last_access_time datetime2(7), last_write_time datetime2(7), size_in_bytes bigint")}
	real, err := n.server.reach(filepath.Join(root, "x"))
	if err != nil {
		return nil, refusal(12310, 16, "Cannot enumerate '%s'. Operating system error %s.", root, err)
	}
	base := filepath.Dir(real)
	if pattern == "" {
		pattern = "*"
	}
	err = filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == base || len(r.Rows) >= maxListed {
			return nil
		}
		if ok, _ := filepath.Match(strings.ToLower(pattern), strings.ToLower(d.Name())); !ok {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		relative, _ := filepath.Rel(base, path)
		shown := filepath.Join(root, relative)
		at := info.ModTime().UTC().Add(n.server.config.UTCOffset)
		size := int64(0)
		if !d.IsDir() {
			size = info.Size()
		}
		r.Rows = append(r.Rows, []any{shown, filepath.Dir(shown), d.Name(), int64(strings.Count(relative, string(filepath.Separator))), d.IsDir(), false, false, false, false, false, false, at, at, at, size})
		return nil
	})
	return r, err
}

func (n *session) fileExists(path string) *query.Relation {
	r := &query.Relation{Columns: columnsOf("file_exists bit, file_is_a_directory bit, parent_directory_exists bit")}
	row := []any{false, false, false}
	if real, err := n.server.reach(path); err == nil {
		if info, err := os.Stat(real); err == nil {
			row[0], row[1] = !info.IsDir(), info.IsDir()
		}
		if info, err := os.Stat(filepath.Dir(real)); err == nil {
			row[2] = info.IsDir()
		}
	}
	r.Rows = [][]any{row}
	return r
}

// pace lets work of so many bytes last as long as the disk needs, and reports
// how far it is: to other sessions, and to done when it is given. It ends with
// the context, and when the disk is full.
func (n *session) pace(step func(done int64) error, size int64, stop <-chan struct{}) error {
	s := n.server
	begun := time.Now()
	var done int64
	for {
		s.mu.Lock()
		rate := s.config.Rate
		if s.disk.Rate > 0 {
			rate = s.disk.Rate
		}
		s.mu.Unlock()
		before := done
		if rate <= 0 {
			done = size
		} else {
			// Since the last look: the rate may have changed meanwhile.
			now := time.Now()
			done = min(size, done+int64(float64(rate)*now.Sub(begun).Seconds()))
			if done > before {
				begun = now
			}
		}
		select {
		case <-stop:
			return errAborted
		default:
		}
		if err := step(done); err != nil {
			return err
		}
		s.mu.Lock()
		if n.activity != nil && size > 0 {
			n.activity.percent = 100 * float64(done) / float64(size)
		}
		s.mu.Unlock()
		if done >= size {
			return nil
		}
		t := time.NewTimer(10 * time.Millisecond)
		select {
		case <-t.C:
		case <-stop:
		}
		t.Stop()
	}
}

// meter sends 3211 whenever another step of so many percent is done.
type meter struct {
	n    *session
	step int
	told int
}

func (m *meter) at(done, size int64) {
	if m.step <= 0 || size <= 0 {
		return
	}
	for next := m.told + m.step; next <= 100 && done*100 >= size*int64(next); next += m.step {
		m.told = next
		m.n.info(3211, "%d percent processed.", next)
	}
}
