package servermigration

import "time"

// Draft is a job to be made. Its JSON is kept with the order.
type Draft struct {
	SourceID    string      `json:"source_id"`
	Region      string      `json:"region"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Target      Target      `json:"target"`
	ImageName   string      `json:"image_name,omitempty"`
	InstanceID  string      `json:"instance_id,omitempty"` // target instance
	Namespace   string      `json:"container_namespace,omitempty"`
	Repository  string      `json:"container_repository,omitempty"`
	Tag         string      `json:"container_tag,omitempty"`
	Role        string      `json:"role,omitempty"` // RAM role of the intermediate instance
	Disks       []DraftDisk `json:"disks"`          // those that go along, the system disk first
	Network     Network     `json:"network"`
	VPC         string      `json:"vpc,omitempty"`
	VSwitch     string      `json:"vswitch,omitempty"`
	Type        string      `json:"instance_type,omitempty"` // of the intermediate instance; empty = the service chooses
	Once        bool        `json:"once"`
	Every       int         `json:"every_hours,omitempty"` // 1 to 168, unless Once
	Keep        int         `json:"keep_images,omitempty"` // 1 to 10, unless Once
	Start       time.Time   `json:"start,omitzero"`        // UTC; zero = started by hand
	ValidTill   time.Time   `json:"valid_till"`            // UTC; always sent, for what the service assumes is told in two ways
	OwnLicense  bool        `json:"own_license,omitempty"` // BYOL
}

// DraftDisk is a disk of the target.
type DraftDisk struct {
	Index int      `json:"index"` // that of the source; 0 = system disk
	GiB   int      `json:"gib"`   // size at the target
	Parts []string `json:"parts"` // devices of the partitions that go along; none = all
}
