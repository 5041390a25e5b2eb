// Package bakfiletest finds the real backup files that tests read. They were
// made by SQL Servers of all ages and are not part of the repository.
package bakfiletest

import (
	"os"
	"path/filepath"
	"testing"
)

// Variable names the folder with the samples when they lie elsewhere than
// beside the repository.
const Variable = "BAKPLANE_SAMPLES"

// Samples returns the folder with the sample backup files: the environment's
// BAKPLANE_SAMPLES, or ../shared/testdata/bak beside the repository. Without
// one it skips the test; a folder that was named and does not exist fails it.
func Samples(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv(Variable); dir != "" {
		if _, err := os.Stat(dir); err != nil {
			t.Fatalf("%s: %v", Variable, err)
		}
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skip("no go.mod above the test, so no place to look for sample backup files")
		}
		dir = parent
	}
	samples := filepath.Join(filepath.Dir(dir), "shared", "testdata", "bak")
	if _, err := os.Stat(samples); err != nil {
		t.Skipf("no sample backup files: set %s to their folder", Variable)
	}
	return samples
}

// Sample is the path of one sample file.
func Sample(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(Samples(t), name)
}
