package smc

import (
	"slices"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/servermigration"
)

// percent reads Progress; what is no percentage is 0.
func percent(s string) float64 {
	p, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(p >= 0 && p <= 100) {
		return 0
	}
	return p
}

func equal(a, b string) bool { return strings.EqualFold(a, b) }

// oldestFirst sorts runs; in which order the service lists them is not said.
func oldestFirst(all []servermigration.Cycle) {
	slices.SortStableFunc(all, func(a, b servermigration.Cycle) int { return a.Start.Compare(b.Start) })
}
