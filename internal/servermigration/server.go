package servermigration

import (
	"strings"
	"time"
)

// Server is a source server as the service tells it (DescribeSourceServers).
type Server struct {
	ID          string // s-…
	JobID       string // its last job; may be empty
	Name        string
	Description string
	State       ServerState
	ErrorCode   string // such as SourceServer.Offline; empty while all is well
	ErrorText   string // the service's own words

	Agent     string        // version of the agent
	Heartbeat time.Duration // how often the agent is expected; 0 = not told
	Platform  string        // such as "Windows Server 2016"
	Arch      string        // such as x86_64
	Kernel    string
	Host      string   // the name it gives itself
	Addresses []string // IPv4 and IPv6, without prefix lengths
	Cores     int
	MemoryMB  int64
	Disks     []Disk // the system disk first
	Created   time.Time
}

// Windows reports whether the agent runs on Windows, where some of SMC's rules
// differ: blocks are always copied, nothing can be left out of a volume, LVM and
// container images do not exist.
func (s Server) Windows() bool { return strings.Contains(strings.ToLower(s.Platform), "windows") }

// Size is the sum of its disks, bytes.
func (s Server) Size() (total int64) {
	for _, d := range s.Disks {
		total += int64(d.GiB) << 30
	}
	return total
}

// Disk is one disk of a source server.
type Disk struct {
	Index int // 0 = system disk, 1 to 16 = data disks
	GiB   int // its size, GiB
	Parts []Part
}

// System reports whether the system lies on it.
func (d Disk) System() bool { return d.Index == 0 }

// Used is what its partitions tell of their use, bytes; 0 = not told.
func (d Disk) Used() (total int64) {
	for _, p := range d.Parts {
		total += p.Used
	}
	return total
}

// Part is one partition of a disk.
type Part struct {
	Device string // what the service calls it, such as 0_1
	Path   string // where it is mounted, such as C:\ or /data; may be empty
	Bytes  int64  // its size
	Used   int64  // bytes in use; 0 = not told
	Needed bool   // it cannot be left out
	Blocks bool   // it can be copied by blocks
}

// ServerState is what the service says of a source server. Unknown words are
// kept as they are.
type ServerState string

// States of source servers.
const (
	ServerUnavailable ServerState = "Unavailable" // the agent is away, or in error
	ServerAvailable   ServerState = "Available"   // a job can be made
	ServerInUse       ServerState = "InUse"       // a job is at work
	ServerDeleting    ServerState = "Deleting"
)

// Online reports whether the agent can be worked with.
func (s Server) Online() bool { return s.State == ServerAvailable || s.State == ServerInUse }

// Answers reports whether a host name or address, with or without a port, is
// this server by what its agent tells: one of its addresses, its name, or its
// name within a domain.
func (s Server) Answers(host string) bool {
	host = strings.ToLower(strings.TrimSpace(host))
	if host == "" {
		return false
	}
	for _, a := range s.Addresses {
		if a == host {
			return true
		}
	}
	own := strings.ToLower(s.Host)
	short, _, dotted := strings.Cut(host, ".")
	return own != "" && (own == host || (dotted && own == short && strings.ContainsFunc(short, func(r rune) bool { return r < '0' || r > '9' })))
}
