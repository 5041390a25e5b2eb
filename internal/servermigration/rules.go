package servermigration

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Finding is what speaks against a draft, or what should be known before it is
// sent.
type Finding struct {
	Field string // of the form; empty = of the whole
	Bars  bool   // it is refused; false = a warning
	Code  fault.Code
	Text  words.Text
	Fix   words.Text
}

// Around is what is known beside a draft.
type Around struct {
	Now    time.Time
	Server *Server // nil = not listed
	Jobs   []Job   // of the account
}

// Limits of CreateReplicationJob and of the help page on limits.
const (
	MostJobs     = 1000
	MostServers  = 1000
	MostAtWork   = 50
	leastEvery   = 1
	mostEvery    = 168
	mostKeep     = 10
	leastValid   = 7 * 24 * time.Hour
	mostValid    = 90 * 24 * time.Hour
	leastStart   = 10 * time.Minute // the console takes no earlier one
	mostStart    = 30 * 24 * time.Hour
	afterExpired = 7 * 24 * time.Hour // until an expired job is deleted
)

var (
	jobName   = regexp.MustCompile(`^\pL[\pL\pN:_-]{1,127}$`)
	imageName = regexp.MustCompile(`^\pL[\pL\pN:._-]{1,127}$`)
	cloudID   = regexp.MustCompile(`^[a-z]+-[0-9a-zA-Z]{4,60}$`)
	region    = regexp.MustCompile(`^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$`)
)

// mainland reports whether a region lies in the Chinese mainland. Hong Kong does
// not; no list of the service was found, so it goes by the names.
func mainland(region string) bool {
	return strings.HasPrefix(region, "cn-") && !strings.HasPrefix(region, "cn-hongkong")
}

// Review tells everything that speaks against a draft at once, and what should be
// known before it is sent.
func Review(d Draft, a Around) (out []Finding) {
	bar := func(field string, text words.Text, fix string) {
		out = append(out, Finding{Field: field, Bars: true, Text: text, Fix: words.Text{Format: fix}})
	}
	barWith := func(field string, c fault.Code) {
		r := explain.Of(c)
		out = append(out, Finding{Field: field, Bars: true, Code: c, Text: r.CauseText(), Fix: r.FixText()})
	}
	warn := func(field string, text words.Text, fix string) {
		out = append(out, Finding{Field: field, Text: text, Fix: words.Text{Format: fix}})
	}
	if a.Server == nil {
		bar("source_id", words.Say("The service does not list this source server."), "Choose one of the list; its agent must have registered.")
		return out
	}
	s := *a.Server
	switch s.State {
	case ServerAvailable:
	case ServerInUse:
		barWith("source_id", "smc-unfinished")
	case ServerUnavailable:
		barWith("source_id", "smc-agent")
	default:
		bar("source_id", words.Say("The source server is %s.", s.Words()), "Choose one that is online.")
	}
	at := 0
	for _, j := range a.Jobs {
		if j.SourceID == d.SourceID && j.Status.Unfinished() && s.State == ServerAvailable {
			barWith("source_id", "smc-unfinished")
		}
		if d.Name != "" && j.Name == d.Name && j.Status != Gone {
			barWith("name", "smc-job-name")
		}
		if d.Target == ToImage && d.ImageName != "" && j.ImageName == d.ImageName && j.Status.Unfinished() {
			barWith("image_name", "smc-image-name")
		}
		if j.Status != Gone {
			at++
		}
	}
	if at >= MostJobs {
		barWith("", "smc-quota")
	}
	if !region.MatchString(d.Region) {
		bar("region", words.Say("%q is not a region id.", d.Region), "Write it as the cloud does, such as cn-hangzhou.")
	}
	if !jobName.MatchString(d.Name) || strings.HasPrefix(d.Name, "http://") || strings.HasPrefix(d.Name, "https://") {
		bar("name", words.Say("The name does not fit: 2 to 128 letters, digits, colons, underscores and hyphens, beginning with a letter."), "Choose another name.")
	}
	reviewTarget(d, s, bar, barWith)
	reviewDisks(d, s, bar, warn)
	reviewTimes(d, a.Now, bar, warn)
	switch {
	case d.Network == Private && d.VSwitch == "":
		bar("vswitch", words.Say("Over a VPC the service needs a switch."), "Give the id of a switch that the source server reaches.")
	case d.Network == Internet && d.VSwitch == "":
		warn("network", words.Say("Each job without a network of its own makes a VPC; a region has at most 10. Over the internet the intermediate instance takes at most 100 Mbit/s."), "Choose a VPC and switch where many servers move.")
	case d.Network != Internet && d.Network != Private:
		bar("network", words.Say("This network is not known."), "Choose internet or VPC.")
	}
	for field, id := range map[string]string{"vswitch": d.VSwitch, "vpc": d.VPC} {
		if id != "" && !cloudID.MatchString(id) {
			bar(field, words.Say("%q is not an id.", id), "Copy it from the console.")
		}
	}
	slices.SortStableFunc(out, func(x, y Finding) int {
		if x.Bars == y.Bars {
			return 0
		}
		if x.Bars {
			return -1
		}
		return 1
	})
	return out
}

