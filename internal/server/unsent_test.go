package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestAnOrderAfterTheSessionEndedIsThereToGiveAgain, filled in as it was, but for
// what must not be kept; to the same person alone, and once.
func TestAnOrderAfterTheSessionEndedIsThereToGiveAgain(t *testing.T) {
	var clock servertest.Ahead
	h := servertest.NewHouse(t, clock.Of)
	b := h.SignedIn(t)
	enter := func() *servertest.Browser {
		return b.Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword)
	}
	b.Get("/settings/accounts/new")
	clock.Pass(13 * time.Hour) // over the weekend, so to say
	b.Submit("/settings/accounts", "name", "moves", "access_key_id", "key-one", "secret", "s3cret", "region", "cn-hangzhou")
	b.Sees(200, "your order was not carried out", "it is kept")
	if all, err := h.DB.Accounts(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("carried out all the same: %v %v", all, err)
	}
	enter().Sees(200, "This order was not carried out", "access_key_id: key-one", "POST /settings/accounts", "Secret, which was not kept")
	if strings.Contains(b.Text(), "s3cret") {
		t.Error("the secret was kept")
	}
	b.Submit("/settings/accounts", "secret", "s3cret").Sees(200, "The cloud account is saved.", "moves")
	b.Get("/unsent").Sees(404, "No order waits")

	// Somebody else at the same browser does not see it.
	now := time.Now().UTC()
	if err := h.DB.AddPerson(t.Context(), person.Person{ID: "2", Name: "bob", Hash: person.HashPassword(secret.NewText("a few other words")), Created: now, Changed: now}, testEntry()); err != nil {
		t.Fatal(err)
	}
	b.Get("/settings/accounts/new")
	clock.Pass(13 * time.Hour)
	b.Submit("/settings/accounts", "name", "theirs")
	b.Submit("/sign-in", "name", "bob", "password", "a few other words").Sees(404, "No order waits")

	// Of strangers nothing is kept, and they are told.
	stranger := h.Browser(t)
	stranger.Do(http.MethodPost, "/settings/accounts", url.Values{"name": {strings.Repeat("x", 1000)}}.Encode())
	stranger.Sees(200, "Your order was not carried out")
	at, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	if kept := stranger.Http.Jar.Cookies(at); len(kept) != 0 {
		t.Errorf("a session was made for a stranger: %v", kept)
	}
}
