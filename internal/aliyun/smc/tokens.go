package smc

import (
	"context"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// NewToken implements servermigration.Center. Count and days are sent always:
// the console and the API assume different ones.
func (c *Center) NewToken(ctx context.Context, d servermigration.TokenDraft) (string, secret.Text, error) {
	q := ask().text("Name", d.Name).text("Description", d.Description).number("Count", d.Count).number("TimeToLiveInDays", d.Days)
	res, err := send[struct{ AccessTokenId, AccessTokenCode, RequestId string }](ctx, c.smc, "CreateAccessToken", signedcall.Changes, q)
	if err != nil {
		return "", secret.Text{}, err
	}
	if res.AccessTokenCode == "" {
		return "", secret.Text{}, c.smc.Uncertain(signedcall.Changes, fault.Newf(fault.Unavailable, "The SMC API accepted the call without telling a code (request %s).", res.RequestId), look)
	}
	return res.AccessTokenId, secret.NewText(res.AccessTokenCode), nil
}

// Tokens implements servermigration.Center. The reference's words about pages
// are mixed up, so the list is asked for as a whole.
func (c *Center) Tokens(ctx context.Context) ([]servermigration.Token, error) {
	type row struct {
		AccessTokenId, Name, Description, Status, CreationTime string
		Count, RegisteredCount, TimeToLiveInDays               int64
	}
	res, err := send[struct {
		AccessTokens struct{ AccessToken []row }
	}](ctx, c.smc, "ListAccessTokens", signedcall.Reads, ask())
	if err != nil {
		return nil, err
	}
	var out []servermigration.Token
	for _, r := range res.AccessTokens.AccessToken {
		out = append(out, servermigration.Token{ID: r.AccessTokenId, Name: r.Name, Description: r.Description, Count: int(r.Count), Registered: int(r.RegisteredCount), Days: int(r.TimeToLiveInDays),
			Status: r.Status, Created: signedcall.Text(r.CreationTime).Time()})
	}
	return out, nil
}

// DisableToken implements servermigration.Center.
func (c *Center) DisableToken(ctx context.Context, id string) error {
	_, err := send[done](ctx, c.smc, "DisableAccessToken", signedcall.Changes, ask().text("AccessTokenId", id))
	return err
}

// DeleteToken implements servermigration.Center.
func (c *Center) DeleteToken(ctx context.Context, id string) error {
	_, err := send[done](ctx, c.smc, "DeleteAccessToken", signedcall.Changes, ask().text("AccessTokenId", id))
	return err
}
