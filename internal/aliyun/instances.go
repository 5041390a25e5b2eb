package aliyun

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
)

// DescribeDBInstances lists one page of instances.
func (c *Client) DescribeDBInstances(ctx context.Context, in *rds.DescribeDBInstancesRequest) (*rds.DescribeDBInstancesResponseBody, error) {
	return call[rds.DescribeDBInstancesResponseBody](ctx, c, "DescribeDBInstances", signedcall.Reads, in)
}

// DBInstanceAttribute is what is known of one instance.
type DBInstanceAttribute = rds.DescribeDBInstanceAttributeResponseBodyItemsDBInstanceAttribute

// DescribeDBInstanceAttribute describes one instance; there is one row, or none.
func (c *Client) DescribeDBInstanceAttribute(ctx context.Context, in *rds.DescribeDBInstanceAttributeRequest) (*rds.DescribeDBInstanceAttributeResponseBody, error) {
	return call[rds.DescribeDBInstanceAttributeResponseBody](ctx, c, "DescribeDBInstanceAttribute", signedcall.Reads, in)
}

// Database is one row of DescribeDatabases.
type Database = rds.DescribeDatabasesResponseBodyDatabasesDatabase

// DescribeDatabases lists one page of databases; the counts stand in every row.
func (c *Client) DescribeDatabases(ctx context.Context, in *rds.DescribeDatabasesRequest) (*rds.DescribeDatabasesResponseBody, error) {
	return call[rds.DescribeDatabasesResponseBody](ctx, c, "DescribeDatabases", signedcall.Reads, in)
}

// maxPages bounds every walk over pages, should a server always send more.
const maxPages = 200

// Instances lists the SQL Server instances of the client's region. Storage
// and limits are not in the list: RDS.Instance has them.
func (c *Client) Instances(ctx context.Context) ([]migration.TargetInstance, error) {
	var out []migration.TargetInstance
	seen := map[string]bool{}
	for page := int32(1); page <= maxPages; page++ {
		res, err := c.DescribeDBInstances(ctx, &rds.DescribeDBInstancesRequest{
			RegionId: &c.region, Engine: dara.String("SQLServer"), PageSize: dara.Int32(100), PageNumber: &page})
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, row := range res.Items.DBInstance {
			id := dara.StringValue(row.DBInstanceId)
			if seen[id] {
				continue
			}
			seen[id] = true
			fresh++
			in := migration.TargetInstance{ID: id, Description: dara.StringValue(row.DBInstanceDescription),
				Region: dara.StringValue(row.RegionId), Status: dara.StringValue(row.DBInstanceStatus), LockMode: dara.StringValue(row.LockMode),
				LockReason: dara.StringValue(row.LockReason), Engine: dara.StringValue(row.Engine), Version: dara.StringValue(row.EngineVersion),
				Category: dara.StringValue(row.Category), UsedBytes: -1}
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
func target(a *DBInstanceAttribute) migration.TargetInstance {
	in := migration.TargetInstance{ID: dara.StringValue(a.DBInstanceId), Description: dara.StringValue(a.DBInstanceDescription),
		Region: dara.StringValue(a.RegionId), Status: dara.StringValue(a.DBInstanceStatus), LockMode: dara.StringValue(a.LockMode),
		LockReason: dara.StringValue(a.LockReason), Engine: dara.StringValue(a.Engine), Version: dara.StringValue(a.EngineVersion),
		Category: dara.StringValue(a.Category), StorageBytes: int64(dara.Int32Value(a.DBInstanceStorage)) << 30, // GB
		UsedBytes: -1, MaxDatabases: int(dara.Int32Value(a.DBMaxQuantity)), Collation: tsql.Collation(dara.StringValue(a.Collation))}
	in.VersionMajor, in.Edition = engineVersion(in.Version)
	// The reference gives no unit for DBInstanceDiskUsed; bytes is our reading.
	if used, err := strconv.ParseInt(dara.StringValue(a.DBInstanceDiskUsed), 10, 64); err == nil && used >= 0 {
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
