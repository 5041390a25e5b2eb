package smcemu

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const transitionName = "No_Delete_SMC_Transition_Instance"

// begin starts a run.
func begin(j *Job, kind string, at time.Time) {
	j.Status, j.Phase, j.RunType, j.RunFrom, j.Since, j.Spent = "Running", "Preparing", kind, at, at, 0
	j.ErrorCode, j.StatusInfo, j.Next, j.NotBefore = "", "", time.Time{}, time.Time{}
	if j.Started.IsZero() {
		j.Started = at
	}
}

// goOn resumes or retries where it stopped.
func goOn(j *Job, at time.Time) {
	j.Status, j.Since, j.ErrorCode, j.StatusInfo = "Running", at, "", ""
}

// halt stops a phase where it is.
func halt(j *Job, status string, at time.Time) {
	j.Spent += max(at.Sub(j.Since), 0)
	j.Status = status
}

func (s *Server) fail(j *Job, at time.Time, code, info string) {
	halt(j, "InError", at)
	j.ErrorCode, j.StatusInfo = code, info
}

// used is what the chosen partitions hold, in bytes.
func (s *Server) used(j *Job) (n int64) {
	src := s.st.Sources[j.Source]
	if src == nil {
		return 0
	}
	for _, d := range src.Disks {
		if d.Index > 0 && !slices.ContainsFunc(j.DataDisks, func(c Disk) bool { return c.Index == d.Index }) {
			continue
		}
		for _, p := range d.Parts {
			n += p.UsedBytes
		}
	}
	return n
}

// copying is how long a run compares, and how long it sends.
func (s *Server) copying(j *Job) (compare, send time.Duration) {
	used := s.used(j)
	changed := used
	if len(j.Runs) > 0 {
		changed = used / 50
		if src := s.st.Sources[j.Source]; src != nil && src.Changed > 0 {
			changed = src.Changed
		}
		compare = s.taking(used, compareRate)
	}
	return compare, s.taking(changed, sendRate)
}

func (s *Server) taking(bytes, rate int64) time.Duration {
	return s.paced(time.Duration(float64(bytes) / float64(rate) * float64(time.Second)))
}

func (s *Server) paced(d time.Duration) time.Duration { return time.Duration(float64(d) / s.pace) }

// length is how long the phase of a job lasts as a whole.
func (s *Server) length(j *Job) (d time.Duration) {
	switch j.Phase {
	case "Preparing":
		if d = s.paced(preparing); len(j.Runs) > 0 {
			d /= 3
		}
	case "Syncing":
		compare, send := s.copying(j)
		d = compare + send
	case "Processing":
		d = s.taking(s.used(j), imageRate)
	case "Cleaning":
		d = s.paced(cleaning)
	}
	if j.Trouble != nil && j.Trouble.Phase == j.Phase {
		d /= 2 // it is met on the way
	}
	return max(d, time.Millisecond)
}

// Shares of the progress, in percent: where each phase ends.
var ends = map[string][2]float64{"Preparing": {0, 10}, "Syncing": {10, 70}, "Processing": {70, 95}, "Cleaning": {95, 100}}

// progress is Progress, to a tenth.
func (s *Server) progress(j *Job, now time.Time) float64 {
	switch j.Status {
	case "Waiting", "Finished":
		return 100
	case "Running", "Stopped", "InError":
	default:
		return 0
	}
	spent, whole := j.Spent, s.length(j)
	if j.Status == "Running" && !j.Hangs {
		spent += now.Sub(j.Since)
	}
	if j.Phase == "Syncing" {
		compare, _ := s.copying(j)
		spent, whole = spent-compare, whole-compare
	}
	part := 0.0
	if whole > 0 {
		part = min(max(float64(spent)/float64(whole), 0), 1)
	}
	share := ends[j.Phase]
	return math.Round((share[0]+part*(share[1]-share[0]))*10) / 10
}

// broken tells what keeps a phase from going on.
func (s *Server) broken(j *Job) (code, info string) {
	if src := s.st.Sources[j.Source]; j.Phase == "Syncing" && (src == nil || src.Offline || src.ErrorCode != "") {
		return "SourceServer.Offline", "The source server is offline."
	}
	if j.Transition != "" && s.st.Instances[j.Transition] == nil && j.Phase != "Cleaning" {
		return "InternalError", "Connect to Server Failed"
	}
	return "", ""
}

