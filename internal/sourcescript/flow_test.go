package sourcescript_test

import (
	"fmt"
	"strings"
	"testing"
)

// A script, read by the rule of doc.go: words of the flow stand on lines of
// their own, statements end with a semicolon at the end of a line.
type (
	plain struct{ text string } // without its semicolon
	block struct{ of []any }
	when  struct {
		cond        string
		then, else_ any
	}
	loop struct {
		cond string
		body any
	}
	try struct{ body, caught block }
)

type reader struct {
	lines []string
	at    int
}

// readFlow reads a whole script; what it cannot read ends the test.
func readFlow(t testing.TB, script string) block {
	t.Helper()
	r := &reader{}
	comment := false
	for _, line := range strings.Split(script, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "/*") {
			comment = true
		}
		if !comment && line != "" && !strings.HasPrefix(line, "--") {
			if at := strings.LastIndex(line, "; -- "); at >= 0 {
				line = line[:at+1]
			}
			r.lines = append(r.lines, line)
		}
		if strings.HasSuffix(line, "*/") {
			comment = false
		}
	}
	out, err := r.until("")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (r *reader) until(end string) (out block, err error) {
	for {
		if r.at == len(r.lines) {
			if end == "" {
				return out, nil
			}
			return out, fmt.Errorf("no %s", end)
		}
		if r.lines[r.at] == end {
			r.at++
			return out, nil
		}
		s, err := r.statement()
		if err != nil {
			return out, err
		}
		out.of = append(out.of, s)
	}
}

func (r *reader) statement() (any, error) {
	if r.at == len(r.lines) {
		return nil, fmt.Errorf("the script ends where a statement is due")
	}
	line := r.lines[r.at]
	r.at++
	switch word, rest, _ := strings.Cut(line, " "); {
	case line == "BEGIN":
		return r.until("END")
	case line == "BEGIN TRY":
		body, err := r.until("END TRY")
		if err != nil {
			return nil, err
		}
		if r.at == len(r.lines) || r.lines[r.at] != "BEGIN CATCH" {
			return nil, fmt.Errorf("no BEGIN CATCH behind END TRY")
		}
		r.at++
		caught, err := r.until("END CATCH")
		return try{body, caught}, err
	case word == "IF":
		then, err := r.statement()
		if err != nil {
			return nil, err
		}
		out := when{cond: rest, then: then}
		if r.at < len(r.lines) && (r.lines[r.at] == "ELSE" || strings.HasPrefix(r.lines[r.at], "ELSE IF ")) {
			if rest := strings.TrimPrefix(r.lines[r.at], "ELSE"); rest != "" {
				r.lines[r.at] = strings.TrimSpace(rest)
			} else {
				r.at++
			}
			out.else_, err = r.statement()
		}
		return out, err
	case word == "WHILE":
		body, err := r.statement()
		return loop{rest, body}, err
	case word == "ELSE" || word == "END" || word == "BEGIN":
		return nil, fmt.Errorf("%s stands where a statement is due (line %d of those read)", line, r.at)
	}
	for !strings.HasSuffix(line, ";") {
		if r.at == len(r.lines) {
			return nil, fmt.Errorf("no end of %q", line)
		}
		line += " " + r.lines[r.at]
		r.at++
	}
	return plain{strings.TrimSuffix(line, ";")}, nil
}

// tally counts the statements of a script by what they begin with.
func tally(s any, into map[string]int) {
	switch s := s.(type) {
	case block:
		for _, x := range s.of {
			tally(x, into)
		}
	case when:
		into["IF"]++
		tally(s.then, into)
		if s.else_ != nil {
			tally(s.else_, into)
		}
	case loop:
		into["WHILE"]++
		tally(s.body, into)
	case try:
		into["TRY"]++
		tally(s.body, into)
		tally(s.caught, into)
	case plain:
		word, rest, _ := strings.Cut(s.text, " ")
		word, _, _ = strings.Cut(word, "(")
		if word == "SET" && !strings.HasPrefix(rest, "@") {
			word = "SET OPTION"
		}
		if word == "DECLARE" && strings.Contains(rest, " TABLE (") {
			word = "DECLARE TABLE"
		}
		into[word]++
	}
}
