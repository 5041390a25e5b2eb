package signedcall

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// API is what is called, and how it is spoken of.
type API struct {
	Name    string // in sentences, after "the", such as RDS API
	Version string // such as 2014-08-15
	Sample  string // a host of it, for the one who enters an address
	// Look says what a person must look at when a change may have happened.
	Look words.Text
	// Undone is joined to faults of calls that did nothing for certain; may be nil.
	Undone error
	// Words makes a fault of a refusal.
	Words func(*APIError) *fault.Error
}

// Config says where the API is and who calls it.
type Config struct {
	Host     string // with an optional port
	Protocol string // HTTP or HTTPS
	Region   string
	// SecurityToken comes with temporary (STS) keys and is empty otherwise.
	AccessKeyID, Secret, SecurityToken string

	Timeout  time.Duration // of one attempt of one call; zero means 20 seconds
	Patience time.Duration // of a read with all its repetitions; zero means one minute
}

// String leaves the credentials out, so that a Config may be printed.
func (c Config) String() string {
	return fmt.Sprintf("host %q region %q access key %q", c.Host, c.Region, c.AccessKeyID)
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// Client calls one API. It may be used from several goroutines.
type Client struct {
	api      API
	sdk      *openapi.Client
	http     *http.Client
	host     string
	hidden   []string // never to appear in an error
	timeout  time.Duration
	patience time.Duration
}

// New makes a client; it does not call anything yet.
func New(api API, c Config) (*Client, error) {
	if c.AccessKeyID == "" || c.Secret == "" {
		return nil, fault.New(fault.Invalid, "The Alibaba Cloud access key is incomplete.",
			"Enter both the access key id and its secret.")
	}
	carrier := httpClient{HTTPClient()}
	sdk, err := openapi.NewClient(&openapiutil.Config{
		Endpoint: &c.Host, Protocol: &c.Protocol, RegionId: &c.Region,
		AccessKeyId: &c.AccessKeyID, AccessKeySecret: &c.Secret, SecurityToken: &c.SecurityToken,
		HttpClient: carrier, UserAgent: dara.String("Bakplane"),
	})
	if err != nil {
		return nil, fmt.Errorf("prepare OpenAPI client: %w", err)
	}
	// Error texts pass through the SDK with the status and request id glued
	// on; its typed errors keep them apart.
	sdk.DisableSDKError = dara.Bool(true)
	client := &Client{api: api, sdk: sdk, http: carrier.client, host: c.Host, timeout: c.Timeout, patience: c.Patience, hidden: []string{c.Secret}}
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
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Address splits what a person entered, a host with an optional port or a URL of
// one, into host and protocol; standard is the protocol of one without a scheme.
func (a API) Address(entered, standard string) (host, protocol string, err error) {
	wrong := fault.Newf(fault.Invalid, "%q is not an address of the %s.", entered, a.Name).WithFix("Enter a host such as %s, or leave it empty to use the region's own.", a.Sample)
	protocol, host = standard, entered
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

// Refused finds the service's own refusal in an error; nil when it gave none.
func Refused(err error) *APIError {
	var api *APIError
	if errors.As(err, &api) {
		return api
	}
	return nil
}
