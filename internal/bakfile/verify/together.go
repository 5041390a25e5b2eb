package verify

import (
	"fmt"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// The three sentences of what a whole backup proves, by how strong its own
// marks are, and those of other outcomes.
const (
	sentenceSum      = "Complete and unaltered (backup checksum)."
	sentencePages    = "Complete; pages and log blocks right."
	sentenceContents = "Complete, contents not checkable."
	sentenceDamaged  = "Damaged: a restore of it will fail, or bring back something else than was saved."
	sentenceUnknown  = "Not understood: nothing wrong was found, but not all of it could be looked at."

	// Limits is what no outcome says.
	Limits = "This is not CHECKDB, which looks for pages that were wrong when they were saved, and no proof against a forger."
)

// Together joins what was found in the files of one backup, its stripes in any
// order. Counts and sizes are compared with what the headers promise when all
// stripes are there.
func Together(files ...*File) Result {
	r := Result{Files: len(files)}
	for _, f := range files {
		r.Bytes += f.size
		r.Sets = max(r.Sets, len(f.sets))
		r.Records.Seen, r.Records.Bad = r.Records.Seen+f.records.Seen, r.Records.Bad+f.records.Bad
		r.Unaccounted += f.unaccounted
		r.Unknown.join(f.unknown)
		encrypted := f.tde && f.allWrong()
		if encrypted {
			r.Unknown.add(Finding{KindPage, 0, 0, "The database is encrypted by TDE, and its pages are not understood."})
			r.Unknown.join(f.damage)
		} else {
			r.Damage.join(f.damage)
		}
		for _, s := range f.sets {
			r.Pages.join(s.pages)
			r.Log.join(s.log)
			r.Sums.Streams, r.Sums.Seen, r.Sums.Bad = r.Sums.Streams+s.sums.Streams, r.Sums.Seen+s.sums.Seen, r.Sums.Bad+s.sums.Bad
		}
	}
	if r.belong(files) && r.Damage.Count == 0 {
		for i := range r.Sets {
			r.promised(files, i)
		}
	}
	r.notChecked()
	r.conclude()
	return r
}

// allWrong reports whether no mark of any page or log block fits.
func (f *File) allWrong() bool {
	marked, bad := int64(0), int64(0)
	for _, s := range f.sets {
		marked += s.pages.Checksum + s.pages.Torn + s.log.Seen
		bad += s.pages.Bad + s.log.Bad
	}
	return marked > 0 && bad >= marked
}

// belong compares the identities of stripes; true = they are all of one backup
// and none is missing.
func (r *Result) belong(files []*File) bool {
	seen := map[int]bool{}
	for _, f := range files {
		if f.sealed {
			return false
		}
		first := files[0]
		switch {
		case f.mediaSet != first.mediaSet || f.families != first.families:
			r.Damage.add(Finding{KindStripes, 0, 0, "The files do not belong together: they are of different media sets."})
			return false
		case f.family < 1 || f.family > max(1, f.families) || seen[f.family]:
			r.Damage.add(Finding{KindStripes, 0, 0, fmt.Sprintf("The stripe with the number %d of %d is there twice, or cannot be.", f.family, f.families)})
			return false
		case len(f.sets) != len(first.sets):
			r.Damage.add(Finding{KindStripes, 0, 0, "The stripes hold different numbers of backup sets."})
			return false
		}
		seen[f.family] = true
		for i, s := range f.sets {
			if s.guid != first.sets[i].guid {
				r.Damage.add(Finding{KindStripes, s.begin, s.position, "The stripes hold different backup sets."})
				return false
			}
		}
	}
	if len(files) > 0 && len(seen) < files[0].families {
		r.NotChecked = append(r.NotChecked, fmt.Sprintf("%d of %d stripes were given: that all pages are there was not checked.", len(seen), files[0].families))
		return false
	}
	return len(files) > 0
}

// promised compares counts and sizes of the set at place i, over all stripes.
func (r *Result) promised(files []*File, i int) {
	var pages, size, withTape, withMark int64
	var c, before *config
	strange := false
	position := i + 1
	for _, f := range files {
		s := f.sets[i]
		if s.after == nil || s.before == nil {
			return
		}
		c, before, strange = s.after, s.before, strange || s.strange
		pages += s.pages.Seen - s.pages.Filler
		size += s.end - s.begin
		tape := f.tapeSize()
		withTape += tape
		withMark += tape + int64(f.block)
	}
	to := &r.Damage
	if !c.known() || strange {
		to = &r.Unknown
	}
	want := c.pages()
	if c.major() >= 15 { // two passes over the data, counted separately
		want += before.pages()
	}
	if c.kind() != bakfile.TypeLog && pages != want {
		to.add(Finding{KindSize, 0, position, fmt.Sprintf("The backup set holds %d pages and promises %d.", pages, want)})
	}
	if got := c.backupSize(); got != size && got != size+withTape && got != size+withMark {
		to.add(Finding{KindSize, 0, position, fmt.Sprintf("The backup set is %d bytes long and promises %d.", size, got)})
	}
}

// tapeSize is how long the media header is: all before the first filemark.
func (f *File) tapeSize() int64 {
	if len(f.sets) == 0 {
		return 0
	}
	return f.sets[0].begin - int64(f.block)
}

func (r *Result) notChecked() {
	add := func(n int64, format string) {
		if n > 0 {
			r.NotChecked = append(r.NotChecked, fmt.Sprintf(format, n))
		}
	}
	if r.Sums.Streams > 0 && r.Sums.Seen == r.Sums.Streams && r.Sums.Bad == 0 {
		return // every byte of the data is covered
	}
	add(r.Pages.Unmarked, "%d pages carry neither a checksum nor torn-page bits: never used, or written before PAGE_VERIFY was set.")
	add(r.Pages.Torn, "%d pages carry torn-page bits only, which show torn writes and not every change.")
	add(r.Log.Unchecked, "%d log blocks carry no checksum: only their order and their stamps were looked at.")
}

func (r *Result) conclude() {
	marks := r.Pages.Checksum + r.Log.Checked
	switch {
	case r.Damage.Count > 0:
		r.Verdict, r.Sentence = Damaged, sentenceDamaged
	case r.Unknown.Count > 0:
		r.Verdict, r.Sentence = NotUnderstood, sentenceUnknown
	case r.Sums.Streams > 0 && r.Sums.Seen == r.Sums.Streams:
		r.Verdict, r.Sentence = Whole, sentenceSum
	case r.Log.Unchecked > 0 || marks == 0 && r.Pages.Seen > 0:
		r.Verdict, r.Sentence = Whole, sentenceContents
	default:
		r.Verdict, r.Sentence = Whole, sentencePages
		if n := r.Pages.Seen - r.Pages.Filler; n > 0 && r.Pages.Unmarked > 0 {
			r.Sentence += fmt.Sprintf(" %.1f %% of the pages carry no mark.", 100*float64(r.Pages.Unmarked)/float64(n))
		}
	}
}
