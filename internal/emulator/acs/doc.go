// Package acs is what the emulated APIs of Alibaba Cloud share: who signs a
// request, and what a refusal looks like on the wire (public pages on the V3
// request signature, on the older RPC signature and on common errors).
package acs

// Key is an access key of the account or of one of its RAM users.
type Key struct {
	ID, Secret string
	// SecurityToken makes it a temporary key.
	SecurityToken string
	// Denied lists actions, such as CreateMigrateTask, that its user has no
	// right to; "*" means all.
	Denied []string
	// Disabled keys are refused.
	Disabled bool
}

// Caller is who signed a request.
type Caller struct {
	Account string
	Key     Key
}
