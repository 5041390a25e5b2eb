// Package policies draws the pages of backup policies.
package policies
