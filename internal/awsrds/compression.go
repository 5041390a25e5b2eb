package awsrds

import (
	"context"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
)

var _ backup.CompressionSwitch = (*Server)(nil)

// compressionSetting compresses the backups that go to S3 (guide, "Compressing
// backup files"; Enterprise and Standard alone).
const compressionSetting = "S3 backup compression"

// Compression implements backup.CompressionSwitch.
func (s *Server) Compression(ctx context.Context) (bool, error) {
	value, err := s.setting(ctx, compressionSetting)
	return strings.EqualFold(value, "true") || value == "1", err
}

func compressionCall(on bool) call {
	value := "false"
	if on {
		value = "true"
	}
	return call{"rdsadmin.dbo.rds_set_configuration", []argument{{"@name", compressionSetting}, {"@value", value}}}
}

// SetCompression implements backup.CompressionSwitch.
func (s *Server) SetCompression(ctx context.Context, on bool) error {
	return carry(ctx, s.SQL, compressionCall(on))
}

// CompressionStatement implements backup.CompressionSwitch.
func (s *Server) CompressionStatement(on bool) string { return compressionCall(on).String() }
