package fences

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// texts hands every Go and templ file of some folders to see, tests and
// generated files left out.
func texts(t *testing.T, folders []string, see func(path string, source []byte)) {
	t.Helper()
	n := 0
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".templ") {
				return err
			}
			source, err := os.ReadFile(path)
			if err == nil {
				n++
				see(strings.TrimPrefix(filepath.ToSlash(path), "../../"), source)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < len(folders) {
		t.Fatalf("%d files in %d folders", n, len(folders))
	}
}

func TestTheFloorsBelowNameNoVendor(t *testing.T) {
	folders := append([]string{"internal/explain", "internal/sqlerror"}, ground...)
	texts(t, folders, func(path string, source []byte) {
		if strings.HasPrefix(path, "internal/objectstore/oss/") || strings.HasPrefix(path, "internal/objectstore/s3/") || strings.HasPrefix(path, "internal/objectstore/folder/") {
			return // adapters that live below their contract
		}
		for _, line := range Vendors(path, source) {
			t.Error(line)
		}
	})
}

// A kind is asked inside its own folder alone.
func TestNobodyAsksWhichKindItIs(t *testing.T) {
	own := []string{"internal/aliyun/", "internal/sqlserver/", "internal/objectstore/oss/", "internal/objectstore/s3/", "internal/objectstore/folder/", "internal/awsaccount/", "internal/emulator/"}
	texts(t, []string{"internal", "cmd", "web/templates"}, func(path string, source []byte) {
		for _, folder := range own {
			if strings.HasPrefix(path, folder) {
				return
			}
		}
		for _, line := range KindsAsked(path, source) {
			t.Error(line)
		}
	})
}

func TestVendorsAndKindsAreSeen(t *testing.T) {
	if got := Vendors("x.go", []byte("a\n// CreateMigrateTask takes one file\nOssObjectPositions\nmsdb.dbo.rds_restore_database\nOssify, words")); len(got) != 3 {
		t.Errorf("vendors: %q", got)
	}
	if got := KindsAsked("x.go", []byte("if i.Kind == endpoint.SelfManaged {\nif b.Kind != oss.BucketKind {\nWHERE i.kind = 'apsaradb'\nif f.Kind == backup.Full {\nif in.Kind != kind {")); len(got) != 3 {
		t.Errorf("kinds: %q", got)
	}
}
