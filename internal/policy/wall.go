package policy

import "time"

// Local times are written as times in UTC that nobody takes for UTC: the
// reading of a clock on a wall, for which every hour exists and comes once.

// furthest is how far a wall clock can be from UTC, and how much it was ever
// moved at once (Samoa left out a day in 2011), with something to spare.
const furthest = 50 * time.Hour

// reading is what the zone's clock shows at a moment.
func reading(zone *time.Location, at time.Time) time.Time {
	_, offset := at.In(zone).Zone()
	return at.UTC().Add(time.Duration(offset) * time.Second)
}

// shown is the latest reading that the zone's clock has shown up to a moment,
// that moment included. After the clock was put back it stays where it was
// until the clock comes there again.
func shown(zone *time.Location, at time.Time) time.Time {
	latest := reading(zone, at)
	begin, _ := at.In(zone).ZoneBounds()
	for !begin.IsZero() && at.Sub(begin) < furthest {
		last := begin.Add(-time.Nanosecond)
		if r := reading(zone, last); r.After(latest) {
			latest = r
		}
		begin, _ = last.In(zone).ZoneBounds()
	}
	return latest
}

// moment is the first moment at which the zone's clock shows a reading or a
// later one, in UTC: of an hour that comes twice the first coming, of one that
// does not exist the first moment after the gap. A reading is at or before
// shown(t) exactly when its moment is at or before t.
func moment(zone *time.Location, local time.Time) time.Time {
	at := local.Add(-furthest)
	for {
		_, offset := at.In(zone).Zone()
		begin, end := at.In(zone).ZoneBounds()
		first := local.Add(-time.Duration(offset) * time.Second)
		if !begin.IsZero() && first.Before(begin) {
			first = begin.UTC()
		}
		if end.IsZero() || first.Before(end) {
			return first
		}
		at = end
	}
}
