package endpoint

import (
	"fmt"

	"github.com/bakplane/bakplane/internal/fault"
)

// AccountSpec is a kind of account.
type AccountSpec struct {
	Spec[Account]
	Listers []Lister // what can be picked from lists; none = everything is typed
	Servers bool     // whole servers are migrated through it
}

// BucketSpec is a kind of place for backup files.
type BucketSpec struct {
	Spec[Bucket]
	Service bool                // a service keeps the files, and others can read them there; false = a folder of this machine
	Where   func(Bucket) string // the place in a line, such as its path
	Host    func(Bucket) string // what targets are told to read from; nil for folders
	// Resource is by which name instances that write there know the bucket, in
	// front of /key, such as an ARN; nil where none does.
	Resource func(Bucket) string
}

// InstanceSpec is a kind of instance.
type InstanceSpec struct {
	Spec[Instance]
	Traits Traits
	Word   string                // in a list of kinds, such as "SQL Server"
	Where  func(Instance) string // how it is reached or what the service calls it, in a line
}

// Kinds are those that this dashboard knows, in the order in which people see
// them.
type Kinds struct {
	Accounts  []AccountSpec
	Buckets   []BucketSpec
	Instances []InstanceSpec
}

// Account finds a kind of account; an unknown one is Invalid.
func (k Kinds) Account(kind AccountKind) (AccountSpec, error) {
	return pick(k.Accounts, string(kind), func(s AccountSpec) string { return s.Key }, "accounts")
}

// Bucket finds a kind of bucket; an unknown one is Invalid.
func (k Kinds) Bucket(kind BucketKind) (BucketSpec, error) {
	return pick(k.Buckets, string(kind), func(s BucketSpec) string { return s.Key }, "buckets")
}

// Instance finds a kind of instance; an unknown one is Invalid.
func (k Kinds) Instance(kind InstanceKind) (InstanceSpec, error) {
	return pick(k.Instances, string(kind), func(s InstanceSpec) string { return s.Key }, "instances")
}

// Traits are those of a kind; of an unknown one nothing is known, so nothing
// can be done with it.
func (k Kinds) Traits(kind InstanceKind) Traits {
	s, _ := k.Instance(kind)
	return s.Traits
}

// CheckAccount refuses an account that cannot work.
func (k Kinds) CheckAccount(a Account) error {
	s, err := k.Account(a.Kind)
	if err != nil {
		return err
	}
	return checkNamed(a.Name, s.Thing, a, s.Check)
}

// CheckBucket refuses a bucket that cannot work.
func (k Kinds) CheckBucket(b Bucket) error {
	s, err := k.Bucket(b.Kind)
	if err != nil {
		return err
	}
	return checkNamed(b.Name, s.Thing, b, s.Check)
}

// CheckInstance refuses an instance that cannot work.
func (k Kinds) CheckInstance(i Instance) error {
	s, err := k.Instance(i.Kind)
	if err != nil {
		return err
	}
	return checkNamed(i.Name, s.Thing, i, s.Check)
}

func checkNamed[T any](name, thing string, v T, check func(T) error) error {
	if blank(name) {
		return fault.Newf(fault.Invalid, "The %s has no name.", thing).WithFix("Give it the name your colleagues know it by.")
	}
	return check(v)
}

// WithTraits lists the instances whose kind fits, in the order of the kinds.
func (k Kinds) WithTraits(all []Instance, fits func(Traits) bool) (out []Instance) {
	for _, s := range k.Instances {
		if !fits(s.Traits) {
			continue
		}
		for _, i := range all {
			if string(i.Kind) == s.Key {
				out = append(out, i)
			}
		}
	}
	return out
}

// Words names the kinds that fit, for a sentence such as "Choose a … .".
func (k Kinds) Words(fits func(Traits) bool) string {
	out := ""
	for _, s := range k.Instances {
		switch {
		case !fits(s.Traits):
		case out == "":
			out = s.Thing
		default:
			out = fmt.Sprintf("%s or %s", out, s.Thing)
		}
	}
	return out
}
