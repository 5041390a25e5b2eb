package settings

import (
	"context"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// setting is one kind of endpoint as the settings know it: its spec with the
// type of its records taken away.
type setting struct {
	page, thing, intro string
	subject            string // of audit entries
	fields             func(ctx context.Context, id string) ([]settingField, error)
	name               func(ctx context.Context, id string) (string, error)
	save               func(ctx context.Context, e endpoint.Editor, id string, form func(string) string) error
	remove             func(ctx context.Context, id string, e audit.Entry) error
}

// settingField is a field with what stands in it.
type settingField struct {
	Name, Label, Hint, Placeholder, Heading, Under string
	Type                                           endpoint.Input
	Optional, Mono                                 bool
	Options                                        []endpoint.Option
	Value                                          string
}

// settingKinds are all kinds of endpoints that people can add.
func (s *Pages) settingKinds() (out []setting) {
	for _, k := range s.Kinds.Accounts {
		out = append(out, settingOfSpec(k.Spec, "account", s.Endpoints.RemoveAccount, func(a endpoint.Account) string { return a.Name },
			func(ctx context.Context, id string) (endpoint.Account, error) {
				if id == "" {
					return endpoint.Account{Kind: endpoint.AccountKind(k.Key)}, nil
				}
				a, err := s.Endpoints.Account(ctx, id)
				return a, ofKind(err, string(a.Kind), k.Key, k.Thing)
			},
			func(ctx context.Context, e endpoint.Editor, a endpoint.Account) error {
				_, err := e.SaveAccount(ctx, a)
				return err
			}))
	}
	for _, k := range s.Kinds.Instances {
		out = append(out, settingOfSpec(k.Spec, "instance", s.Endpoints.RemoveInstance, func(i endpoint.Instance) string { return i.Name },
			func(ctx context.Context, id string) (endpoint.Instance, error) {
				if id == "" {
					return endpoint.Instance{Kind: endpoint.InstanceKind(k.Key)}, nil
				}
				i, err := s.Endpoints.Instance(ctx, id)
				return i, ofKind(err, string(i.Kind), k.Key, k.Thing)
			},
			func(ctx context.Context, e endpoint.Editor, i endpoint.Instance) error {
				_, err := e.SaveInstance(ctx, i)
				return err
			}))
	}
	for _, k := range s.Kinds.Buckets {
		out = append(out, settingOfSpec(k.Spec, "bucket", s.Endpoints.RemoveBucket, func(b endpoint.Bucket) string { return b.Name },
			func(ctx context.Context, id string) (endpoint.Bucket, error) {
				if id == "" {
					return endpoint.Bucket{Kind: endpoint.BucketKind(k.Key)}, nil
				}
				b, err := s.Endpoints.Bucket(ctx, id)
				return b, ofKind(err, string(b.Kind), k.Key, k.Thing)
			},
			func(ctx context.Context, e endpoint.Editor, b endpoint.Bucket) error {
				_, err := e.SaveBucket(ctx, b)
				return err
			}))
	}
	return out
}

// ofKind refuses an endpoint under the address of another kind.
func ofKind(err error, kind, want, thing string) error {
	if err == nil && kind != want {
		return fault.Newf(fault.NotFound, "This is not %s %s.", article(thing), thing).WithFix("Look for it under Settings.")
	}
	return err
}

// settingOfSpec takes the type of the records away. Fields set what they know;
// everything else of a record stays as it is, but its secret, which is kept by
// the store when none is given.
func settingOfSpec[T any](spec endpoint.Spec[T], subject string, remove func(ctx context.Context, id string, e audit.Entry) error, name func(T) string,
	read func(ctx context.Context, id string) (T, error), save func(ctx context.Context, e endpoint.Editor, v T) error) setting {
	return setting{page: spec.Page, thing: spec.Thing, intro: spec.Intro, subject: subject, remove: remove,
		name: func(ctx context.Context, id string) (string, error) {
			v, err := read(ctx, id)
			return name(v), err
		},
		fields: func(ctx context.Context, id string) (out []settingField, err error) {
			v, err := read(ctx, id)
			for _, f := range spec.Fields {
				field := settingField{Name: f.Name, Label: f.Label, Hint: f.Hint, Placeholder: f.Placeholder, Heading: f.Heading, Under: f.Under, Type: f.Type, Optional: f.Optional, Mono: f.Mono, Options: f.Options}
				if f.Get != nil {
					field.Value = f.Get(v)
				}
				out = append(out, field)
			}
			return out, err
		},
		save: func(ctx context.Context, e endpoint.Editor, id string, form func(string) string) error {
			v, err := read(ctx, id)
			if err != nil {
				return err
			}
			for _, f := range spec.Fields {
				if err := f.Set(&v, form(f.Name)); err != nil {
					return err
				}
			}
			return save(ctx, e, v)
		}}
}
