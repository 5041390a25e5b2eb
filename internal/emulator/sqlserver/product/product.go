// Package product is what versions and editions of SQL Server are called and
// can do.
package product

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a product version.
type Version [4]int

// Database is the internal version of the databases it makes.
func (v Version) Database() int { return databaseVersions[v[0]] }

// Text is @@VERSION.
func (v Version) Text(e Edition) string {
	return fmt.Sprintf("Microsoft SQL Server %s (RTM) - %d.%d.%d.%d (X64) \n\tEmulated \n\t%s on Linux (Emulator) <X64>",
		productNames[v[0]], v[0], v[1], v[2], v[3], e.Name)
}

// ParseVersion reads a product version such as 16.0.4165.4.
func ParseVersion(text string) (v Version, err error) {
	parts := strings.Split(text, ".")
	if len(parts) < 3 || len(parts) > 4 {
		return v, fmt.Errorf("version %q is not like 16.0.4165.4", text)
	}
	for i, p := range parts {
		if v[i], err = strconv.Atoi(p); err != nil {
			return v, fmt.Errorf("version %q: %w", text, err)
		}
	}
	if databaseVersions[v[0]] == 0 {
		return v, fmt.Errorf("version %q is of no SQL Server from 2012 to 2025", text)
	}
	return v, nil
}

// databaseVersions are the internal versions of databases by major version.
var databaseVersions = map[int]int{11: 706, 12: 782, 13: 852, 14: 869, 15: 904, 16: 957, 17: 998}

var productNames = map[int]string{11: "2012", 12: "2014", 13: "2016", 14: "2017", 15: "2019", 16: "2022", 17: "2025"}

// Edition is what an edition is called and may do.
type Edition struct {
	Name        string
	Engine      int   // SERVERPROPERTY('EngineEdition')
	Compression bool  // of backups
	Limit       int64 // bytes of a database; zero = none
}

// EditionOf knows the editions after the public page "Editions and supported features of SQL
// Server"; Web can compress since 2016 SP1.
func EditionOf(word string, major int) (Edition, bool) {
	limit := int64(10 << 30)
	if major >= 17 {
		limit = 50 << 30
	}
	e, ok := map[string]Edition{
		"enterprise": {"Enterprise Edition (64-bit)", 3, true, 0},
		"developer":  {"Developer Edition (64-bit)", 3, true, 0},
		"standard":   {"Standard Edition (64-bit)", 2, true, 0},
		"web":        {"Web Edition (64-bit)", 2, true, 0},
		"express":    {"Express Edition (64-bit)", 4, false, limit},
	}[word]
	return e, ok
}
