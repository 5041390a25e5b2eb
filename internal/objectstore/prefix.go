package objectstore

// CommonPrefix is what all keys begin with, in whole characters; of one key it
// is the key itself.
func CommonPrefix(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	prefix := []rune(keys[0])
	for _, key := range keys[1:] {
		other := []rune(key)
		n := 0
		for n < len(prefix) && n < len(other) && prefix[n] == other[n] {
			n++
		}
		prefix = prefix[:n]
	}
	return string(prefix)
}
