package policy

import (
	"encoding/json"
	"fmt"
	"time"
)

// CloudContent is an instance's policy as its versions keep it.
type CloudContent struct {
	Standard   Standard
	AdvancedOn bool      `json:",omitempty"`
	Advanced   *Advanced `json:",omitempty"`
}

// Content is what a version keeps of a standing.
func (s Standing) Content() CloudContent {
	c := CloudContent{Standard: s.Standard, AdvancedOn: s.AdvancedOn}
	if s.AdvancedOn {
		a := s.Advanced
		c.Advanced = &a
	}
	return c
}

// ReadContent reads a version of an instance's policy.
func ReadContent(v Version) (c CloudContent, err error) {
	if err = json.Unmarshal(v.Content, &c); err != nil {
		return c, fmt.Errorf("read version %d of %s: %w", v.Number, v.Subject, err)
	}
	return c, nil
}

// InstanceSubject names an instance's policy among the versions.
func InstanceSubject(instanceID string) string { return "instance/" + instanceID }

func (c CloudContent) version(instanceID string, at time.Time) Version {
	b, err := json.Marshal(c)
	if err != nil {
		panic("policy: " + err.Error()) // plain fields only
	}
	return Version{Subject: InstanceSubject(instanceID), At: at.UTC(), Content: b}
}

// DiffContent tells what differs between two versions.
func DiffContent(was, now CloudContent) []Change {
	if was.AdvancedOn != now.AdvancedOn {
		c := changes{}
		c.add(FieldRows, "Advanced policy", onOff(was.AdvancedOn), onOff(now.AdvancedOn))
		return append(c, Diff(was.Standard, now.Standard)...)
	}
	if now.AdvancedOn && was.Advanced != nil && now.Advanced != nil {
		// While the advanced policy is on, the standard one only mirrors it.
		return DiffAdvanced(*was.Advanced, *now.Advanced)
	}
	return Diff(was.Standard, now.Standard)
}

// Drifted is a change that was not made here.
type Drifted struct {
	From    Version // last version that somebody here wrote, acknowledged or first saw
	Changes []Change
}

// Drift compares an instance's policy with the newest version that somebody
// here stands behind. Versions are newest first, as the store lists them;
// those that were only seen have no actor. Versions that cannot be read are
// passed over.
func Drift(versions []Version, now CloudContent) (Drifted, bool) {
	for i, v := range versions {
		if v.Actor == "" && i < len(versions)-1 {
			continue
		}
		c, err := ReadContent(v)
		if err != nil {
			continue
		}
		d := Drifted{From: v, Changes: DiffContent(c, now)}
		return d, len(d.Changes) > 0
	}
	return Drifted{}, false
}
