package words

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
)

type kind string

type level int

type worded struct{}

func (worded) String() string { return "its own words" }

// everything has an argument of each kind that can be given.
func everything() Text {
	return Say("%s %q %t %d %.2f %s %s %s %s %s %s %s %v %d 100 %%", "text", kind("full"), true, level(3), 2.0,
		Count(1204, "file", "files"), Bytes(3<<40), 90*time.Minute, Number(-1234567), time.Date(2026, 11, 20, 13, 42, 5, 0, time.UTC), worded{}, errors.New("an error"), []string{"a", "b"}, uint16(7))
}

const everythingSays = `text "full" true 3 2.00 1,204 files 3.0 TB 1 h 30 min -1,234,567 2026-11-20 13:42:05 UTC its own words an error [a b] 7 100 %`

func TestATextReadsTheSameAfterItWasKept(t *testing.T) {
	for name, text := range map[string]Text{
		"everything": everything(), "nothing": {}, "a constant": Say("It is done."), "a constant with percent": Say("At 100 %%."), "foreign words": Plain(`100 %% of {"format": it`),
		"foreign words like ours": Plain(`{"format":"x"}`), "sentences": Join(Text{}, Say("One."), Say("Two of %d.", 2), Plain("Three.")), "no number": Say("%.1f", math.NaN()),
		"large": Say("%d %v", int64(math.MaxInt64), 1e300),
	} {
		b, err := json.Marshal(struct{ T Text }{text})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var back struct{ T Text }
		if err := json.Unmarshal(b, &back); err != nil || back.T.String() != text.String() || back.T.Format != text.Format {
			t.Errorf("%s: %q came back as %q, %v (%s)", name, text, back.T, err, b)
		}
		if got := Decode(text.Encode()); got.String() != text.String() || got.Format != text.Format {
			t.Errorf("%s: %q came back from a column as %q", name, text, got)
		}
	}
	if got := everything().String(); got != everythingSays {
		t.Errorf("said\n%s\nwant\n%s", got, everythingSays)
	}
}

// TestOldSentencesAreRead: rows of versions before this one hold plain
// sentences, in columns and in JSON.
func TestOldSentencesAreRead(t *testing.T) {
	for _, old := range []string{"", "It is full.", "100 % of it.", "100 %% and %s.", "line\nline", `{"a": 1}`} {
		if got := Decode(old).String(); got != old {
			t.Errorf("column %q reads as %q", old, got)
		}
		b, _ := json.Marshal(old)
		var back Text
		if err := json.Unmarshal(b, &back); err != nil || back.String() != old {
			t.Errorf("JSON %s reads as %q, %v", b, back, err)
		}
	}
	var back Text
	if err := json.Unmarshal([]byte("null"), &back); err != nil || !back.IsZero() {
		t.Errorf("null reads as %q, %v", back, err)
	}
	if err := json.Unmarshal([]byte("7"), &back); err == nil {
		t.Error("a number is read as a sentence")
	}
}

// TestAnotherLanguageIsATable also words what stands inside a sentence.
func TestAnotherLanguageIsATable(t *testing.T) {
	german := Table{"%s of %s are free.": "Von %[2]s sind %[1]s frei.", "%s files": "%s Dateien", "Done.": "Fertig."}
	text := Join(Say("%s of %s are free.", Bytes(1<<30), Bytes(2<<30)), Count(3, "file", "files"), Say("Done."), Say("No row."))
	if got, want := text.In(german), "Von 2.0 GB sind 1.0 GB frei. 3 Dateien Fertig. No row."; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[Bytes]string{
		-1: "0 B", 0: "0 B", 999: "999 B", 1000: "1.0 KB", 1 << 10: "1.0 KB", 1023 << 10: "1.0 MB", 99 << 20: "99.0 MB", 102350: "100 KB", 412 << 30: "412 GB", 3 << 40: "3.0 TB", 1 << 60: "1024 PB",
	} {
		if got := n.String(); got != want {
			t.Errorf("%d is worded %q, want %q", int64(n), got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 0: "0 s", 499 * time.Millisecond: "499 ms", time.Second: "1 s", 1500 * time.Millisecond: "1.5 s", 40 * time.Second: "40 s",
		130 * time.Second: "2 min 10 s", 2 * time.Minute: "2 min", 59*time.Minute + 59*time.Second: "59 min", 96 * time.Minute: "1 h 36 min", 150 * time.Minute: "2 h 30 min",
		13 * time.Hour: "13 h", 25 * time.Hour: "25 h", 76 * time.Hour: "3 d 4 h", 7 * 24 * time.Hour: "7 d", 250 * time.Hour: "10 d",
	} {
		if got := Span(d).String(); got != want {
			t.Errorf("%s is worded %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 s", time.Millisecond: "1 s", 59500 * time.Millisecond: "1 min", 133 * time.Second: "2 min 15 s"} {
		if got := Roughly(d).String(); got != want {
			t.Errorf("roughly %s is worded %q, want %q", d, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[Number]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", math.MinInt64: "-9,223,372,036,854,775,808"} {
		if got := n.String(); got != want {
			t.Errorf("%d is worded %q, want %q", int64(n), got, want)
		}
	}
	if got := Count(1, "file", "files").String() + " " + Count(0, "file", "files").String(); got != "1 file 0 files" {
		t.Error(got)
	}
}