// advance ends a phase and begins the next one.
func (s *Server) advance(j *Job, at time.Time) {
	next := func(phase string) { j.Phase, j.Since, j.Spent = phase, at, 0 }
	switch j.Phase {
	case "Preparing":
		if code, info := s.prepare(j, at); code != "" {
			s.fail(j, at, code, info)
			return
		}
		next("Syncing")
	case "Syncing":
		next("Processing")
	case "Processing":
		if code, info := s.makeImage(j, at); code != "" {
			s.fail(j, at, code, info)
			return
		}
		j.Runs = append(j.Runs, Run{Start: j.RunFrom, End: at, ImageID: j.ImageID, Type: j.RunType})
		if j.RunOnce || j.Last {
			next("Cleaning")
			return
		}
		j.Status, j.Phase, j.Next = "Waiting", "", at.Add(time.Duration(j.Frequency)*time.Hour)
	case "Cleaning":
		s.release(j)
		j.Status, j.Phase, j.Ended = "Finished", "", at
	}
}

// prepare makes the helpers of a job. The texts are those that the FAQ quotes
// from logs.
func (s *Server) prepare(j *Job, at time.Time) (code, info string) {
	if j.Transition != "" || j.Target == "TargetInstance" {
		return "", ""
	}
	if j.VSwitch == "" && !j.OwnVPC {
		n := s.st.Settings.OwnVPCs
		for _, o := range s.st.Jobs {
			if o.OwnVPC && o.Account == j.Account && o.Region == j.Region {
				n++
			}
		}
		if n >= or(s.st.Settings.VPCs, 10) {
			return "QuotaExceeded.Vpc", "Create transition vpc failed. QuotaExceeded.Vpc: VPC quota exceeded."
		}
		j.OwnVPC = true
	}
	if s.st.Settings.NoBalance {
		return "InvalidAccountStatus.NotEnoughBalance", "Your account does not have enough balance."
	}
	j.Transition = s.st.id("i")
	s.st.Instances[j.Transition] = &Instance{ID: j.Transition, Account: j.Account, Region: j.Region, Name: transitionName, Type: "ecs.t6-c1m2.large", VPC: j.VPC, VSwitch: j.VSwitch, Created: at}
	return "", ""
}

// makeImage makes the image of a run and drops the oldest unused one beyond
// the number kept.
func (s *Server) makeImage(j *Job, at time.Time) (code, info string) {
	if j.Target != "Image" {
		return "", ""
	}
	name := j.ImageName
	if !j.RunOnce {
		name = fmt.Sprintf("%s_CYCLE_%d", name, len(j.Runs)+1)
	}
	if s.st.imageNamed(j.Account, j.Region, name) != nil {
		return "InvalidImageName.Duplicated", "The specified Image name has already been used."
	}
	src, size := s.st.Sources[j.Source], j.SystemDisk
	for _, d := range j.DataDisks {
		size += d.SizeGiB
	}
	i := &Image{ID: s.st.id("m"), Account: j.Account, Region: j.Region, Name: name, Size: size, Windows: src != nil && src.Windows, Job: j.ID, Created: at}
	s.st.Images[i.ID] = i
	j.ImageID, j.Images = i.ID, append(j.Images, i.ID)
	j.Images = slices.DeleteFunc(j.Images, func(id string) bool { return s.st.Images[id] == nil })
	for len(j.Images) > j.Keep && !j.RunOnce {
		oldest := slices.IndexFunc(j.Images, func(id string) bool { return id != i.ID && !s.st.inUse(id) })
		if oldest < 0 {
			break // all are used: there are more than the limit
		}
		delete(s.st.Images, j.Images[oldest])
		j.Images = slices.Delete(j.Images, oldest, oldest+1)
	}
	return "", ""
}

// inUse reports whether an instance was made of an image.
func (st *state) inUse(image string) bool {
	for _, i := range st.Instances {
		if i.Image == image {
			return true
		}
	}
	return false
}

// release lets the helpers of a job go.
func (s *Server) release(j *Job) {
	if j.Transition != "" {
		delete(s.st.Instances, j.Transition)
	}
	j.Transition, j.OwnVPC = "", false
}
