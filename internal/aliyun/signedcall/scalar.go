package signedcall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alibabacloud-go/tea/dara"
)

// Text is a scalar that the service documents as a string and sometimes sends
// as a number or a boolean. null is the empty text.
type Text string

// UnmarshalJSON keeps anything that is not a JSON string as it was written.
func (t *Text) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Text(s)
		return nil
	}
	if string(b) == "null" {
		*t = ""
		return nil
	}
	*t = Text(b)
	return nil
}

// Number is an integer that may arrive as a string. Empty and null are 0.
type Number int64

// UnmarshalJSON refuses what is no whole number.
func (n *Number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(strings.TrimSpace(string(b)), `"`)
	if s == "" || s == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(s, 64)
		if ferr != nil || f != float64(int64(f)) {
			return fmt.Errorf("%s is not a whole number", b)
		}
		v = int64(f)
	}
	*n = Number(v)
	return nil
}

// Layouts of times: services write them to the second, and RDS takes those of
// queries to the minute; always UTC.
const (
	TimeMinutes = "2006-01-02T15:04Z"
	TimeSeconds = "2006-01-02T15:04:05Z"
)

// Time reads either form, RFC 3339 with an offset or fractions, and figures
// without leading zeros, as a sample of DescribeMigrateTasks has them. What
// cannot be read is the zero time: a display detail must not fail a poll.
func (t Text) Time() time.Time {
	for _, layout := range []string{TimeSeconds, TimeMinutes, time.RFC3339Nano, "2006-1-2T15:4:5Z"} {
		if v, err := time.Parse(layout, strings.TrimSpace(string(t))); err == nil {
			return v.UTC()
		}
	}
	return time.Time{}
}

// Moment reads a time of an answer; the zero time when there is none.
func Moment(s *string) time.Time { return Text(dara.StringValue(s)).Time() }
