// Package templates draws the pages. Every component takes a plain struct
// that is already worded for people: the texts of badges, times, sizes and
// estimates are decided before a component sees them, and components call
// nothing but one another.
//
// A part of a page that changes while it is looked at is a Fragment: the page
// shows it inside Live, and the server sends the same component again under
// the same id when what it shows has changed.
package templates
