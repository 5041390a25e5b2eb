package smcemu

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/acs"
)

const stamp = "2006-01-02T15:04:05Z"

// text is a time as the API writes it; the zero time is empty.
func text(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(stamp)
}

// badValue refuses a parameter; the code is ours.
func badValue(name, why string) *refusal {
	return acs.Refuse(http.StatusBadRequest, "InvalidParameter."+name, "The specified parameter %s is not valid: %s.", name, why)
}

// get is a parameter, empty when it is not there.
func (q *request) get(name string) string { return q.params.Get(name) }

// need is a parameter that must be there.
func (q *request) need(name string) (string, *refusal) {
	if v := q.get(name); v != "" {
		return v, nil
	}
	return "", acs.Refuse(http.StatusBadRequest, "MissingParameter", "The input parameter %q that is mandatory for processing this request is not supplied.", name)
}

// number reads a whole number into into, when it is there and within bounds.
func (q *request) number(name string, low, high int, into *int) *refusal {
	v := q.get(name)
	if v == "" {
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		return badValue(name, "it must be a whole number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
	}
	*into = n
	return nil
}

// yes reads a truth value; standard stands when it is not there.
func (q *request) yes(name string, standard bool) (bool, *refusal) {
	switch strings.ToLower(q.get(name)) {
	case "":
		return standard, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, badValue(name, "it must be true or false")
}

// moment reads a time, the zero time when it is not there.
func (q *request) moment(name string) (time.Time, *refusal) {
	v := q.get(name)
	if v == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(stamp, v)
	if err != nil {
		return time.Time{}, badValue(name, "it must have the form yyyy-MM-ddTHH:mm:ssZ")
	}
	return at, nil
}

// list is a list such as JobId.1, JobId.2, …
func (q *request) list(name string, most int) ([]string, *refusal) {
	var out []string
	for n := 1; q.params.Has(name + "." + strconv.Itoa(n)); n++ {
		if n > most {
			return nil, badValue(name, "at most "+strconv.Itoa(most)+" are allowed")
		}
		out = append(out, q.get(name+"."+strconv.Itoa(n)))
	}
	return out, nil
}

var (
	named     = regexp.MustCompile(`^[\p{L}][\p{L}\p{N}:_-]{1,127}$`)
	tokenForm = regexp.MustCompile(`^[\x21-\x7e]{1,64}$`)
)

// name checks a name: 2 to 128 signs, a letter first, no address.
func (q *request) name(name string) *refusal {
	v := q.get(name)
	if v != "" && (!named.MatchString(v) || strings.HasPrefix(v, "http:") || strings.HasPrefix(v, "https:")) {
		return badValue(name, "it must have 2 to 128 characters, begin with a letter and contain letters, digits, colons, underscores and hyphens only")
	}
	return nil
}

// page reads PageNumber and PageSize (1 to 50, 10 when not given).
func (q *request) page() (number, size int, refused *refusal) {
	number, size = 1, 10
	if refused = q.number("PageNumber", 1, 1<<30, &number); refused == nil {
		refused = q.number("PageSize", 1, 50, &size)
	}
	return number, size, refused
}

// cut returns one page of rows.
func cut[T any](rows []T, number, size int) []T {
	from := min((number-1)*size, len(rows))
	if from < 0 {
		from = len(rows)
	}
	return rows[from:min(from+size, len(rows))]
}

// tags reads Tag.N.Key and Tag.N.Value.
func (q *request) tags() (out []Tag, refused *refusal) {
	for n := 1; ; n++ {
		at := "Tag." + strconv.Itoa(n) + "."
		key, value := q.get(at+"Key"), q.get(at+"Value")
		if !q.params.Has(at+"Key") && !q.params.Has(at+"Value") {
			return out, nil
		}
		if n > 20 || key == "" || len(key) > 128 || len(value) > 128 {
			return nil, badValue("Tag", "at most 20 tags with keys and values of up to 128 characters are allowed")
		}
		out = append(out, Tag{key, value})
	}
}

// holds reports whether all wanted tags are among those of a thing.
func holds(have, want []Tag) bool {
	for _, t := range want {
		if !slices.Contains(have, t) {
			return false
		}
	}
	return true
}

// fits reports whether a filter is empty or lets v pass.
func fits(v string, wanted ...string) bool {
	return len(wanted) == 0 || len(wanted) == 1 && wanted[0] == "" || slices.Contains(wanted, v)
}

// nest puts a list into the second shell that the API gives it.
func nest(name string, rows []answer) answer {
	if rows == nil {
		rows = []answer{}
	}
	return answer{name: rows}
}

func tagRows(tags []Tag) answer {
	var rows []answer
	for _, t := range tags {
		rows = append(rows, answer{"Key": t.Key, "Value": t.Value})
	}
	return nest("Tag", rows)
}
