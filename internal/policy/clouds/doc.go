// Package clouds has the backup policies that a cloud service carries out by
// itself: what may be written, how it is called, what it promises, and which
// version of it was seen when.
package clouds
