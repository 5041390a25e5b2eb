package server

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/web/templates"
)

func personView(f templates.Form, title, intro string, status int) view {
	v := templates.FormPage{Title: title, Intro: intro, Crumbs: []templates.Link{{Text: "Settings", Href: "/settings"}, {Text: title}}, Form: f}
	return view{title: title, section: "settings", status: status, page: func(f templates.Frame) templ.Component { return templates.FormPageView(f, v) }}
}

const personIntro = "Everybody here is an administrator. What each does is kept in the audit trail under their own name."

func newPersonForm(name string) templates.Form {
	f := welcomeForm(name)
	f.Action, f.Submit, f.Cancel = "/settings/people", "Add the person", "/settings#people"
	return f
}

func (s *Server) personForm(c echo.Context) (view, error) {
	return personView(newPersonForm(""), "Add a person", personIntro, 0), nil
}

// personAdd makes an account for somebody.
func (s *Server) personAdd(c echo.Context) error {
	name, password := strings.TrimSpace(c.FormValue("name")), secret.NewText(c.FormValue("password"))
	f := newPersonForm(name)
	if !checkNewPerson(&f, name, password, c.FormValue("again")) {
		return s.refused(c, personView(f, "Add a person", personIntro, 0))
	}
	p := s.newPerson(name, password)
	err := s.People.AddPerson(c.Request().Context(), p, s.entry(c, "person.add", "person/"+p.ID, "Added "+name+"."))
	if fault.Is(err, fault.Conflict) {
		f.Fields[0].Error = "Somebody has this name already."
		return s.refused(c, personView(f, "Add a person", personIntro, 0))
	}
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, name+" can sign in now.")
	return seeOther(c, "/settings#people")
}

