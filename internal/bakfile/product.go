package bakfile

import "fmt"

// years are the names of the versions of SQL Server, from OldestMajor on.
var years = [...]string{"2000", "2005", "2008", "2012", "2014", "2016", "2017", "2019", "2022", "2025"}

// OldestMajor and NewestMajor are the major versions that have a name here.
const (
	OldestMajor = 8
	NewestMajor = OldestMajor + len(years) - 1
)

// Year is what a major version is called, such as "2016"; empty when it is none
// we know. 2008 and 2008 R2 are told apart by their minor version alone.
func Year(major int) string {
	if major < OldestMajor || major > NewestMajor {
		return ""
	}
	return years[major-OldestMajor]
}

// Product names a SQL Server version by its major number.
func Product(major int) string {
	switch year := Year(major); {
	case major == 10:
		return "SQL Server 2008 or 2008 R2"
	case year != "":
		return "SQL Server " + year
	}
	return fmt.Sprintf("SQL Server version %d", major)
}
