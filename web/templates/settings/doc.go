// Package settings draws the pages of settings and storage.
package settings
