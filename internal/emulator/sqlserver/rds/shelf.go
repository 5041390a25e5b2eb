package rds

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
)

// Shelf is a Store in memory, for tests of what stands on the procedures alone.
type Shelf struct {
	Regions map[string]string // of buckets; others do not exist

	mu      sync.Mutex
	objects map[string]stored // by bucket/key
}

type stored struct {
	data []byte
	kms  string
	tags map[string]string
}

// Region implements Store.
func (s *Shelf) Region(_ context.Context, bucket string) (string, error) {
	if r := s.Regions[bucket]; r != "" {
		return r, nil
	}
	return "", ErrNoBucket
}

// List implements Store.
func (s *Shelf) List(_ context.Context, bucket, prefix string, most int) (out []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.objects {
		if key, ok := strings.CutPrefix(name, bucket+"/"); ok && strings.HasPrefix(key, prefix) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), most)], nil
}

// Get implements Store.
func (s *Shelf) Get(_ context.Context, bucket, key string) (io.ReadCloser, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[bucket+"/"+key]
	if !ok {
		return nil, "", ErrDenied // S3 does not say so where the caller may not list
	}
	return io.NopCloser(bytes.NewReader(o.data)), o.kms, nil
}

// Put implements Store.
func (s *Shelf) Put(_ context.Context, bucket, key string, body io.ReadSeeker, _ int64, kms string) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		s.objects = map[string]stored{}
	}
	s.objects[bucket+"/"+key] = stored{data: data, kms: kms}
	return nil
}

// Exists implements Store.
func (s *Shelf) Exists(_ context.Context, bucket, key string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.objects[bucket+"/"+key]
	return ok, nil
}

// Tag implements Store.
func (s *Shelf) Tag(_ context.Context, bucket, key, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[bucket+"/"+key]
	if !ok {
		return "", ErrDenied
	}
	return o.tags[name], nil
}

// SetTag gives an object metadata.
func (s *Shelf) SetTag(bucket, key, name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.objects[bucket+"/"+key]
	o.tags = map[string]string{name: value}
	s.objects[bucket+"/"+key] = o
}
