package fences

import (
	"fmt"
	"regexp"
)

// vendors are words that only the room of a vendor knows: names of clouds, of
// their calls, parameters and procedures.
var vendors = regexp.MustCompile(`CreateMigrateTask|\bOss[A-Z]|ApsaraDB|\brds_`)

// Vendors returns one line for each place of a source file that names a vendor.
// The floors that hold words and decisions name none: what is particular about
// a kind of place is a trait, and its words are asked of its adapter.
func Vendors(path string, source []byte) (out []string) {
	for i, line := range lines(source) {
		if hit := vendors.Find(line); hit != nil {
			out = append(out, fmt.Sprintf("%s:%d names %q", path, i+1, hit))
		}
	}
	return out
}

// kindAsked finds questions for the kind of an instance or a bucket.
var kindAsked = regexp.MustCompile(`\.Kind\s*[!=]=\s*(endpoint\.|aliyun\.|sqlserver\.|oss\.|s3\.|folder\.|awsaccount\.|"(apsaradb|selfmanaged|oss|s3|folder)")|kind\s*(=|IN)\s*\(?'(apsaradb|selfmanaged|oss|s3|folder)'`)

// KindsAsked returns one line for each place that asks which kind of instance or
// bucket something is, instead of a trait.
func KindsAsked(path string, source []byte) (out []string) {
	for i, line := range lines(source) {
		if hit := kindAsked.Find(line); hit != nil {
			out = append(out, fmt.Sprintf("%s:%d asks %q", path, i+1, hit))
		}
	}
	return out
}

func lines(source []byte) (out [][]byte) {
	start := 0
	for i, b := range source {
		if b == '\n' {
			out = append(out, source[start:i])
			start = i + 1
		}
	}
	return append(out, source[start:])
}
