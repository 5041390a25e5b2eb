package policy

import (
	"fmt"
	"strings"

	"github.com/robfig/cron/v3"

	"github.com/bakplane/bakplane/internal/fault"
)

// parseCron reads a cron line of five fields or a descriptor. The library
// panics at some hostile lines, such as "TZ=0", and takes zones inside the
// line, which a policy has a field of its own for.
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
	return s, nil
}
