package aliyun

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/migration"
)

// DescribeDBInstancesRequest asks for a page of instances (RDS API
// DescribeDBInstances).
type DescribeDBInstancesRequest struct {
	RegionId     string // required
	Engine       string // SQLServer
	DBInstanceId string
	SearchKey    string // part of an id or a description
	PageSize     int32  // 1–100
	PageNumber   int32  // from 1
}

// DescribeDBInstancesResponse is one page of instances.
type DescribeDBInstancesResponse struct {
	RequestId                                     Text
	PageNumber, PageRecordCount, TotalRecordCount Number
	Items                                         struct{ DBInstance []DBInstance }
}

// DBInstance is one row of DescribeDBInstances.
type DBInstance struct {
	DBInstanceId, DBInstanceDescription, DBInstanceStatus, DBInstanceType Text
	Engine, EngineVersion, Category                                       Text
	RegionId, ZoneId, LockMode, LockReason                                Text
}

// DescribeDBInstances lists one page of instances.
func (c *Client) DescribeDBInstances(ctx context.Context, in DescribeDBInstancesRequest) (*DescribeDBInstancesResponse, error) {
	return call[DescribeDBInstancesResponse](ctx, c, "DescribeDBInstances", reads, in)
}

// DescribeDBInstanceAttributeRequest asks for one instance (RDS API
// DescribeDBInstanceAttribute).
type DescribeDBInstanceAttributeRequest struct{ DBInstanceId string }

// DescribeDBInstanceAttributeResponse holds one row, or none.
type DescribeDBInstanceAttributeResponse struct {
	RequestId Text
	Items     struct{ DBInstanceAttribute []DBInstanceAttribute }
}

// DBInstanceAttribute is what is known of one instance.
type DBInstanceAttribute struct {
	DBInstanceId, DBInstanceDescription, DBInstanceStatus Text
	Engine, EngineVersion, Category                       Text
	RegionId, ZoneId, LockMode, LockReason                Text
	DBInstanceStorage                                     Number // GB
	DBInstanceDiskUsed                                    Text   // bytes, as far as is known
	DBMaxQuantity                                         Number
}

// DescribeDBInstanceAttribute describes one instance.
func (c *Client) DescribeDBInstanceAttribute(ctx context.Context, in DescribeDBInstanceAttributeRequest) (*DescribeDBInstanceAttributeResponse, error) {
	return call[DescribeDBInstanceAttributeResponse](ctx, c, "DescribeDBInstanceAttribute", reads, in)
}

// DescribeDatabasesRequest asks for a page of databases (RDS API
// DescribeDatabases).
type DescribeDatabasesRequest struct {
	DBInstanceId, DBName, DBStatus string
	PageSize                       int32 // 30, 50 or 100
	PageNumber                     int32
}

// DescribeDatabasesResponse is one page; the counts stand in every row.
type DescribeDatabasesResponse struct {
	RequestId Text
	Databases struct{ Database []Database }
}

// Database is one row of DescribeDatabases.
type Database struct {
	DBName, DBStatus, DBDescription, Engine Text
	PageNumber, PageSize, TotalCount        Number
}

// DescribeDatabases lists one page of databases.
func (c *Client) DescribeDatabases(ctx context.Context, in DescribeDatabasesRequest) (*DescribeDatabasesResponse, error) {
	return call[DescribeDatabasesResponse](ctx, c, "DescribeDatabases", reads, in)
}

// maxPages bounds every walk over pages, should a server always send more.
const maxPages = 200

// Instances lists the SQL Server instances of the client's region. Storage
// and limits are not in the list: RDS.Instance has them.
func (c *Client) Instances(ctx context.Context) ([]migration.TargetInstance, error) {
	var out []migration.TargetInstance
	seen := map[Text]bool{}
	for page := int32(1); page <= maxPages; page++ {
		res, err := c.DescribeDBInstances(ctx, DescribeDBInstancesRequest{
			RegionId: c.region, Engine: "SQLServer", PageSize: 100, PageNumber: page})
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, row := range res.Items.DBInstance {
			if seen[row.DBInstanceId] {
				continue
			}
			seen[row.DBInstanceId] = true
			fresh++
			in := migration.TargetInstance{ID: string(row.DBInstanceId), Description: string(row.DBInstanceDescription),
				Region: string(row.RegionId), Status: string(row.DBInstanceStatus), LockMode: string(row.LockMode),
				LockReason: string(row.LockReason), Engine: string(row.Engine), Version: string(row.EngineVersion),
				Category: string(row.Category), UsedBytes: -1}
			in.VersionMajor, in.Edition = engineVersion(in.Version)
			out = append(out, in)
		}
		if fresh == 0 || len(res.Items.DBInstance) < 100 {
			break
		}
	}
	return out, nil
}

// target turns a row into the words of the migration.
func (a DBInstanceAttribute) target() migration.TargetInstance {
	in := migration.TargetInstance{ID: string(a.DBInstanceId), Description: string(a.DBInstanceDescription),
		Region: string(a.RegionId), Status: string(a.DBInstanceStatus), LockMode: string(a.LockMode),
		LockReason: string(a.LockReason), Engine: string(a.Engine), Version: string(a.EngineVersion),
		Category: string(a.Category), StorageBytes: int64(a.DBInstanceStorage) << 30,
		UsedBytes: -1, MaxDatabases: int(a.DBMaxQuantity)}
	in.VersionMajor, in.Edition = engineVersion(in.Version)
	// The reference gives no unit for DBInstanceDiskUsed; bytes is our reading.
	if used, err := strconv.ParseInt(string(a.DBInstanceDiskUsed), 10, 64); err == nil && used >= 0 {
		in.UsedBytes = used
	}
	return in
}

var engineVersionForm = regexp.MustCompile(`^(08r2|2008r2|20[0-9]{2})(?:_(ent|std|web))?(?:_.*)?$`)

// engineVersion reads strings such as 2019_std_ha into the major version of
// SQL Server and the edition. The strings of 2022 and 2025 are not confirmed;
// they are read by the same pattern. Anything else is 0.
func engineVersion(s string) (major int, edition string) {
	m := engineVersionForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if m == nil {
		return 0, ""
	}
	majors := map[string]int{"08r2": 10, "2008r2": 10, "2012": 11, "2014": 12, "2016": 13,
		"2017": 14, "2019": 15, "2022": 16, "2025": 17}
	return majors[m[1]], m[2]
}
