package verify

import (
	"cmp"
	"slices"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// finish judges what is known of a set once its file was walked.
func (s *set) finish(f *File) {
	add := func(to *Findings, kind Kind, text string) {
		to.add(Finding{kind, s.begin, s.position, text})
	}
	damage := func(kind Kind, text string) { add(&f.damage, kind, text) }
	if s.seenESET != 2 && s.after != nil {
		damage(KindFrame, "The backup set has no proper end.")
	}
	s.judgeSums(f)
	s.strangers = nil
	c := s.after
	if c == nil {
		return // its end is missing, which is told already
	}
	if s.before == nil {
		damage(KindConfig, "The configuration before the data is missing.")
	}
	to := &f.damage
	if !c.known() || s.strange {
		to = &f.unknown
	}
	if s.logLost {
		return
	}
	if text := s.walkLog(c, f.families > 1); text != "" {
		add(to, KindLog, text)
	}
	if text := s.tile(c); text != "" {
		add(to, KindLog, text)
	}
	s.logs = nil
}

// judgeSums decides what backup checksums that differ mean. Where no real file
// showed the rule, all of them differing beside right pages and log blocks
// says that the rule is another one.
func (s *set) judgeSums(f *File) {
	c := s.config()
	seen := c == nil || c.major() < 12 && f.families <= 1 && !f.compressed
	if !seen && s.sums.Bad > 0 && s.sums.Bad == s.sums.Seen && s.pages.Bad == 0 && s.log.Bad == 0 && s.pages.Checksum+s.log.Checked > 0 {
		f.unknown.add(Finding{KindChecksum, s.begin, s.position,
			"Backup checksums of this kind of backup are not understood; its pages and log blocks are right."})
		return
	}
	f.damage.join(s.otherSums)
}

// walkLog says what is wrong with the way from FirstLSN to LastLSN, empty for
// nothing.
func (s *set) walkLog(c *config, striped bool) string {
	parts := slices.DeleteFunc(slices.Clone(s.logs), func(p logPart) bool { return p.vlf == 0 })
	slices.SortFunc(parts, func(a, b logPart) int { return cmp.Compare(a.vlf, b.vlf) })
	if len(parts) == 0 {
		if c.first() != c.last() || c.kind() != bakfile.TypeLog {
			return "The backup holds no log, and its set says that it does."
		}
		return ""
	}
	first, last := parts[0], parts[len(parts)-1]
	begin := c.first()
	if first.vlf != begin.VLF || (first.start-first.off)/sector != int64(begin.Block) || first.stream && int(begin.Slot) > first.records {
		return "The log in the backup does not begin at the first LSN that the set promises."
	}
	end := c.last()
	if last.vlf != end.VLF || (last.end-last.off)/sector != int64(end.Block) {
		return "The log in the backup does not end at the last LSN that the set promises."
	}
	for i, p := range parts {
		if p.start > p.end || p.start < p.off || p.end > p.off+p.size {
			return "A part of the log lies outside of its place in the log file."
		}
		if !striped && p.start < p.end && !p.stream {
			return "A part of the log is missing."
		}
		if i == 0 {
			continue
		}
		q := parts[i-1]
		if p.vlf != q.vlf+1 || q.end != q.off+q.size || p.start != p.off+logStart && p.start != p.end {
			return "The log in the backup has a hole."
		}
		if p.stream && q.stream && q.last != 0 && p.start < p.end && p.before != q.last {
			return "A log block is missing between two parts of the log."
		}
	}
	return ""
}

// tile says whether the parts of each log file cover it without a hole.
func (s *set) tile(c *config) string {
	parts := slices.Clone(s.logs)
	slices.SortFunc(parts, func(a, b logPart) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.off, b.off)) })
	sizes := map[uint32]int64{}
	for _, f := range c.files {
		if fileType(f) == 2 {
			sizes[fileID(f)] = fileSize(f)
		}
	}
	reached := map[uint32]int64{}
	for id := range sizes {
		reached[id] = logStart
	}
	for _, p := range parts {
		at, ok := reached[p.file]
		if !ok || p.off != at || p.size < 0 {
			return "Parts of the log file are not described: blocks are missing."
		}
		reached[p.file] = at + p.size
	}
	for id, size := range sizes {
		if reached[id] != size {
			return "Parts of the log file are not described: blocks are missing."
		}
	}
	return ""
}
