package sqlserver

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Two views tell free space. The first lists the drives of the machine (2017
// and later); the second knows the volumes that hold database files. On Linux
// that may be the root alone, which then answers for folders mounted in it.
const (
	drives  = `SELECT fixed_drive_path AS mount, free_space_in_bytes AS free FROM sys.dm_os_enumerate_fixed_drives`
	volumes = `SELECT DISTINCT v.volume_mount_point AS mount, v.available_bytes AS free FROM sys.master_files AS f CROSS APPLY sys.dm_os_volume_stats(f.database_id, f.file_id) AS v`
)

// room remembers the free space for a moment: asking makes the server look at
// the volume of every database file.
type room struct {
	mu   sync.Mutex
	at   time.Time
	free int64
}

const roomLasts = 15 * time.Second

// freeAtFolder is the free space at the volume of the backup folder, at most 15
// seconds old; -1 where the server does not tell.
func (s *Server) freeAtFolder(ctx context.Context) (int64, error) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	if time.Since(s.room.at) < roomLasts {
		return s.room.free, nil
	}
	free, err := s.lookAtFolder(ctx)
	if err == nil {
		s.room.at, s.room.free = time.Now(), free
	}
	return free, err
}

func (s *Server) lookAtFolder(ctx context.Context) (int64, error) {
	folder := s.config.Folder
	if folder == "" {
		r, err := s.askOne(ctx, whoAnswers)
		if err != nil {
			return -1, err
		}
		folder = r.text("backup_path")
	}
	return s.freeAt(ctx, folder)
}

// freeAt takes the volume with the longest mount point that the path is under.
// A network path is under none.
func (s *Server) freeAt(ctx context.Context, path string) (int64, error) {
	_, free, err := s.volumeAt(ctx, path)
	return free, err
}

// volumeAt is freeAt with the mount point, empty where the server does not tell.
func (s *Server) volumeAt(ctx context.Context, path string) (volume string, free int64, err error) {
	if path == "" {
		return "", -1, nil
	}
	free, longest := int64(-1), 0
	for _, question := range []string{volumes, drives} {
		rows, err := s.askIf(ctx, question)
		if err != nil {
			return "", -1, err
		}
		for _, r := range rows {
			mount := slashed(r.text("mount"))
			if len(mount) > longest && strings.HasPrefix(slashed(path), mount) {
				volume, free, longest = r.text("mount"), r.integer("free"), len(mount)
			}
		}
	}
	return volume, free, nil
}

// slashed makes paths of both systems comparable: one slash at the end.
func slashed(path string) string {
	return strings.TrimRight(strings.ToLower(strings.ReplaceAll(path, `\`, "/")), "/") + "/"
}
