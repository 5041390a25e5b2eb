package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/bakplane/bakplane/internal/fault"
)

// parseCron reads a cron line of five fields or a descriptor. The library
// panics at some hostile lines, such as "TZ=0", and takes zones inside the
// line, which a policy has a field of its own for. @every is not taken: it
// counts from whenever it was begun and so has no slots on a clock.
func parseCron(line string) (s cron.Schedule, err error) {
	bad := func(why any) error {
		return fault.Newf(fault.Invalid, "%q is not a cron line: %v.", line, why).
			WithFix("Write five fields (minute hour day month weekday), such as 30 2 * * 0, or @daily.")
	}
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, bad("it cannot be read")
		}
	}()
	if strings.Contains(line, "TZ=") {
		return nil, bad("the zone has a field of its own")
	}
	if fields := strings.Fields(line); len(fields) == 5 && seventh(fields[4]) {
		return nil, fault.Newf(fault.Invalid, "%q has no weekday 7: Sunday is 0.", line).WithFix("Write 0, or sun, for Sunday.")
	}
	if s, err = cron.ParseStandard(strings.TrimSpace(line)); err != nil {
		return nil, bad(strings.TrimSuffix(fmt.Sprint(err), "."))
	}
	if _, ok := s.(*cron.SpecSchedule); !ok {
		return nil, fault.Newf(fault.Invalid, "%q has no times on a clock.", line).WithFix("Write when, such as */30 * * * * for every half an hour.")
	}
	if s.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fault.Newf(fault.Invalid, "%q never comes: no date matches it.", line).WithFix("Choose a day that its months have.")
	}
	return s, nil
}

// seventh reports whether a field of weekdays names a 7, which some cron take
// for Sunday.
func seventh(field string) bool {
	days, _, _ := strings.Cut(field, "/")
	return slices.Contains(strings.FieldsFunc(days, func(r rune) bool { return r == ',' || r == '-' }), "7")
}

// turned reports whether a zone is one of those whose sign is the reverse of
// what most people mean, and what it means: Etc/GMT+8 is eight hours behind UTC,
// as POSIX counts.
func turned(zone string) (means string, ok bool) {
	rest, ok := strings.CutPrefix(zone, "Etc/GMT")
	if !ok || len(rest) < 2 || rest[1:] == "0" {
		return "", false
	}
	switch rest[0] {
	case '+':
		return "UTC−" + rest[1:], true
	case '-':
		return "UTC+" + rest[1:], true
	}
	return "", false
}

// LoadZone reads a zone by its IANA name. The empty name and "Local" are
// refused: they would mean another zone on another machine.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fault.New(fault.Invalid, "The policy names no time zone.", "Choose one by its IANA name, such as Asia/Shanghai or UTC.")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "There is no time zone %q.", name).WithFix("Choose one by its IANA name, such as Asia/Shanghai or UTC.").Because(err)
	}
	return zone, nil
}
