package emulators

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/acs"
	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
)

// Source servers whose agents have registered with Server Migration Center. On
// the first lives the SQL Server; the second is on its way where the garden has
// a past.
const (
	SourceSQL   = "s-bp1demo0sqldemo0001"
	SourceFiles = "s-bp1demo0winfiles002"
	SourceWeb   = "s-bp1demo0webfront003"
	ServerJob   = "j-bp1demo0winfiles001"
	VPC         = "vpc-bp1demo0shared"
	VSwitch     = "vsw-bp1demo0shared"
)

// startServers starts Server Migration Center. Its phases go by so fast that a
// first copy takes some seventy stages of a task of the RDS API.
func (g *All) startServers(folder string, pace Pace) (err error) {
	now := time.Now().UTC().Truncate(time.Second)
	c := smcemu.Config{
		Accounts: []smcemu.Account{{ID: Owner, Keys: []acs.Key{{ID: KeyID, Secret: Secret}}}},
		Switches: map[string]string{VSwitch: VPC},
		File:     filepath.Join(folder, "smc.json"),
		Sources:  sources(now.AddDate(0, 0, -12)),
		Pace:     60,
	}
	if pace.Step > 0 {
		c.Pace = float64(90*time.Second) / float64(pace.Step)
	}
	if pace.Past > 0 {
		past(&c, now)
	}
	g.SMC, err = smcemu.Start(c)
	return err
}

func sources(registered time.Time) []smcemu.Source {
	const gib = 1 << 30
	system := func(path string, size, used int64, device string) smcemu.Disk {
		return smcemu.Disk{SizeGiB: int(size), Path: path, Parts: []smcemu.Part{{Device: device, Path: path, SizeBytes: size * gib, UsedBytes: used * gib, Need: true, CanBlock: true}}}
	}
	data := func(index int, path string, size, used int64) smcemu.Disk {
		return smcemu.Disk{Index: index, SizeGiB: int(size), Path: path, Parts: []smcemu.Part{{Device: fmt.Sprintf("%d_0", index), Path: path, SizeBytes: size * gib, UsedBytes: used * gib, CanBlock: true}}}
	}
	about := func(host, ip string, cores, gib int) string {
		return fmt.Sprintf(`{"agent_mode":"daemon","agent_type":"aliyun","client_type":"","cores":"%d","cpu_usage":"7.40","hostname":%q,"ipv4":%q,"memory":"%d.00","memory_usage":"41.20"}`, cores, host, ip, gib)
	}
	return []smcemu.Source{
		{ID: SourceSQL, Account: Owner, Name: "sqldemo", Description: "SQL Server of the shop", Platform: "Windows Server 2019 64-bit", Arch: "x86_64", Agent: "2.8.6", Windows: true, Created: registered,
			System: about(Server, "10.20.0.11", 8, 32), Disks: []smcemu.Disk{system("C:", 80, 34, "0_0"), data(1, "D:", 200, 96), data(2, "E:", 100, 41)}},
		{ID: SourceFiles, Account: Owner, Name: "winfiles", Description: "File shares", Platform: "Windows Server 2016 64-bit", Arch: "x86_64", Agent: "2.8.6", Windows: true, Created: registered.Add(time.Hour),
			System: about("WINFILES", "10.20.0.12", 4, 16), Disks: []smcemu.Disk{system("C:", 60, 28, "0_0"), data(1, "D:", 120, 64)}},
		{ID: SourceWeb, Account: Owner, Name: "webfront", Description: "Front of the shop", Platform: "Ubuntu", Arch: "x86_64", Agent: "2.8.6", Created: registered.Add(2 * time.Hour),
			System: about("webfront", "10.20.0.13", 2, 4), Disks: []smcemu.Disk{system("/", 40, 11, "0_0")}},
	}
}

// past gives the second source a job that waits, with a run a day behind it and
// the images that its limit left.
func past(c *smcemu.Config, now time.Time) {
	const keep, every = 3, 24
	j := smcemu.Job{ID: ServerJob, Account: Owner, Source: SourceFiles, Region: Region, Name: "winfiles-to-cloud", Description: "File shares", Target: "Image", ImageName: "winfiles", SystemDisk: 80,
		DataDisks: []smcemu.Disk{{Index: 1, SizeGiB: 160}}, Frequency: every, Keep: keep, NetMode: 2, VPC: VPC, VSwitch: VSwitch, Status: "Waiting", Transition: "i-bp1demo0transition1"}
	end := now.Add(-5 * time.Hour)
	const runs = 6
	begin := end.Add(-(runs - 1) * (every*time.Hour + 50*time.Minute))
	for n := range runs {
		took, kind := 50*time.Minute, "Schedule"
		at := begin.Add(time.Duration(n) * (every*time.Hour + 50*time.Minute))
		if n == 0 {
			took, kind = 3*time.Hour, "Manual"
		}
		id := fmt.Sprintf("m-bp1demo0winfiles%03d", n+1)
		j.Runs = append(j.Runs, smcemu.Run{Start: at.Add(-took), End: at, ImageID: id, Type: kind})
		if n >= runs-keep {
			j.Images = append(j.Images, id)
			c.Images = append(c.Images, smcemu.Image{ID: id, Account: Owner, Region: Region, Name: fmt.Sprintf("winfiles_CYCLE_%d", n+1), Size: 240, Windows: true, Job: ServerJob, Created: at})
		}
		j.ImageID = id
	}
	j.Started = j.Runs[0].Start
	j.Created = j.Started.Add(-20 * time.Minute)
	j.Valid = j.Created.AddDate(0, 0, 30)
	j.Next = end.Add(every * time.Hour)
	c.Jobs = append(c.Jobs, j)
}
