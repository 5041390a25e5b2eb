// Package rdsapi emulates the part of the Amazon RDS API that lists what an
// account holds: DescribeDBInstances and DescribeOptionGroups, over the query
// protocol with signatures of version 4 (RDS API reference).
//
// It refuses unknown keys, wrong signatures, clocks that are off, actions that
// the user's policy does not allow, MaxRecords outside 20 to 100 and groups that
// are not there, with the service's texts. How long a Marker stays valid is not
// documented; here it always is. Filters are not known and are refused.
package rdsapi