func reviewTarget(d Draft, s Server, bar func(string, words.Text, string), barWith func(string, fault.Code)) {
	switch d.Target {
	case ToImage:
		if !imageName.MatchString(d.ImageName) {
			bar("image_name", words.Say("The image needs a name of 2 to 128 letters, digits, colons, dots, underscores and hyphens, beginning with a letter."), "Give it one that no other image of the region has.")
		}
	case ToInstance:
		if s.Windows() && !mainland(d.Region) {
			barWith("target", "smc-windows-abroad")
		}
		if !cloudID.MatchString(d.InstanceID) {
			bar("instance_id", words.Say("The target needs the id of an ECS instance."), "Copy it from the ECS console; what is on it is overwritten.")
		}
	case ToContainer:
		if s.Windows() {
			bar("target", words.Say("Container images are not made of Windows."), "Choose an image.")
		}
		if d.Namespace == "" || d.Repository == "" || d.Tag == "" {
			bar("container_repository", words.Say("A container image needs namespace, repository and tag."), "Give all three.")
		}
	default:
		bar("target", words.Say("The target is not known."), "Choose an image or an instance.")
	}
	if d.OwnLicense && !s.Windows() {
		bar("own_license", words.Say("Only Windows has licences of one's own here."), "Leave it out.")
	}
}

func reviewDisks(d Draft, s Server, bar func(string, words.Text, string), warn func(string, words.Text, string)) {
	have := map[int]Disk{}
	for _, disk := range s.Disks {
		have[disk.Index] = disk
	}
	seen := map[int]bool{}
	for _, disk := range d.Disks {
		source, known := have[disk.Index]
		least, most := 20, 32768
		if disk.Index == 0 {
			most = 2048
		}
		switch {
		case !known:
			bar("disks", words.Say("The source server has no disk %s.", words.Number(disk.Index)), "Choose disks that it has.")
		case seen[disk.Index]:
			bar("disks", words.Say("Disk %s is there twice.", words.Number(disk.Index)), "Choose each disk once.")
		case disk.GiB < least || disk.GiB > most:
			bar("disks", words.Say("Disk %s: %s GiB is out of range, %s to %s.", words.Number(disk.Index), words.Number(disk.GiB), words.Number(least), words.Number(most)), "Choose a size in that range.")
		case int64(disk.GiB)<<30 <= source.Used():
			bar("disks", words.Say("Disk %s: %s GiB is not more than what is used on it, %s.", words.Number(disk.Index), words.Number(disk.GiB), words.Bytes(source.Used())), "Choose a larger size.")
		}
		seen[disk.Index] = true
		if len(disk.Parts) == 0 {
			continue
		}
		for _, p := range source.Parts {
			if p.Needed && !slices.Contains(disk.Parts, p.Device) {
				bar("disks", words.Say("Partition %s of disk %s cannot be left out.", p.Device, words.Number(disk.Index)), "Take it along.")
			}
		}
	}
	if !seen[0] {
		bar("disks", words.Say("The system disk is missing."), "Take disk 0 along.")
	}
	if len(d.Disks) > 17 {
		bar("disks", words.Say("At most 16 data disks go along."), "Leave some out and copy them by other means.")
	}
	for _, disk := range s.Disks {
		if !seen[disk.Index] && !disk.System() {
			warn("disks", words.Say("Disk %s stays behind.", words.Number(disk.Index)), "Take it along if databases lie on it.")
		}
	}
}

func reviewTimes(d Draft, now time.Time, bar func(string, words.Text, string), warn func(string, words.Text, string)) {
	if !d.Once {
		if d.Every < leastEvery || d.Every > mostEvery {
			bar("every_hours", words.Say("The interval is 1 hour to 7 days."), "Give 1 to 168 hours.")
		}
		if d.Keep < 1 || d.Keep > mostKeep {
			bar("keep_images", words.Say("1 to 10 images are kept."), "Give 1 to 10.")
		}
		if d.Target == ToContainer {
			warn("target", words.Say("Whether container images are synchronised again and again is not documented."), "")
		}
	}
	if !d.Start.IsZero() {
		switch in := d.Start.Sub(now); {
		case in < leastStart:
			bar("start", words.Say("The start lies less than 10 minutes ahead."), "Choose a later one, or none and start it by hand.")
		case in > mostStart:
			bar("start", words.Say("The start lies more than 30 days ahead."), "Choose an earlier one.")
		}
	}
	switch valid := d.ValidTill.Sub(now); {
	case d.ValidTill.IsZero():
		bar("valid_till", words.Say("The job needs an end of its validity: what the service assumes without one is told in two ways."), "Choose 7 to 90 days.")
	case valid < leastValid || valid > mostValid:
		bar("valid_till", words.Say("The validity ends 7 to 90 days ahead."), "Choose a day in that range.")
	case !d.Start.IsZero() && d.Start.After(d.ValidTill):
		bar("start", words.Say("The start lies behind the end of the validity."), "Choose an earlier start.")
	}
}

// Barred reports whether something bars the way.
func Barred(all []Finding) bool {
	return slices.ContainsFunc(all, func(f Finding) bool { return f.Bars })
}
