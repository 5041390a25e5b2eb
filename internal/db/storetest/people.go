package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
)

func ofTwoFirstPeopleOneWins(t *testing.T, open Open) {
	d, at := open(t), time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			errs[i] = d.AddFirst(t.Context(), person.Person{ID: string(rune('a' + i)), Name: "admin" + string(rune('a'+i)), Created: at, Changed: at}, entryAt(at))
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	people, err := d.People(t.Context())
	if err != nil || won != 1 || len(people) != 1 {
		t.Fatalf("%d were told they are first, %d are there: %v", won, len(people), err)
	}
	if walk, err := d.VerifyAudit(t.Context()); err != nil || walk.Seq != 1 {
		t.Errorf("audit after it: %d entries, %v", walk.Seq, err)
	}
}

func namesAreFoundWithoutRegardToCaseAndTakenOnce(t *testing.T, open Open) {
	d, at := open(t), time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	ctx := t.Context()
	if err := d.AddPerson(ctx, person.Person{ID: "1", Name: "Ana@Example.org", Hash: "h", Created: at, Changed: at}, entryAt(at)); err != nil {
		t.Fatal(err)
	}
	if p, err := d.PersonNamed(ctx, "ana@example.ORG"); err != nil || p.Name != "Ana@Example.org" || !p.Created.Equal(at) {
		t.Errorf("%+v %v", p, err)
	}
	if err := d.AddPerson(ctx, person.Person{ID: "2", Name: "ANA@example.org", Created: at, Changed: at}, entryAt(at)); !fault.Is(err, fault.Conflict) {
		t.Errorf("a taken name: %v", err)
	}
	if _, err := d.PersonNamed(ctx, "bob"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown name: %v", err)
	}
	if err := d.RemovePerson(ctx, "1", entryAt(at)); !fault.Is(err, fault.Conflict) {
		t.Errorf("removing the last person: %v", err)
	}
	later := at.Add(time.Hour)
	if err := d.SetPassword(ctx, "1", "h2", entryAt(later)); err != nil {
		t.Fatal(err)
	}
	if p, _ := d.Person(ctx, "1"); p.Hash != "h2" || !p.Changed.Equal(later) {
		t.Errorf("after a new password: %+v", p)
	}
}

