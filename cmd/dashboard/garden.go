package main

import (
	"errors"
	"path/filepath"
	"time"

	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
)

// garden is the emulated cloud that the demo and the tests visit: one OSS and
// one RDS API on loopback, an account, a bucket and an instance.
type garden struct {
	oss *ossemu.Running
	rds *aliyunemu.Running
}

// Names of what stands in the garden. The keys open nothing but emulators on
// this machine.
const (
	gardenRegion   = "cn-hangzhou"
	gardenOwner    = "1000000000000001"
	gardenKeyID    = "LTAIdemoBakplane0001"
	gardenSecret   = "demo-secret-for-loopback-only"
	gardenRoleID   = "LTAIdemoRdsImport001"
	gardenRoleKey  = "demo-role-for-loopback-only"
	gardenBucket   = "backups-hangzhou"
	gardenInstance = "rm-demo1hangzhou"
)

// gardenPace is how fast the emulated instance works.
type gardenPace struct {
	Step time.Duration // of a stage of a task
	Rate int64         // bytes per second when it fetches a file; 0 = unbounded
}

// plant starts both emulators; their state lives in a folder.
func plant(folder string, pace gardenPace) (_ *garden, err error) {
	g := &garden{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	g.oss, err = ossemu.Start(ossemu.Config{
		Dir: filepath.Join(folder, "oss"), Region: gardenRegion,
		Accounts: []ossemu.Account{
			{KeyID: gardenKeyID, Secret: gardenSecret, Owner: gardenOwner},
			{KeyID: gardenRoleID, Secret: gardenRoleKey, Owner: gardenOwner},
		},
		Buckets: []ossemu.Bucket{{Name: gardenBucket, Region: gardenRegion, StorageClass: "Standard", Owner: gardenOwner}},
	}, "", "")
	if err != nil {
		return g, err
	}
	g.rds, err = aliyunemu.Start(aliyunemu.Config{
		Accounts: []aliyunemu.Account{{
			ID: gardenOwner, Keys: []aliyunemu.Key{{ID: gardenKeyID, Secret: gardenSecret}},
			ImportRole: &aliyunemu.Credential{AccessKeyID: gardenRoleID, Secret: gardenRoleKey},
		}},
		Instances: []aliyunemu.Instance{{
			ID: gardenInstance, Description: "demo instance", Account: gardenOwner, Region: gardenRegion,
			Version: "2019_std_ha", Category: "HighAvailability", StorageGB: 500, UsedBytes: 42 << 30, MaxDatabases: 50,
		}},
		Endpoints: map[string]string{"oss-" + gardenRegion + ".aliyuncs.com": g.oss.URL},
		Step:      pace.Step, Rate: pace.Rate, File: filepath.Join(folder, "rds.json"),
	}, "", "")
	return g, err
}

func (g *garden) close() error {
	var errs []error
	if g.rds != nil {
		errs = append(errs, g.rds.Close())
	}
	if g.oss != nil {
		errs = append(errs, g.oss.Close())
	}
	return errors.Join(errs...)
}

// addresses is what a visitor needs to know.
type addresses struct {
	OSS        string `json:"oss"`
	OSSControl string `json:"oss_control"`
	RDS        string `json:"rds"`
	RDSControl string `json:"rds_control"`
	Region     string `json:"region"`
	KeyID      string `json:"access_key_id"`
	Secret     string `json:"access_key_secret"`
	Bucket     string `json:"bucket"`
	Instance   string `json:"instance"`
	Owner      string `json:"owner"`
}

func (g *garden) addresses() addresses {
	return addresses{OSS: g.oss.URL, OSSControl: g.oss.ControlURL, RDS: g.rds.URL, RDSControl: g.rds.ControlURL,
		Region: gardenRegion, KeyID: gardenKeyID, Secret: gardenSecret, Bucket: gardenBucket, Instance: gardenInstance, Owner: gardenOwner}
}
