package words

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// wire is a Text as JSON: {"format": …, "args": […]}. Numbers with a point or
// an exponent are float64, others int64; the types of this package are objects
// with one field that names them.
type wire Text

// MarshalJSON writes a string where that says all.
func (t Text) MarshalJSON() ([]byte, error) {
	if len(t.Args) == 0 && !strings.Contains(t.Format, "%%") {
		return json.Marshal(t.Format)
	}
	return json.Marshal(wire(t))
}

// UnmarshalJSON reads what MarshalJSON wrote, and plain sentences of earlier
// versions.
func (t *Text) UnmarshalJSON(b []byte) error {
	var column string
	if len(b) > 0 && b[0] != '{' {
		if err := json.Unmarshal(b, &column); err != nil {
			return err
		}
		*t = Decode(column)
		return nil
	}
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*t = Text(w)
	return nil
}

func (w wire) MarshalJSON() ([]byte, error) {
	args := make([]json.RawMessage, len(w.Args))
	for i, a := range w.Args {
		b, err := argument(plain(a))
		if err != nil {
			return nil, err
		}
		args[i] = b
	}
	return json.Marshal(struct {
		Format string            `json:"format"`
		Args   []json.RawMessage `json:"args,omitempty"`
	}{w.Format, args})
}

func argument(a any) ([]byte, error) {
	switch v := a.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return json.Marshal(typed{Float: ptr(fmt.Sprint(v))})
		}
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return []byte(s), nil
	case Text:
		return json.Marshal(typed{Text: ptr(wire(v))})
	case Bytes:
		return json.Marshal(typed{Bytes: ptr(int64(v))})
	case Span:
		return json.Marshal(typed{Nanoseconds: ptr(int64(v))})
	case Number:
		return json.Marshal(typed{Number: ptr(int64(v))})
	case Moment:
		return json.Marshal(typed{Time: ptr(time.Time(v).UTC())})
	}
	return json.Marshal(a)
}

// typed is an argument of a type of this package; one field is set.
type typed struct {
	Text        *wire      `json:"text,omitempty"`
	Bytes       *int64     `json:"bytes,omitempty"`
	Nanoseconds *int64     `json:"nanoseconds,omitempty"`
	Number      *int64     `json:"number,omitempty"`
	Time        *time.Time `json:"time,omitempty"`
	Float       *string    `json:"float,omitempty"` // no number, or infinite
}

func ptr[T any](v T) *T { return &v }

func (w *wire) UnmarshalJSON(b []byte) error {
	var in struct {
		Format string            `json:"format"`
		Args   []json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*w = wire{Format: in.Format}
	for _, raw := range in.Args {
		a, err := readArgument(raw)
		if err != nil {
			return err
		}
		w.Args = append(w.Args, a)
	}
	return nil
}

func readArgument(raw json.RawMessage) (any, error) {
	switch raw[0] {
	case '{':
		var o typed
		err := json.Unmarshal(raw, &o)
		switch {
		case err != nil:
			return nil, err
		case o.Text != nil:
			return Text(*o.Text), nil
		case o.Bytes != nil:
			return Bytes(*o.Bytes), nil
		case o.Nanoseconds != nil:
			return Span(*o.Nanoseconds), nil
		case o.Number != nil:
			return Number(*o.Number), nil
		case o.Time != nil:
			return Moment(*o.Time), nil
		case o.Float != nil:
			return strconv.ParseFloat(*o.Float, 64)
		}
		return string(raw), nil // of a later version
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case 't', 'f':
		return raw[0] == 't', nil
	case 'n':
		return "", nil
	}
	if strings.ContainsAny(string(raw), ".eE") {
		return strconv.ParseFloat(string(raw), 64)
	}
	return strconv.ParseInt(string(raw), 10, 64)
}
