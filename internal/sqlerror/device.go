package sqlerror

import (
	"regexp"
	"strconv"

	"github.com/bakplane/bakplane/internal/fault"
)

// OfError is OfNumber, and where the error quotes the operating system, what
// that said; name is the path it speaks of, empty where it names none. Paths
// are the server's, and its service account needs the rights, not the login.
func OfError(number int, text string) (is Meaning, name string) {
	is, _ = OfNumber(number)
	switch number {
	case 3201, 5133, 5105, 5120, 5123, 5149:
		name, system := path(text, false), osNumber(text, false)
		if better, ok := ofSystem(system); ok {
			is = better
		}
		return is, name
	case 3202, 3203, 3271:
		if full(osNumber(text, false)) {
			is.Code = "volume-full"
		}
		return is, path(text, false)
	case 3634, 823:
		// The system's error comes first here, the path last.
		if better, ok := ofSystem(osNumber(text, true)); ok {
			is = better
		}
		return is, path(text, true)
	}
	return is, ""
}

// ofSystem is what an error of Windows, or of Linux as SQL Server translates
// it, means for a file.
func ofSystem(number int) (Meaning, bool) {
	switch number {
	case 2:
		return Meaning{fault.NotFound, "file-missing"}, true
	case 3:
		return Meaning{fault.NotFound, "folder"}, true
	case 5:
		return Meaning{fault.Denied, "service-account"}, true
	case 32:
		return Meaning{fault.Unavailable, "file-held"}, true
	case 53, 67, 64, 51:
		return Meaning{fault.NotFound, "share"}, true
	case 1326, 1327, 86:
		return Meaning{fault.Denied, "share-login"}, true
	}
	if full(number) {
		return Meaning{fault.Conflict, "volume-full"}, true
	}
	return Meaning{}, false
}

func full(number int) bool { return number == 112 || number == 39 || number == 28 }

var osError = regexp.MustCompile(`(\d+)\(`)

// osNumber finds the operating system's error in a text such as "Operating
// system error 5(Access is denied.)", in whatever language; 0 = none. Paths
// with such a number stand before it, or behind where it comes first.
func osNumber(text string, first bool) int {
	all := osError.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return 0
	}
	hit := all[len(all)-1]
	if first {
		hit = all[0]
	}
	n, _ := strconv.Atoi(hit[1])
	return n
}

var quoted = regexp.MustCompile(`['"«„“]([^'"]+)['"»”]`)

func path(text string, last bool) string {
	all := quoted.FindAllStringSubmatch(text, -1)
	switch {
	case len(all) == 0:
		return ""
	case last:
		return all[len(all)-1][1]
	}
	return all[0][1]
}
