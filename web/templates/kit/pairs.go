package kit

// Pair is a word and its value.
type Pair struct {
	Key, Value string
	When       When
	Badge      Badge
}
