package awsaccount

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/bakplane/bakplane/internal/awsaccount/signer"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// backupOption is the option of a group that lets an instance back up to S3 and
// restore from it (RDS guide, "Setting up for native backup and restore").
const backupOption = "SQLSERVER_BACKUP_RESTORE"

// roleSetting is the setting of that option that names the role.
const roleSetting = "IAM_ROLE_ARN"

// mostPages bounds what one look asks for: a hundred instances each.
const mostPages = 20

// instancePage is that of the kind that a found instance is added as.
const instancePage = "aws"

// Instances lists the SQL Server instances of an account's region with what
// backups and migrations need of them (RDS API, DescribeDBInstances and
// DescribeOptionGroups). Both only read.
func Instances() endpoint.Lister {
	return endpoint.Lister{What: "RDS instances", List: func(ctx context.Context, a endpoint.Account) ([]endpoint.Found, error) {
		client, err := dial(a)
		if err != nil {
			return nil, err
		}
		var out []endpoint.Found
		groups := map[string]group{}
		pages := sdk.NewDescribeDBInstancesPaginator(client, &sdk.DescribeDBInstancesInput{MaxRecords: aws.Int32(100)})
		for range mostPages {
			if !pages.HasMorePages() {
				break
			}
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, refused(a, err)
			}
			for _, i := range page.DBInstances {
				if !strings.HasPrefix(aws.ToString(i.Engine), "sqlserver") {
					continue
				}
				for _, m := range i.OptionGroupMemberships {
					name := aws.ToString(m.OptionGroupName)
					if _, known := groups[name]; !known {
						groups[name] = readGroup(ctx, client, a, name)
					}
				}
				out = append(out, describe(a, i, groups))
			}
		}
		return out, nil
	}}
}

func dial(a endpoint.Account) (*sdk.Client, error) {
	who, err := signer.New(signer.Key{ID: a.AccessKeyID, Secret: a.Secret.Reveal(), Profile: a.More[ProfileField], Region: a.Region})
	if err != nil {
		return nil, err
	}
	o := sdk.Options{Region: a.Region, Credentials: who, HTTPClient: &http.Client{Timeout: 20 * time.Second}, AppID: "bakplane", RetryMaxAttempts: 3}
	if a.Address != "" {
		address := a.Address
		if !strings.Contains(address, "://") {
			address = "https://" + address
		}
		o.BaseEndpoint = &address
	}
	return sdk.New(o), nil
}

// group is what an option group says of backups; err: it could not be read.
type group struct {
	has  bool
	role string
	err  error
}

func readGroup(ctx context.Context, client *sdk.Client, a endpoint.Account, name string) (g group) {
	answer, err := client.DescribeOptionGroups(ctx, &sdk.DescribeOptionGroupsInput{OptionGroupName: &name})
	if err != nil {
		return group{err: refused(a, err)}
	}
	for _, of := range answer.OptionGroupsList {
		for _, o := range of.Options {
			if aws.ToString(o.OptionName) != backupOption {
				continue
			}
			g.has = true
			for _, s := range o.OptionSettings {
				if aws.ToString(s.Name) == roleSetting {
					g.role = aws.ToString(s.Value)
				}
			}
		}
	}
	return g
}
