package bakfile

import "fmt"

// Product names a SQL Server version by its major number.
func Product(major int) string {
	names := map[int]string{9: "2005", 10: "2008 or 2008 R2", 11: "2012", 12: "2014", 13: "2016", 14: "2017", 15: "2019", 16: "2022", 17: "2025"}
	if n, ok := names[major]; ok {
		return "SQL Server " + n
	}
	return fmt.Sprintf("SQL Server version %d", major)
}
