// Package preflight looks at everything a migration needs before it begins:
// its files, bucket, target and source. To collect asks the other sides; to
// judge is pure, and gives one finding for each thing looked at.
package preflight
