package aliyunemu

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// now is the clock that backups go by: the machine's, and what was
// fast-forwarded. Signatures go by the machine's alone.
func (s *Server) now() time.Time { return time.Now().UTC().Add(s.st.Ahead) }

// Forward moves the clock of backups ahead. What is due in between happens,
// in its order.
func (s *Server) Forward(d time.Duration) {
	s.mu.Lock()
	s.st.Ahead += max(d, 0)
	s.mu.Unlock()
	s.catchUp()
}

// catchUp lets everything happen that is due. Nothing runs in the background:
// whoever looks, sees what would have happened by now.
func (s *Server) catchUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, changed := s.now(), false
	for _, in := range s.st.Instances {
		changed = in.Backups.catchUp(s, in, now) || changed
	}
	if changed {
		s.st.remember(now)
		s.saveErr = s.st.save(s.config.File)
	}
}

// maxEvents bounds one catching up: about two years of 5-minute logs.
const maxEvents = 250_000

func (b *Backups) catchUp(s *Server, in *Instance, now time.Time) (changed bool) {
	for range maxEvents {
		at, happen := b.next(s, in)
		if happen == nil || at.After(now) {
			break
		}
		happen(at)
		changed = true
	}
	expired := func(at time.Time) bool { return !at.IsZero() && !at.After(now) }
	before := len(b.Sets) + len(b.Logs)
	b.Sets = slices.DeleteFunc(b.Sets, func(one *BackupSet) bool { return expired(one.Expires) })
	b.Logs = slices.DeleteFunc(b.Logs, func(one LogFile) bool { return expired(one.Expires) })
	if n := len(b.Jobs) - 500; n > 0 {
		b.Jobs = slices.Delete(b.Jobs, 0, n)
	}
	return changed || len(b.Sets)+len(b.Logs) != before
}

// next is the earliest thing that will happen.
func (b *Backups) next(s *Server, in *Instance) (first time.Time, happen func(time.Time)) {
	offer := func(at time.Time, f func(time.Time)) {
		if happen == nil || at.Before(first) {
			first, happen = at, f
		}
	}
	if j := b.running(); j != nil && !j.Since.IsZero() {
		offer(j.Since.Add(stages*b.step(s, j)-j.Spent), func(at time.Time) { b.finish(s, in, j, at) })
	}
	for i, r := range b.Restores {
		offer(r.Ends, func(at time.Time) {
			b.Restores = slices.Delete(b.Restores, i, i+1)
			b.copied(s, in, r, at)
		})
	}
	if slot := b.Policy.slot(b.Slot); !slot.IsZero() {
		offer(slot, func(at time.Time) { b.Slot = at; b.automatic(s, in, at) })
	}
	if !b.Extra.IsZero() {
		offer(b.Extra, func(at time.Time) { b.Extra = time.Time{}; b.automatic(s, in, at) })
	}
	if m := b.Policy.LogMinutes; m > 0 {
		offer(b.LogTo.Add(time.Duration(m)*time.Minute), b.log)
	}
	return first, happen
}

// slot is the first scheduled time after t, in UTC. Whether the service means
// the days of the policy in UTC is not said; its hour is. From when on the
// interval of snapshots counts is not said either: here it is midnight UTC.
func (p *BackupPolicy) slot(t time.Time) time.Time {
	daily := p.daily(t)
	if p.Method != "Snapshot" || p.SnapshotMinutes <= 0 {
		return daily
	}
	every := time.Duration(p.SnapshotMinutes) * time.Minute
	if next := t.UTC().Truncate(every).Add(every); daily.IsZero() || next.Before(daily) {
		return next
	}
	return daily
}

