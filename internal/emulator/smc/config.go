package smcemu

import (
	"time"

	"github.com/bakplane/bakplane/internal/emulator/acs"
)

// Config describes what the service knows at its first start.
type Config struct {
	Accounts []Account
	Sources  []Source
	Jobs     []Job
	Images   []Image
	// Switches are the vSwitches there are, with the VPC of each.
	Switches map[string]string

	// Pace is how many times faster than the documented rates phases go by;
	// zero means 1. Intervals and expiry go by the clock alone.
	Pace float64
	// File keeps the state between processes; empty means memory only.
	File string
}

// Account owns keys, sources, jobs and instances.
type Account struct {
	ID   string
	Keys []acs.Key
}

// Settings are those of the service and of what an account may do.
type Settings struct {
	// StartWaiting lets StartReplicationJob begin a synchronisation in Waiting.
	StartWaiting bool `json:"start_waiting,omitempty"`
	// ExpireWaiting lets jobs expire in Waiting.
	ExpireWaiting bool `json:"expire_waiting,omitempty"`
	// NoRole: AliyunServiceRoleForSMC was never assigned.
	NoRole bool `json:"no_role,omitempty"`
	// Unverified: nobody verified whose account it is.
	Unverified bool `json:"unverified,omitempty"`
	// NoBalance: nothing can be bought.
	NoBalance bool `json:"no_balance,omitempty"`
	// VerifyUnmarked: checks of OOS end without their markers.
	VerifyUnmarked bool `json:"verify_unmarked,omitempty"`
	// VerifyFails: runs of OOS fail.
	VerifyFails bool `json:"verify_fails,omitempty"`
	// VerifyHangs: runs of OOS do not end.
	VerifyHangs bool `json:"verify_hangs,omitempty"`

	// Quotas (help page Limits: 1,000 sources, 1,000 jobs, 50 of them at work;
	// 10 VPCs in a region). Zero means those.
	Jobs    int `json:"jobs,omitempty"`
	Running int `json:"running,omitempty"`
	VPCs    int `json:"vpcs,omitempty"`
	// OwnVPCs are those that the account has beside those of its jobs, in each region.
	OwnVPCs int `json:"own_vpcs,omitempty"`
}

// SettingsPatch changes what is not nil.
type SettingsPatch struct {
	StartWaiting   *bool    `json:"start_waiting"`
	ExpireWaiting  *bool    `json:"expire_waiting"`
	NoRole         *bool    `json:"no_role"`
	Unverified     *bool    `json:"unverified"`
	NoBalance      *bool    `json:"no_balance"`
	VerifyUnmarked *bool    `json:"verify_unmarked"`
	VerifyFails    *bool    `json:"verify_fails"`
	VerifyHangs    *bool    `json:"verify_hangs"`
	Jobs           *int     `json:"jobs"`
	Running        *int     `json:"running"`
	VPCs           *int     `json:"vpcs"`
	OwnVPCs        *int     `json:"own_vpcs"`
	Pace           *float64 `json:"pace"`
}

func or(n, standard int) int {
	if n == 0 {
		return standard
	}
	return n
}

// How long things take, before Pace. Image and internet rates are documented
// (about 30 MB/s, 100 Mbit/s); the others are ours.
const (
	preparing   = 3 * time.Minute
	cleaning    = time.Minute
	deleting    = 90 * time.Second
	verifying   = 8 * time.Minute
	compareRate = 150_000_000 // bytes per second
	sendRate    = 12_500_000
	imageRate   = 30_000_000
	kept        = 7 * 24 * time.Hour // an expired job, before it is deleted
)
