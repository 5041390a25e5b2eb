package oss_test

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
)

// file is a source in a folder that is opened for it alone.
type file struct {
	objectstore.Source
	folder *folder.Bucket
}

func openFile(path string) (*file, error) {
	b, err := folder.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	s, err := b.OpenSource(context.Background(), filepath.Base(path))
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &file{s, b}, nil
}

func (f *file) Close() error { return errors.Join(f.Source.Close(), f.folder.Close()) }
