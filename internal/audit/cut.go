package audit

// Beyond is the last entry that a trail has too many of, when it keeps most of
// them (0 = all); zero = nothing has to go. cut is the last one that went
// before, newest the newest.
//
// That entries went is an entry itself. So nothing goes for one or two, nor for
// less than a hundredth: else each export would be the reason for the next.
func Beyond(cut, newest int64, most int) int64 {
	over := newest - cut - int64(most)
	if most == 0 || over <= max(1, int64(most)/100) {
		return 0
	}
	return cut + over
}
