package smc

import (
	"errors"
	"sync"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/internal/words"
)

// Config says where the services are and who calls them. Addresses are hosts
// with an optional port, or http:// or https:// URLs of them; empty means the
// public one: the central endpoint of SMC, and those of a region of OOS and ECS.
type Config struct {
	SMC, OOS, ECS string
	// Region is where requests to SMC are said to come from; jobs name their own.
	Region              string
	AccessKeyID, Secret string
}

// String leaves the secret out, so that a Config may be printed.
func (c Config) String() string { return "access key " + c.AccessKeyID + " at " + c.SMC }

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// Center is one account at the three services. It may be used from several
// goroutines.
type Center struct {
	config Config
	smc    *signedcall.Client

	mu      sync.Mutex
	regions map[string]regional
}

// regional are the services that have an endpoint in each region.
type regional struct{ oos, ecs *signedcall.Client }

var _ servermigration.Center = (*Center)(nil)

// look is what a person must do when a change may have happened.
var look = words.Say("It is not known whether the call took effect: look at the service before it is ordered again.")

var (
	smcAPI = signedcall.API{Name: "SMC API", Version: "2019-06-01", Sample: "smc.aliyuncs.com", Look: look}
	oosAPI = signedcall.API{Name: "OOS API", Version: "2019-06-01", Sample: "oos.cn-hangzhou.aliyuncs.com", Look: look}
	ecsAPI = signedcall.API{Name: "ECS API", Version: "2014-05-26", Sample: "ecs.cn-hangzhou.aliyuncs.com", Look: look}
)

// New makes a center; it does not call anything yet.
func New(c Config) (*Center, error) {
	center := &Center{config: c, regions: map[string]regional{}}
	var err error
	if center.smc, err = center.client(smcAPI, smcRefusals, c.SMC, "smc.aliyuncs.com", c.Region); err != nil {
		return nil, err
	}
	return center, nil
}

// client makes the client of one service.
func (c *Center) client(api signedcall.API, refusals table, entered, standard, region string) (*signedcall.Client, error) {
	if entered == "" {
		entered = standard
	}
	host, protocol, err := api.Address(entered, "HTTPS")
	if err != nil {
		return nil, err
	}
	api.Words = refusals.words(api, c.config.AccessKeyID)
	return signedcall.New(api, signedcall.Config{Host: host, Protocol: protocol, Region: region, AccessKeyID: c.config.AccessKeyID, Secret: c.config.Secret})
}

// in finds the clients of a region.
func (c *Center) in(region string) (regional, error) {
	if !plain(region) {
		return regional{}, fault.Newf(fault.Invalid, "%q is not a region id.", region).WithFix("Write it as the cloud does, such as cn-hangzhou or ap-southeast-1.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, have := c.regions[region]; have {
		return r, nil
	}
	oos, err1 := c.client(oosAPI, oosRefusals, c.config.OOS, "oos."+region+".aliyuncs.com", region)
	ecs, err2 := c.client(ecsAPI, ecsRefusals, c.config.ECS, "ecs."+region+".aliyuncs.com", region)
	if err := errors.Join(err1, err2); err != nil {
		return regional{}, err
	}
	c.regions[region] = regional{oos, ecs}
	return c.regions[region], nil
}

// plain reports whether a region can stand in the name of a host.
func plain(region string) bool {
	for _, r := range region {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return region != "" && len(region) <= 64
}

// Close lets idle connections go.
func (c *Center) Close() {
	c.smc.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.regions {
		r.oos.Close()
		r.ecs.Close()
	}
}
