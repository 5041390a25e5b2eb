// Package migrations draws the pages of migrations and waves.
package migrations
