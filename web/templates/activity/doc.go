// Package activity draws the overview, the runs and the audit trail.
package activity
