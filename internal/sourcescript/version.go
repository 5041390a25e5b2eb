package sourcescript

import (
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

// versions are the products a target may be, oldest first; the first has major
// version 10.
var versions = [...]string{"2008 R2", "2012", "2014", "2016", "2017", "2019", "2022", "2025"}

// Versions are what ParseVersion takes, oldest first.
func Versions() []string { return versions[:] }

// ParseVersion reads the year of a SQL Server into its major version, and
// nothing into 0: not known.
func ParseVersion(text string) (major int, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	for i, v := range versions {
		if strings.EqualFold(v, text) {
			return 10 + i, nil
		}
	}
	return 0, fault.Newf(fault.Invalid, "%q is not a version of SQL Server.", clip(text)).WithFix("Choose one of %s, or none when it is not known.", strings.Join(versions[:], ", "))
}
