package sourcescript

import (
	"strings"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

// oldestMajor is that of 2008 R2, the oldest version the script is for.
const oldestMajor = 10

// version is what a major version from oldestMajor on is called.
func version(major int) string {
	if major == oldestMajor {
		return "2008 R2"
	}
	return bakfile.Year(major)
}

// Versions are what ParseVersion takes, oldest first.
func Versions() (out []string) {
	for major := oldestMajor; major <= bakfile.NewestMajor; major++ {
		out = append(out, version(major))
	}
	return out
}

// ParseVersion reads the year of a SQL Server into its major version, and
// nothing into 0: not known.
func ParseVersion(text string) (major int, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	for i, v := range Versions() {
		if strings.EqualFold(v, text) {
			return oldestMajor + i, nil
		}
	}
	return 0, fault.Newf(fault.Invalid, "%q is not a version of SQL Server.", clip(text)).WithFix("Choose one of %s, or none when it is not known.", strings.Join(Versions(), ", "))
}
