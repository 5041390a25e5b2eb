// Package kit draws the parts that every page is made of: the frame, forms, badges, lists
// and drawings, and the wording of times and sizes. Components take plain
// structs that are already worded for people and call nothing but one another.
//
// A part of a page that changes while it is looked at is a Fragment: the page
// shows it inside Live, and the server sends the same component again under
// the same id when what it shows has changed.
package kit
