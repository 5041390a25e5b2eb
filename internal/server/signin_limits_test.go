package server_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestGuessingIsSlowedByTheAddressToo: whoever tries one password with many
// names never comes to the bound of any name.
func TestGuessingIsSlowedByTheAddressToo(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Admin(t)
	b := h.Browser(t)
	b.Get("/sign-in")
	for i := range 5 {
		b.Submit("/sign-in", "name", fmt.Sprint("nobody", i), "password", "guess").Sees(http.StatusUnprocessableEntity, "The name or the password is not right.")
	}
	b.Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword).Sees(http.StatusTooManyRequests, "Too many tries.")
}
