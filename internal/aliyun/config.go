package aliyun

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/fault"
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
	api      *openapi.Client
	http     httpClient
	host     string
	region   string
	keyID    string
	hidden   []string // never to appear in an error
	timeout  time.Duration
	patience time.Duration
}

// NewClient makes a client; it does not call anything yet.
func NewClient(c Config) (*Client, error) {
	host, protocol, err := c.address()
	if err != nil {
		return nil, err
	}
	if c.AccessKeyID == "" || c.Secret == "" {
		return nil, fault.New(fault.Invalid, "The Alibaba Cloud access key is incomplete.",
			"Enter both the access key id and its secret.")
	}
	// Error texts pass through the SDK with the status and request id glued
	// on; its typed errors keep them apart.
	carrier := newHTTPClient()
	api, err := openapi.NewClient(&openapiutil.Config{
		Endpoint: &host, Protocol: &protocol, RegionId: &c.Region,
		AccessKeyId: &c.AccessKeyID, AccessKeySecret: &c.Secret, SecurityToken: &c.SecurityToken,
		HttpClient: carrier, UserAgent: dara.String("Bakplane"),
	})
	if err != nil {
		return nil, fmt.Errorf("prepare OpenAPI client: %w", err)
	}
	api.DisableSDKError = dara.Bool(true)
	client := &Client{api: api, http: carrier, host: host, region: c.Region, keyID: c.AccessKeyID,
		timeout: c.Timeout, patience: c.Patience, hidden: []string{c.Secret}}
	if c.SecurityToken != "" {
		client.hidden = append(client.hidden, c.SecurityToken)
	}
	if client.timeout <= 0 {
		client.timeout = 20 * time.Second
	}
	if client.patience <= 0 {
		client.patience = time.Minute
	}
	return client, nil
}

// Close lets idle connections go. A client that is not closed keeps them for
// less than a minute.
func (c *Client) Close() { c.http.client.CloseIdleConnections() }

// address splits the endpoint into host and protocol.
func (c Config) address() (host, protocol string, err error) {
	wrong := fault.Newf(fault.Invalid, "%q is not an address of the RDS API.", c.Endpoint).WithFix("Enter a host such as rds.aliyuncs.com, or leave it empty to use the region's own.")
	protocol = "HTTPS"
	if c.PlainHTTP {
		protocol = "HTTP"
	}
	host = c.Endpoint
	if host == "" {
		if c.Region == "" {
			return "", "", fault.New(fault.Invalid, "Neither a region nor an endpoint is given.",
				"Enter the region of the instance, such as cn-hangzhou.")
		}
		if strings.Trim(c.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", "", fault.Newf(fault.Invalid, "%q is not a region id.", c.Region).WithFix("Enter the region of the instance, such as cn-hangzhou.")
		}
		return publicEndpoint(c.Region), protocol, nil
	}
	if scheme, rest, found := strings.Cut(host, "://"); found {
		switch strings.ToLower(scheme) {
		case "http":
			protocol = "HTTP"
		case "https":
			protocol = "HTTPS"
		default:
			return "", "", wrong
		}
		host = rest
	}
	host = strings.TrimSuffix(host, "/")
	u, err := url.Parse("https://" + host)
	if err != nil || u.Host == "" || u.Host != host || u.User != nil {
		return "", "", wrong
	}
	return host, protocol, nil
}
