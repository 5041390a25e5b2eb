package clouds

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/policy"
)

// Content is an instance's policy as its versions keep it.
type Content struct {
	Standard   Standard
	AdvancedOn bool      `json:",omitempty"`
	Advanced   *Advanced `json:",omitempty"`
}

// Content is what a version keeps of a standing.
func (s Standing) Content() Content {
	c := Content{Standard: s.Standard, AdvancedOn: s.AdvancedOn}
	if s.AdvancedOn {
		a := s.Advanced
		c.Advanced = &a
	}
	return c
}

// ReadContent reads a version of an instance's policy.
func ReadContent(v policy.Version) (c Content, err error) {
	if err = json.Unmarshal(v.Content, &c); err != nil {
		return c, fmt.Errorf("read version %d of %s: %w", v.Number, v.Subject, err)
	}
	return c, nil
}

func (c Content) version(instanceID string, at time.Time) policy.Version {
	b, err := json.Marshal(c)
	if err != nil {
		panic("policy: " + err.Error()) // plain fields only
	}
	return policy.Version{Subject: policy.InstanceSubject(instanceID), At: at.UTC(), Content: b}
}

// DiffContent tells what differs between two versions.
func DiffContent(was, now Content) []policy.Change {
	if was.AdvancedOn != now.AdvancedOn {
		c := policy.Changes{}
		c.Add(FieldRows, "Advanced policy", policy.OnOff(was.AdvancedOn), policy.OnOff(now.AdvancedOn))
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
	From    policy.Version // last version that somebody here wrote, acknowledged or first saw
	Changes []policy.Change
}

// Drift compares an instance's policy with the newest version that somebody
// here stands behind. Versions are newest first, as the store lists them;
// those that were only seen have no actor. Versions that cannot be read are
// passed over.
func Drift(versions []policy.Version, now Content) (Drifted, bool) {
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
