// Package templates is empty: kit has the parts of pages, and beside it are the
// families of pages. The tests here draw every page of every family.
package templates
