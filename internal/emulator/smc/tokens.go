package smcemu

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/acs"
)

// status is the Status of an activation code. Whether a disabled one is
// unactivated is not said; there is no other word for it.
func (t *AccessToken) status(now time.Time) string {
	switch {
	case !now.Before(t.Created.Add(time.Duration(t.Days) * 24 * time.Hour)):
		return "expired"
	case t.Disabled:
		return "unactivated"
	}
	return "activated"
}

func (q *request) createAccessToken() (answer, *refusal) {
	t := &AccessToken{Account: q.caller.Account, Name: q.get("Name"), Description: q.get("Description"), Count: 100, Days: 30, Created: q.now}
	if refused := q.name("Name"); refused != nil {
		return nil, refused
	}
	if refused := q.number("Count", 1, 1000, &t.Count); refused != nil {
		return nil, refused
	}
	if refused := q.number("TimeToLiveInDays", 1, 90, &t.Days); refused != nil {
		return nil, refused
	}
	t.ID = q.st.id("at")
	q.st.Tokens[t.ID], q.wrote = t, true
	// The form of the codes is not published; this one is ours.
	return answer{"AccessTokenId": t.ID, "AccessTokenCode": "SMC-" + strings.ToUpper(rand.Text())}, nil
}

// listAccessTokens answers with numbers as texts, as they are sent; pages are
// not cut, since the descriptions of PageNumber and PageSize are swapped.
func (q *request) listAccessTokens() (answer, *refusal) {
	ids, refused := q.list("AccessTokenId", 50)
	if refused != nil {
		return nil, refused
	}
	var found []*AccessToken
	for _, t := range q.st.Tokens {
		if t.Account == q.caller.Account && fits(t.ID, ids...) && fits(t.Name, q.get("Name")) && fits(t.status(q.now), q.get("Status")) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *AccessToken) int { return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID)) })
	var rows []answer
	for _, t := range found {
		rows = append(rows, answer{"AccessTokenId": t.ID, "Name": t.Name, "Description": t.Description, "Count": strconv.Itoa(t.Count), "RegisteredCount": strconv.Itoa(t.Registered),
			"TimeToLiveInDays": strconv.Itoa(t.Days), "Status": t.status(q.now), "CreationTime": text(t.Created)})
	}
	return answer{"AccessTokens": nest("AccessToken", rows), "TotalCount": len(rows)}, nil
}

func (q *request) token() (*AccessToken, *refusal) {
	id, refused := q.need("AccessTokenId")
	if refused != nil {
		return nil, refused
	}
	t := q.st.Tokens[id]
	if t == nil || t.Account != q.caller.Account {
		return nil, acs.Refuse(http.StatusNotFound, "AccessToken.NotFound", "The specified access token does not exist.")
	}
	return t, nil
}

func (q *request) disableAccessToken() (answer, *refusal) {
	t, refused := q.token()
	if refused != nil {
		return nil, refused
	}
	t.Disabled, q.wrote = true, true
	return nil, nil
}

func (q *request) deleteAccessToken() (answer, *refusal) {
	t, refused := q.token()
	if refused != nil {
		return nil, refused
	}
	delete(q.st.Tokens, t.ID)
	q.wrote = true
	return nil, nil
}
