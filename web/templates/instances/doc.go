// Package instances draws the pages of instances.
package instances