// personAskRemove asks for the name before an account is taken away.
func (s *Server) personAskRemove(c echo.Context) (view, error) {
	p, err := s.People.Person(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return removal{thing: "person", name: p.Name, href: "/settings/people/" + p.ID, back: "/settings#people",
		points: []string{p.Name + " cannot sign in any more.", "Their sessions and API tokens end.", "The audit trail keeps what they did."}}.ask(nil), nil
}

// personRemove takes somebody's account away, with their tokens and sessions.
func (s *Server) personRemove(c echo.Context) error {
	ctx, me := c.Request().Context(), actor(c)
	p, err := s.People.Person(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if p.Name == me.Name {
		return fault.New(fault.Conflict, "This is your own account.", "Let somebody else remove it.")
	}
	if err := typed(c, p.Name); err != nil {
		v, viewErr := s.personAskRemove(c)
		return s.askAgain(c, v, viewErr, err)
	}
	if err := s.People.RemovePerson(ctx, p.ID, s.entry(c, "person.remove", "person/"+p.ID, "Removed "+p.Name+".")); err != nil {
		return err
	}
	s.say(c, templates.ToneOK, p.Name+" cannot sign in any more.")
	return seeOther(c, "/settings#people")
}

func passwordChangeForm() templates.Form {
	return templates.Form{Action: "/settings/password", Submit: "Change it", Cancel: "/settings#people", Fields: []templates.Field{
		{Name: "old", Label: "Password until now", Type: "password", Autocomplete: "current-password", Focus: true},
		{Name: "password", Label: "New password", Type: "password", Autocomplete: "new-password", Hint: "At least 10 characters."},
		{Name: "again", Label: "New password again", Type: "password", Autocomplete: "new-password"},
	}}
}

const passwordIntro = "Your other sessions end when the password changes. Tokens stay."

func (s *Server) passwordForm(echo.Context) (view, error) {
	return personView(passwordChangeForm(), "Change your password", passwordIntro, 0), nil
}

// passwordSet changes one's own password; every other session of the person
// is over with it.
func (s *Server) passwordSet(c echo.Context) error {
	ctx := c.Request().Context()
	me, _ := who(c)
	if !s.limiter.open("password " + me.person.ID) {
		return fault.New(fault.Unavailable, "Too many tries.", "Wait a minute, then try again.")
	}
	f, password := passwordChangeForm(), secret.NewText(c.FormValue("password"))
	right, hash := false, ""
	s.limiter.hashing(func() { right = person.VerifyPassword(me.person.Hash, secret.NewText(c.FormValue("old"))) })
	if !right {
		f.Fields[0].Error = "This is not your password."
	}
	if !checkNewPerson(&f, me.person.Name, password, c.FormValue("again")) || !right {
		return s.refused(c, personView(f, "Change your password", passwordIntro, 0))
	}
	s.limiter.hashing(func() { hash = person.HashPassword(password) })
	if err := s.People.SetPassword(ctx, me.person.ID, hash, s.entry(c, "person.password", "person/"+me.person.ID, me.person.Name+" changed their password.")); err != nil {
		return err
	}
	if err := s.begin(ctx, me.person); err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "Your password is changed, and your other sessions are over.")
	return seeOther(c, "/settings#people")
}

// tokenAdd makes a token and shows it on the page that answers, and nowhere
// else: it is not kept for a later one.
func (s *Server) tokenAdd(c echo.Context) error {
	text, _, err := s.newToken(c, c.FormValue("name"))
	if err != nil {
		return err
	}
	v, err := s.settingsView(c, &templates.Secret{Title: "Your new token, shown this once", Value: text.Reveal(), Note: "Copy it now: only its hash is kept. Send it as Authorization: Bearer …"})
	if err != nil {
		return err
	}
	return render(c, http.StatusCreated, v.page(s.frame(c, v.title, v.section, "")))
}

func (s *Server) newToken(c echo.Context, name string) (secret.Text, person.Token, error) {
	me, _ := who(c)
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) {
		return secret.Text{}, person.Token{}, invalid("The token has no name, or one of more than 100 characters.", "Say what it is for; then it can be told from others later.")
	}
	text := person.NewToken()
	t := person.Token{ID: s.NewID(), PersonID: me.person.ID, Name: name, Hash: person.HashToken(text.Reveal()), Created: s.Now().UTC()}
	return text, t, s.People.AddToken(c.Request().Context(), t, s.entry(c, "token.add", "token/"+t.ID, "Made the token “"+name+"”."))
}

// tokenAskRemove asks for the name before a token stops working.
func (s *Server) tokenAskRemove(c echo.Context) (view, error) {
	t, err := s.token(c)
	if err != nil {
		return view{}, err
	}
	return removal{thing: "token", name: t.Name, href: "/settings/tokens/" + t.ID, back: "/settings#tokens", points: []string{"Programs that use it are refused from then on."}}.ask(nil), nil
}

// token finds one of one's own tokens.
func (s *Server) token(c echo.Context) (person.Token, error) {
	me, _ := who(c)
	tokens, err := s.People.Tokens(c.Request().Context(), me.person.ID)
	for _, t := range tokens {
		if t.ID == c.Param("id") {
			return t, nil
		}
	}
	if err == nil {
		err = fault.New(fault.NotFound, "You have no such token.", "See the list in Settings.")
	}
	return person.Token{}, err
}

func (s *Server) tokenRemove(c echo.Context) error {
	t, err := s.token(c)
	if err != nil {
		return err
	}
	if err := typed(c, t.Name); err != nil {
		v, viewErr := s.tokenAskRemove(c)
		return s.askAgain(c, v, viewErr, err)
	}
	if err := s.dropToken(c); err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The token works no more.")
	return seeOther(c, "/settings#tokens")
}

func (s *Server) dropToken(c echo.Context) error {
	me, _ := who(c)
	id := c.Param("id")
	return s.People.RemoveToken(c.Request().Context(), me.person.ID, id, s.entry(c, "token.remove", "token/"+id, "Removed a token."))
}
