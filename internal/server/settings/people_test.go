package settings_test

import (
	"net/http"
	"testing"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

func TestNobodyTakesTheirOwnAccountAway(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	people := func() int {
		all, err := h.DB.People(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	all, err := h.DB.People(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	me := all[0]
	remove := func(id, typed string) { b.Do(http.MethodPost, "/settings/people/"+id+"/remove", "confirm="+typed) }
	remove(me.ID, me.Name)
	if b.Code != http.StatusConflict || people() != 1 {
		t.Fatalf("the last administrator removed himself: %d, %d people", b.Code, people())
	}
	b.Get("/settings/people/new").Submit("/settings/people", "name", "bob", "password", "long enough words", "again", "long enough words")
	if people() != 2 {
		t.Fatalf("%d people: %s", people(), b.Text())
	}
	remove(me.ID, me.Name)
	if b.Code != http.StatusConflict || people() != 2 {
		t.Fatalf("one's own account: %d, %d people", b.Code, people())
	}
	bob, err := h.DB.PersonNamed(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	remove(bob.ID, "somebody")
	if people() != 2 {
		t.Fatal("another name was typed")
	}
	remove(bob.ID, "bob")
	if people() != 1 {
		t.Fatalf("%d: %s", b.Code, b.Text())
	}
}
