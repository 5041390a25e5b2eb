// Package catalogue draws the pages of backup sets and of how databases are protected.
package catalogue
