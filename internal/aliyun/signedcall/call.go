package signedcall

import (
	"context"
	"fmt"
	"time"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/cenkalti/backoff/v5"

	"github.com/bakplane/bakplane/internal/fault"
)

// Effect says whether a call may be sent again without asking.
type Effect int

// Effects.
const (
	Reads   Effect = iota // may be repeated
	Keyed                 // changes something under a ClientToken: may be repeated
	Changes               // is sent once
)

// Do sends one action with its parameters and decodes the answer into T, as
// Decode does. The vendor's own methods are not called: they take no context,
// share one client between goroutines and hide the text of the answer.
func Do[T any](ctx context.Context, c *Client, action string, e Effect, query map[string]*string) (*T, error) {
	if e == Changes {
		out, err := attempt[T](ctx, c, action, e, query)
		return out, Wrap(action, err)
	}
	wait := &patient{ExponentialBackOff: backoff.NewExponentialBackOff()}
	wait.InitialInterval, wait.MaxInterval = 300*time.Millisecond, 10*time.Second
	out, err := backoff.Retry(ctx, func() (*T, error) {
		out, err := attempt[T](ctx, c, action, e, query)
		switch {
		case err == nil:
			return out, nil
		case ctx.Err() != nil || !fault.Is(err, fault.Unavailable):
			return nil, backoff.Permanent(err)
		}
		wait.told = toldToWait(err)
		return nil, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(6), backoff.WithMaxElapsedTime(c.patience))
	if err != nil && fault.Of(err) == fault.Unknown && ctx.Err() != nil {
		err = c.explain(e, ctx.Err()) // the wait itself was cut short
	}
	return out, Wrap(action, err)
}

// patient waits at least as long as the service asked for.
type patient struct {
	*backoff.ExponentialBackOff
	told time.Duration
}

func (p *patient) NextBackOff() time.Duration {
	next := p.ExponentialBackOff.NextBackOff()
	if next != backoff.Stop && next < p.told {
		next = p.told
	}
	return next
}

// Wrap adds the action to an error.
func Wrap(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", action, err)
}

// attempt sends the call once. The SDK signs it with a new nonce and the
// present time, so that a repetition is not taken for a replay.
func attempt[T any](ctx context.Context, c *Client, action string, e Effect, query map[string]*string) (*T, error) {
	one, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// The SDK adds to the map it is given.
	own := make(map[string]*string, len(query))
	for name, value := range query {
		own[name] = value
	}
	// The SDK's client resets a field of its own in every RPC call, which is a
	// data race between goroutines: each attempt has a copy.
	api := *c.sdk
	result, err := api.CallApiWithCtx(one, &openapiutil.Params{
		Action: &action, Version: &c.api.Version, Protocol: dara.String("HTTPS"),
		Pathname: dara.String("/"), Method: dara.String("POST"), AuthType: dara.String("AK"),
		Style: dara.String("RPC"), ReqBodyType: dara.String("formData"), BodyType: dara.String("string"),
	}, &openapiutil.OpenApiRequest{Query: own}, &dara.RuntimeOptions{})
	if err != nil {
		return nil, c.explain(e, err)
	}
	body, _ := result["body"].(string)
	out := new(T)
	if err := Decode([]byte(body), out); err != nil {
		return nil, c.explain(e, &unreadable{Action: action, Err: err})
	}
	if d, ok := any(out).(interface{ Stamp(time.Duration) }); ok {
		d.Stamp(clockSkew(result["headers"]))
	}
	if d, ok := any(out).(interface{ Tell([]byte) }); ok {
		d.Tell([]byte(body))
	}
	return out, nil
}

// clockSkew is the service's clock minus ours by the Date header, zero when
// it is missing.
func clockSkew(headers any) time.Duration {
	h, _ := headers.(map[string]any)
	date, _ := h["date"].(string)
	at, err := time.Parse(time.RFC1123, date)
	if err != nil {
		return 0
	}
	return time.Until(at)
}
