package app_test

import (
	"testing"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// Servers are reached through the accounts of a cloud that migrates them, at the
// address that the account's form names, and through no others.
func TestServersAreReachedThroughTheirAccount(t *testing.T) {
	h := newHouse(t)
	center, err := h.app.Ports.Center(t.Context(), demo.Account)
	if err != nil {
		t.Fatal(err)
	}
	all, err := center.Servers(t.Context())
	if err != nil || len(all) != 3 || all[2].ID != emulators.SourceSQL || all[2].Host != emulators.Server {
		t.Errorf("%+v %v", all, err)
	}
	if again, err := h.app.Ports.Center(t.Context(), demo.Account); err != nil || again != center {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := h.app.Ports.Center(t.Context(), demo.AWS); !fault.Is(err, fault.Invalid) {
		t.Errorf("through an account of another cloud: %v", err)
	}
	can := map[endpoint.AccountKind]bool{}
	for _, k := range app.Specs().Accounts {
		can[endpoint.AccountKind(k.Key)] = k.Servers
	}
	if len(can) != 2 || !can["alibaba"] || can["aws"] {
		t.Errorf("kinds %v", can)
	}
}
