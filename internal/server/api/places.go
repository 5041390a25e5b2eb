package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
)

// trialJSON is a trial of a bucket, step by step.
type trialJSON struct {
	Works   bool            `json:"works"` // every step does
	Steps   []trialStepJSON `json:"steps"`
	Remarks []remarkJSON    `json:"remarks"`
}

type trialStepJSON struct {
	What   string `json:"what"`
	Result string `json:"result"` // works, fails or not tried
	Cause  string `json:"cause,omitempty"`
	Fix    string `json:"fix,omitempty"`
}

type remarkJSON struct {
	Bad  bool   `json:"bad"` // something will fail because of it
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"`
}

// bucketTry tries a bucket as the page does.
func (s *API) bucketTry(c echo.Context) error {
	t, err := s.TryBucket(c)
	if err != nil {
		return err
	}
	out := trialJSON{Works: true, Steps: []trialStepJSON{}, Remarks: []remarkJSON{}}
	for _, step := range t.Steps {
		row := trialStepJSON{What: step.What.String(), Result: "works"}
		switch {
		case step.Skipped:
			row.Result = "not tried"
		case step.Err != nil:
			row.Result = "fails"
			row.Cause, row.Fix = fault.Words(step.Err)
		}
		out.Works = out.Works && row.Result == "works"
		out.Steps = append(out.Steps, row)
	}
	for _, r := range t.Remarks {
		out.Remarks = append(out.Remarks, remarkJSON{r.Bad, r.Text.String(), r.Fix.String()})
	}
	return c.JSON(http.StatusOK, out)
}

// foundJSON is one sort of things that an account holds; cause and fix stand
// where they could not be listed.
type foundJSON struct {
	What   string      `json:"what"`
	Things []thingJSON `json:"things"`
	More   bool        `json:"more,omitempty"` // there were more than are listed
	Cause  string      `json:"cause,omitempty"`
	Fix    string      `json:"fix,omitempty"`
}

type thingJSON struct {
	Name  string            `json:"name"`
	Facts map[string]string `json:"facts"`
	Notes []remarkJSON      `json:"notes"`
	Form  map[string]string `json:"form"` // what an endpoint of it would be made of
}

// accountFound lists what can be picked from an account.
func (s *API) accountFound(c echo.Context) error {
	_, _, held, err := s.Holds(c, c.Param("id"))
	if err != nil {
		return err
	}
	out := []foundJSON{}
	for _, l := range held {
		sort := foundJSON{What: l.What, Things: []thingJSON{}, More: l.More}
		if l.Err != nil {
			help := s.AskedInVain(c, l.Err)
			sort.Cause, sort.Fix = help.Title, help.Fix
		}
		for _, f := range l.Found {
			t := thingJSON{Name: f.Name, Facts: map[string]string{}, Notes: []remarkJSON{}, Form: f.Form}
			for _, fact := range f.Facts {
				t.Facts[fact.Name] = fact.Value.String()
			}
			for _, n := range f.Notes {
				t.Notes = append(t.Notes, remarkJSON{n.Bad, n.Text.String(), n.Fix.String()})
			}
			sort.Things = append(sort.Things, t)
		}
		out = append(out, sort)
	}
	return c.JSON(http.StatusOK, list(out, ""))
}
