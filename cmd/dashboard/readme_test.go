package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"
)

// TestReadmeNamesEverySetting keeps the table of the README in step with Config.
func TestReadmeNamesEverySetting(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	c := reflect.TypeFor[Config]()
	for i := range c.NumField() {
		f := c.Field(i)
		if !f.IsExported() {
			continue // nothing that is set from outside
		}
		row := fmt.Sprintf("| `--%s` | `%s` | ", flagName(f.Name), f.Tag.Get("env"))
		if d := f.Tag.Get("default"); d != "" {
			row += "`" + d + "` |"
		}
		if !strings.Contains(string(page), row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
}

// flagName is how a field is called on the command line.
func flagName(field string) string {
	var name strings.Builder
	letters := []rune(strings.Replace(field, "TLS", "Tls", 1))
	for i, r := range letters {
		if i > 0 && unicode.IsUpper(r) {
			name.WriteByte('-')
		}
		name.WriteRune(unicode.ToLower(r))
	}
	return name.String()
}
