package aliyun

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/words"
)

// Config says where the API is and who calls it.
type Config struct {
	// Endpoint is a host with an optional port, or an http:// or https:// URL
	// of one. Empty: the public endpoint of Region.
	Endpoint string
	// Region is a region id such as cn-hangzhou.
	Region string
	// AccessKeyID and Secret name a RAM user; SecurityToken comes with
	// temporary (STS) keys and is empty otherwise.
	AccessKeyID, Secret, SecurityToken string
	// PlainHTTP speaks HTTP to an Endpoint that has no scheme.
	PlainHTTP bool

	// Timeout bounds one attempt of one call; zero means 20 seconds.
	Timeout time.Duration
	// Patience bounds a read with all its repetitions; zero means one minute.
	Patience time.Duration
}

// String leaves the credentials out, so that a Config may be printed.
func (c Config) String() string {
	return fmt.Sprintf("endpoint %q region %q access key %q", c.Endpoint, c.Region, c.AccessKeyID)
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// Client calls the API. It may be used from several goroutines.
type Client struct {
	*signedcall.Client
	region string
	keyID  string
}

// NewClient makes a client; it does not call anything yet.
func NewClient(c Config) (*Client, error) {
	host, protocol, err := c.address()
	if err != nil {
		return nil, err
	}
	client := &Client{region: c.Region, keyID: c.AccessKeyID}
	api := rdsAPI
	api.Words = client.words
	client.Client, err = signedcall.New(api, signedcall.Config{Host: host, Protocol: protocol, Region: c.Region,
		AccessKeyID: c.AccessKeyID, Secret: c.Secret, SecurityToken: c.SecurityToken, Timeout: c.Timeout, Patience: c.Patience})
	if err != nil {
		return nil, err
	}
	return client, nil
}

var rdsAPI = signedcall.API{Name: "RDS API", Version: "2014-08-15", Sample: "rds.aliyuncs.com", Undone: migration.ErrUndone,
	Look: words.Say("It is not known whether the call took effect: look at the instance's tasks and backups before repeating it.")}

// call sends one action of the RDS API and decodes the answer into T. Request
// and answer are of the vendor's types.
func call[T any](ctx context.Context, c *Client, action string, e signedcall.Effect, request any) (*T, error) {
	query, err := parameters(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	return signedcall.Do[T](ctx, c.Client, action, e, query)
}

// address splits the endpoint into host and protocol.
func (c Config) address() (host, protocol string, err error) {
	protocol = "HTTPS"
	if c.PlainHTTP {
		protocol = "HTTP"
	}
	if c.Endpoint != "" {
		return rdsAPI.Address(c.Endpoint, protocol)
	}
	if c.Region == "" {
		return "", "", fault.New(fault.Invalid, "Neither a region nor an endpoint is given.",
			"Enter the region of the instance, such as cn-hangzhou.")
	}
	if strings.Trim(c.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", "", fault.Newf(fault.Invalid, "%q is not a region id.", c.Region).WithFix("Enter the region of the instance, such as cn-hangzhou.")
	}
	return publicEndpoint(c.Region), protocol, nil
}
