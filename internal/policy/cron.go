package policy

import (
	"fmt"
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