// daily is the first time after t at the policy's hour on one of its days.
func (p *BackupPolicy) daily(t time.Time) time.Time {
	hour, _ := strconv.Atoi(p.Time[:2])
	day := time.Date(t.Year(), t.Month(), t.Day(), hour, 0, 0, 0, time.UTC)
	for range 400 {
		if day.After(t) && p.wants(day) {
			return day
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}
}

func (p *BackupPolicy) wants(day time.Time) bool {
	if !p.Advanced || len(p.Rows) == 0 {
		return slices.Contains(p.Days, day.Weekday().String())
	}
	_, ok := p.kept(day)
	return ok
}

// kept is how long the advanced policy keeps the set of a day: the longest of
// the rules that want one.
func (p *BackupPolicy) kept(day time.Time) (days int, ok bool) {
	for _, r := range p.Rows {
		hit := false
		for v := range strings.SplitSeq(r.Value, ",") {
			switch r.Key {
			case "dayOfWeek":
				hit = hit || v == strconv.Itoa((int(day.Weekday())+6)%7+1)
			case "dayOfMonth":
				hit = hit || v == strconv.Itoa(day.Day()) || v == "-1" && day.AddDate(0, 0, 1).Day() == 1
			case "dayOfYear":
				hit = hit || v == day.Format("01-02")
			}
		}
		if hit && (!ok || r.Days == -1 || days != -1 && r.Days > days) {
			days, ok = r.Days, true
		}
	}
	return days, ok
}

// automatic begins a scheduled backup. One that cannot begin at its time is
// left out.
func (b *Backups) automatic(s *Server, in *Instance, at time.Time) {
	if b.running() != nil || in.running() != nil {
		return
	}
	p := &b.Policy
	kept := p.Retention
	if p.Advanced {
		if days, ok := p.kept(at); ok {
			kept = days
		}
	}
	full := p.Method == "Snapshot" || !p.Incremental || b.recentFull(at) == nil
	b.Jobs = append(b.Jobs, &BackupJob{ID: s.st.id(), Automated: true, Method: p.Method, Full: full, Retention: kept, Begun: at, Since: at, Fails: b.Fail})
}

// recentFull is a physical full backup of the instance within three days
// before t, on which a differential builds.
func (b *Backups) recentFull(t time.Time) *BackupSet {
	for _, one := range slices.Backward(b.Sets) {
		if one.Full && !one.Failed && !one.Single && one.Method == "Physical" && t.Sub(one.Ended) <= 72*time.Hour {
			return one
		}
	}
	return nil
}

// The stages of a backup.
const stages = 5

var stageNames = []string{"NoStart", "Checking", "Preparing", "Waiting", "Uploading"}

func (s *Server) backupStep() time.Duration {
	if s.config.BackupStep > 0 {
		return s.config.BackupStep
	}
	return s.config.Step
}

// step is how long each stage of a job lasts.
func (b *Backups) step(s *Server, j *BackupJob) time.Duration {
	step := s.backupStep()
	if s.config.PastRate <= 0 || !j.Automated {
		return step
	}
	bytes := b.volume(b.names(j.Begun), j.Full, j.Begun)
	past := time.Duration(float64(bytes) / float64(s.config.PastRate) / stages * float64(time.Second))
	if j.Begun.Add(stages * past).After(s.began) {
		return step
	}
	return max(past, step)
}

// volume is how many bytes a backup of databases has.
func (b *Backups) volume(databases []string, full bool, at time.Time) (bytes int64) {
	for _, name := range databases {
		v, _ := b.at(name, at)
		bytes += max(v.Bytes, 1<<20)
	}
	if !full {
		bytes /= 8
	}
	return bytes
}

// progress is a job's status and percent.
func (j *BackupJob) progress(now time.Time, step time.Duration) (status string, percent int) {
	switch {
	case !j.Ended.IsZero() && j.Fails:
		return "Failed", 100
	case !j.Ended.IsZero():
		return "Finished", 100
	}
	spent := j.Spent
	if !j.Since.IsZero() {
		spent += max(now.Sub(j.Since), 0)
	}
	i := min(int(spent/step), stages-1)
	return stageNames[i], min(int(100*spent/(stages*step)), 99)
}

// finish ends a job with its set. Sets expire by the policy as it is when they
// are made; what a later change of retention does to older sets is not
// documented, and here it does nothing.
func (b *Backups) finish(s *Server, in *Instance, j *BackupJob, at time.Time) {
	j.Ended, j.Set = at, s.st.id()
	set := &BackupSet{ID: j.Set, Job: j.ID, Automated: j.Automated, Method: j.Method, Full: j.Full, Single: len(j.Databases) > 0,
		Databases: j.Databases, Failed: j.Fails, Started: j.Begun, Ended: at, Cross: b.CrossRegion}
	if !set.Single {
		set.Databases = b.names(at)
	}
	if j.Retention > 0 {
		set.Expires = set.Ended.AddDate(0, 0, j.Retention).Truncate(time.Second)
	}
	set.Size = b.volume(set.Databases, j.Full, at)
	if base := b.recentFull(j.Begun); base != nil && !j.Full {
		set.Base = base.ID
	}
	if j.Fails {
		set.Size, set.Cross = 0, ""
	}
	b.Sets = append(b.Sets, set)
	if b.Policy.LogMinutes == 0 {
		b.log(at)
	}
}

// log backs the log up until at.
func (b *Backups) log(at time.Time) {
	at = at.Truncate(time.Second)
	if !at.After(b.LogTo) {
		return
	}
	if !b.StopLogs {
		days := b.Policy.Retention
		if b.Policy.Advanced && b.Policy.LogRetention > 0 {
			days = b.Policy.LogRetention
		}
		b.Logs = append(b.Logs, LogFile{From: b.LogTo, To: at, Size: 64<<10 + int64(at.Sub(b.LogTo).Seconds())*16,
			Expires: at.AddDate(0, 0, days)})
	}
	b.LogTo = at
}