func tokensLeaveWithTheirPerson(t *testing.T, open Open) {
	d, at := open(t), time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	ctx := t.Context()
	for _, id := range []string{"1", "2"} {
		if err := d.AddPerson(ctx, person.Person{ID: id, Name: "p" + id, Created: at, Changed: at}, entryAt(at)); err != nil {
			t.Fatal(err)
		}
		if err := d.AddToken(ctx, person.Token{ID: "t" + id, PersonID: id, Name: "script", Hash: "hash" + id, Scope: person.Operate, Created: at, Expires: at.Add(24 * time.Hour)}, entryAt(at)); err != nil {
			t.Fatal(err)
		}
	}
	p, token, err := d.PersonOfToken(ctx, "hash1", at)
	if err != nil || p.ID != "1" || !token.Used.Equal(at) {
		t.Fatalf("%+v %+v %v", p, token, err)
	}
	if all, _ := d.Tokens(ctx, "1"); len(all) != 1 || !all[0].Used.Equal(at) {
		t.Errorf("the use is not noted: %+v", all)
	}
	if err := d.RemoveToken(ctx, "1", "t2", entryAt(at)); !fault.Is(err, fault.NotFound) {
		t.Errorf("removing another person's token: %v", err)
	}
	if err := d.RemovePerson(ctx, "1", entryAt(at)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.PersonOfToken(ctx, "hash1", at); !fault.Is(err, fault.NotFound) {
		t.Errorf("the token of somebody who left: %v", err)
	}
}

func theLastPersonStays(t *testing.T, open Open) {
	d, at := open(t), time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	add := func(id, name string) {
		t.Helper()
		if err := d.AddPerson(t.Context(), person.Person{ID: id, Name: name, Hash: "h", Created: at, Changed: at}, entryAt(at)); err != nil {
			t.Fatal(err)
		}
	}
	add("1", "ana")
	if err := d.RemovePerson(t.Context(), "1", entryAt(at)); !fault.Is(err, fault.Conflict) {
		t.Fatalf("the last one: %v", err)
	}
	add("2", "bob")
	if err := d.RemovePerson(t.Context(), "nobody", entryAt(at)); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
	if err := d.RemovePerson(t.Context(), "1", entryAt(at)); err != nil {
		t.Errorf("one of two: %v", err)
	}
	if err := d.RemovePerson(t.Context(), "2", entryAt(at)); !fault.Is(err, fault.Conflict) {
		t.Errorf("the one who is left: %v", err)
	}
}

func aTokenIsItsPersonsOwnAndItsUseIsNotedHourly(t *testing.T, open Open) {
	d, at := open(t), time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	for _, id := range []string{"1", "2"} {
		if err := d.AddPerson(t.Context(), person.Person{ID: id, Name: "n" + id, Hash: "h", Created: at, Changed: at}, entryAt(at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.AddToken(t.Context(), person.Token{ID: "t", PersonID: "1", Name: "script", Hash: "x", Scope: person.Read, Created: at, Expires: at.Add(2 * time.Hour)}, entryAt(at)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ after, noted time.Duration }{{0, 0}, {time.Hour - time.Microsecond, 0}, {time.Hour, time.Hour}, {time.Hour + time.Second, time.Hour}} {
		p, _, err := d.PersonOfToken(t.Context(), "x", at.Add(c.after))
		tokens, err2 := d.Tokens(t.Context(), "1")
		if err != nil || err2 != nil || p.ID != "1" || !tokens[0].Used.Equal(at.Add(c.noted)) {
			t.Errorf("used after %s: noted %s, %v %v", c.after, tokens[0].Used, err, err2)
		}
	}
	if p, token, err := d.PersonOfToken(t.Context(), "x", at.Add(2*time.Hour)); !fault.Is(err, fault.Denied) || p.ID != "1" || token.Name != "script" || token.Scope != person.Read {
		t.Errorf("an expired token: %+v %+v %v", p, token, err)
	}
	if _, _, err := d.PersonOfToken(t.Context(), "y", at); !fault.Is(err, fault.NotFound) {
		t.Errorf("another token: %v", err)
	}
	if err := d.RemoveToken(t.Context(), "2", "t", entryAt(at)); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's token is taken away: %v", err)
	}
	if err := d.RemoveToken(t.Context(), "1", "t", entryAt(at)); err != nil {
		t.Error(err)
	}
}

func aSessionLastsUntilItIsEnded(t *testing.T, open Open) {
	d, at := open(t), time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC)
	ctx := t.Context()
	begin := func(id, person1 string, began time.Time) {
		t.Helper()
		if err := d.BeginSession(ctx, person.Session{ID: id, PersonID: person1, Began: began, Seen: began, Address: "192.0.2.1", Agent: "browser", Browser: "b" + person1}, entryAt(began)); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"1", "2"} {
		if err := d.AddPerson(ctx, person.Person{ID: id, Name: "n" + id, Hash: "h", Created: at, Changed: at}, entryAt(at)); err != nil {
			t.Fatal(err)
		}
	}
	begin("s1", "1", at)
	begin("s2", "2", at.Add(time.Second))
	begin("s3", "1", at.Add(2*time.Second))
	p, s, err := d.PersonOfSession(ctx, "s1")
	if err != nil || p.ID != "1" || !s.Began.Equal(at) || s.Address != "192.0.2.1" || s.Agent != "browser" {
		t.Fatalf("%+v %+v %v", p, s, err)
	}
	if err := d.SeeSession(ctx, "s1", at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, s, _ = d.PersonOfSession(ctx, "s1"); !s.Seen.Equal(at.Add(time.Hour)) {
		t.Errorf("seen %s", s.Seen)
	}
	if err := d.EndSession(ctx, "s1", entryAt(at)); err != nil {
		t.Fatal(err)
	}
	if err := d.EndSession(ctx, "s1", entryAt(at)); !fault.Is(err, fault.NotFound) {
		t.Errorf("ended twice: %v", err)
	}
	if _, _, err := d.PersonOfSession(ctx, "s1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("after its end: %v", err)
	}
	if known, err := d.KnowsBrowser(ctx, "1", "b1"); err != nil || !known {
		t.Errorf("the browser is forgotten: %v", err)
	}
	if known, err := d.KnowsBrowser(ctx, "1", "b2"); err != nil || known {
		t.Errorf("another's browser is known: %v", err)
	}
	if err := d.SetPassword(ctx, "1", "h2", entryAt(at)); err != nil {
		t.Fatal(err)
	}
	if all, err := d.SignIns(ctx); err != nil || len(all) != 1 || all[0].ID != "s2" {
		t.Errorf("after a new password of one: %+v %v", all, err)
	}
	begin("s4", "1", at.Add(time.Minute)) // also with a clock behind the one of the password
	if _, _, err := d.PersonOfSession(ctx, "s4"); err != nil {
		t.Errorf("a session with the new password: %v", err)
	}
	if err := d.RemovePerson(ctx, "2", entryAt(at)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.PersonOfSession(ctx, "s2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("of somebody who left: %v", err)
	}
	begin("s5", "1", at.Add(person.SessionsKept+time.Hour))
	if all, err := d.SignIns(ctx); err != nil || len(all) != 1 {
		t.Errorf("old ones are kept: %+v %v", all, err)
	}
}
