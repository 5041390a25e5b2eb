package migrations

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/migration/drafting"
)

func waveRequestOf(v url.Values) drafting.WaveRequest {
	return drafting.WaveRequest{Name: strings.TrimSpace(v.Get("name")), Server: v.Get("server"), Databases: inPlace(v["database"], v), Instance: v.Get("instance"), Staging: v.Get("staging"),
		Every: v.Get("every"), Freeze: v.Get("freeze"), Check: v.Get("check"), Compress: v.Get("compress") != "",
		KeepCDC: v.Get("keep_cdc") != "", Owner: strings.TrimSpace(v.Get("owner"))}
}

// placeField is the name of the field with a database's place in the order.
func placeField(database string) string { return "place:" + database }

// inPlace orders databases by the places a person gave them; those without one
// follow in the order in which they came.
func inPlace(names []string, v url.Values) []string {
	place := func(name string) int {
		if n, err := strconv.Atoi(strings.TrimSpace(v.Get(placeField(name)))); err == nil {
			return n
		}
		return math.MaxInt
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	return names
}

func waveValues(w drafting.WaveRequest) url.Values {
	v := liveValues(w.Live(""))
	if w.Name != "" {
		v.Set("name", w.Name)
	}
	if len(w.Databases) > 0 {
		v["database"] = w.Databases
	}
	return v
}
