package smcemu

import "time"

// Part is a partition of a disk.
type Part struct {
	Device    string `json:"device"` // such as 0_1
	Path      string `json:"path"`
	SizeBytes int64  `json:"size_bytes"`
	UsedBytes int64  `json:"used_bytes"` // not told by the API
	Need      bool   `json:"need"`       // cannot be left out
	CanBlock  bool   `json:"can_block"`
	Block     bool   `json:"block"`
}

// Disk is a disk of a source, or of what a job makes of it. The system disk
// has index 0.
type Disk struct {
	Index   int    `json:"index"`
	Path    string `json:"path"`
	SizeGiB int    `json:"size_gib"`
	Parts   []Part `json:"parts"`
}

// Source is a server whose agent has registered.
type Source struct {
	ID          string    `json:"id"`
	Account     string    `json:"account"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Platform    string    `json:"platform"`
	Arch        string    `json:"arch"`
	Agent       string    `json:"agent"` // version
	Heartbeat   int       `json:"heartbeat"`
	System      string    `json:"system"` // JSON text
	Windows     bool      `json:"windows"`
	Disks       []Disk    `json:"disks"` // the system disk first
	Created     time.Time `json:"created"`

	Offline   bool      `json:"offline"`
	ErrorCode string    `json:"error_code,omitempty"` // when it is in error
	Status    string    `json:"status,omitempty"`     // StatusInfo then
	Deleting  time.Time `json:"deleting"`             // when it is gone
	Changed   int64     `json:"changed"`              // bytes that differ at each later run; zero means 2 %
	Token     string    `json:"token,omitempty"`      // activation code it registered with
	Job       string    `json:"job"`                  // last job
	Tags      []Tag     `json:"tags,omitempty"`
	Group     string    `json:"group,omitempty"`
}

// Tag is a tag.
type Tag struct{ Key, Value string }

// Run is a run of a job that ended.
type Run struct {
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	ImageID string    `json:"image_id"`
	Type    string    `json:"type"` // Manual or Schedule
}

// Trouble is what a run meets in a phase.
type Trouble struct {
	Phase string `json:"phase"` // Preparing, Syncing, Processing or Cleaning
	Code  string `json:"code"`
	Info  string `json:"info"`  // StatusInfo
	Lasts bool   `json:"lasts"` // it is met again after a retry
}

// Job is a replication job.
type Job struct {
	ID          string            `json:"id"`
	Account     string            `json:"account"`
	Source      string            `json:"source"`
	Token       string            `json:"token,omitempty"` // ClientToken
	Asked       string            `json:"asked,omitempty"` // what came with it
	Number      int               `json:"number"`          // order of creation
	Region      string            `json:"region"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Target      string            `json:"target"`
	ImageName   string            `json:"image_name,omitempty"`
	Instance    string            `json:"instance,omitempty"`
	SystemDisk  int               `json:"system_disk"` // GiB
	SystemParts []Part            `json:"system_parts,omitempty"`
	DataDisks   []Disk            `json:"data_disks,omitempty"`
	NewDisks    map[string]string `json:"new_disks,omitempty"` // Disks.*, as they came

	RunOnce   bool      `json:"run_once"`
	Frequency int       `json:"frequency,omitempty"` // hours
	Keep      int       `json:"keep,omitempty"`      // images
	Created   time.Time `json:"created"`
	Scheduled time.Time `json:"scheduled"`
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended"`
	Valid     time.Time `json:"valid"`
	Next      time.Time `json:"next"`       // run, in Waiting
	NotBefore time.Time `json:"not_before"` // it is looked at again, when there was no room

	JobType         int    `json:"job_type"`
	NetMode         int    `json:"net_mode"`
	VPC             string `json:"vpc,omitempty"`
	VSwitch         string `json:"vswitch,omitempty"`
	InstanceType    string `json:"instance_type,omitempty"`
	Role            string `json:"role,omitempty"`
	Template        string `json:"template,omitempty"`
	TemplateVersion string `json:"template_version,omitempty"`
	Namespace       string `json:"namespace,omitempty"`
	Repository      string `json:"repository,omitempty"`
	ContainerTag    string `json:"container_tag,omitempty"`
	License         string `json:"license,omitempty"`
	Replication     string `json:"replication,omitempty"`
	Group           string `json:"group,omitempty"`
	Tags            []Tag  `json:"tags,omitempty"`

	Status     string    `json:"status"`
	Phase      string    `json:"phase,omitempty"` // BusinessStatus
	ErrorCode  string    `json:"error_code,omitempty"`
	StatusInfo string    `json:"status_info,omitempty"`
	ImageID    string    `json:"image_id,omitempty"` // newest
	Transition string    `json:"transition,omitempty"`
	OwnVPC     bool      `json:"own_vpc,omitempty"` // made for the job
	Runs       []Run     `json:"runs,omitempty"`
	Gone       time.Time `json:"gone"` // when it is deleted: Deleting and Expired

	RunType string        `json:"run_type,omitempty"` // of the run at work
	RunFrom time.Time     `json:"run_from"`
	Since   time.Time     `json:"since"`            // the phase is at work
	Spent   time.Duration `json:"spent"`            // on it before
	Last    bool          `json:"last,omitempty"`   // the job is over after the phase Cleaning
	Images  []string      `json:"images,omitempty"` // made by it
	Trouble *Trouble      `json:"trouble,omitempty"`
	Hangs   bool          `json:"hangs,omitempty"` // the phase does not end, and its progress stands still
}

// Image is an image in ECS.
type Image struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Name    string    `json:"name"`
	Size    int       `json:"size"` // GiB
	Windows bool      `json:"windows"`
	Job     string    `json:"job,omitempty"`
	Created time.Time `json:"created"`
}

// Instance is an instance in ECS.
type Instance struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Name    string    `json:"name"`
	Type    string    `json:"type"`
	Image   string    `json:"image,omitempty"`
	VPC     string    `json:"vpc,omitempty"`
	VSwitch string    `json:"vswitch,omitempty"`
	IP      string    `json:"ip,omitempty"`
	Token   string    `json:"token,omitempty"`
	Created time.Time `json:"created"`
}

// AccessToken is an activation code. What opens is not kept.
type AccessToken struct {
	ID          string    `json:"id"`
	Account     string    `json:"account"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Count       int       `json:"count"`
	Registered  int       `json:"registered"`
	Days        int       `json:"days"`
	Disabled    bool      `json:"disabled"`
	Created     time.Time `json:"created"`
}

// Execution is a run of an OOS template.
type Execution struct {
	ID         string         `json:"id"`
	Account    string         `json:"account"`
	Region     string         `json:"region"`
	Template   string         `json:"template"`
	Parameters map[string]any `json:"parameters"`
	Token      string         `json:"token,omitempty"`
	Status     string         `json:"status"`
	Message    string         `json:"message,omitempty"`
	Outputs    map[string]any `json:"outputs,omitempty"`
	Created    time.Time      `json:"created"`
	Ends       time.Time      `json:"ends"`
	Instances  []string       `json:"instances,omitempty"`
}
