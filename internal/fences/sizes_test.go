package fences

import (
	"bytes"
	"path"
	"testing"
)

const (
	mostFile    = 400  // lines of a file by hand, tests apart
	mostPackage = 6000 // of a package
)

// A file that grows has met its second noun, and so has a package.
func TestFilesAndPackagesStaySmall(t *testing.T) {
	packages := map[string]int{}
	texts(t, []string{"internal", "cmd", "web/templates"}, func(name string, source []byte) {
		n := bytes.Count(source, []byte("\n"))
		packages[path.Dir(name)] += n
		if n > mostFile {
			t.Errorf("%s has %d lines, %d are the most: look for its second noun", name, n, mostFile)
		}
	})
	for name, n := range packages {
		if n > mostPackage {
			t.Errorf("package %s has %d lines, %d are the most: look for its second noun", name, n, mostPackage)
		}
	}
}
