package endpoint

import (
	"context"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
)

// Editor adds and changes endpoints for people and programs: look first, check
// by the rules of the kind, save with the entry in the audit trail. An empty id
// adds; the endpoint that is returned has its id and name.
type Editor struct {
	Store Store
	Kinds Kinds
	NewID func() string
	// Entry begins an audit entry of whoever asks.
	Entry func(action, subject, summary string) audit.Entry
}

func invalid(message, fix string) error { return fault.New(fault.Invalid, message, fix) }

// SaveAccount keeps an account.
func (e Editor) SaveAccount(ctx context.Context, a Account) (Account, error) {
	spec, err := e.Kinds.Account(a.Kind)
	if err != nil {
		return a, err
	}
	verb, before := "change", any(nil)
	if blank(a.Name) {
		a.Name = spec.Named(a)
	}
	if a.ID == "" {
		a.ID, verb = e.NewID(), "add"
		if a.Secret.Empty() && a.AccessKeyID != "" {
			return a, invalid("The access key secret is empty.", "Copy it from the cloud's console; it is shown there only when the key is made.")
		}
	} else {
		old, err := e.Store.Account(ctx, a.ID)
		if err != nil {
			return a, err
		}
		if old.Kind != a.Kind {
			return a, fault.New(fault.Conflict, "An account does not change its kind.", "Add a new one.")
		}
		before = old.Record()
	}
	if err := e.Kinds.CheckAccount(a); err != nil {
		return a, err
	}
	return a, e.Store.SaveAccount(ctx, a, e.Entry("account."+verb, "account/"+a.ID, "Saved the "+spec.Thing+" "+a.Name+".").With(before, a.Record()))
}

// SaveBucket keeps a place for backup files.
func (e Editor) SaveBucket(ctx context.Context, b Bucket) (Bucket, error) {
	spec, err := e.Kinds.Bucket(b.Kind)
	if err != nil {
		return b, err
	}
	verb, before := "change", any(nil)
	if blank(b.Name) {
		b.Name = spec.Named(b)
	}
	if b.ID == "" {
		b.ID, verb = e.NewID(), "add"
	} else {
		old, err := e.Store.Bucket(ctx, b.ID)
		if err != nil {
			return b, err
		}
		if old.Kind != b.Kind {
			return b, fault.New(fault.Conflict, "A folder does not become a bucket, nor the other way round.", "Add a new one.")
		}
		before = old.Record()
	}
	if err := e.Kinds.CheckBucket(b); err != nil {
		return b, err
	}
	return b, e.Store.SaveBucket(ctx, b, e.Entry("bucket."+verb, "bucket/"+b.ID, "Saved the place "+b.Name+".").With(before, b.Record()))
}

// SaveInstance keeps an instance. A stored password is asked for again when it
// would go to another place, or less protected, than when it was given.
func (e Editor) SaveInstance(ctx context.Context, i Instance) (Instance, error) {
	spec, err := e.Kinds.Instance(i.Kind)
	if err != nil {
		return i, err
	}
	verb, before := "change", any(nil)
	if blank(i.Name) {
		i.Name = spec.Named(i)
	}
	if i.ID == "" {
		i.ID, verb = e.NewID(), "add"
		if i.Login != "" && i.Password.Empty() {
			return i, invalid("The password is empty.", "Give the password of the login.")
		}
	} else {
		old, err := e.Store.Instance(ctx, i.ID)
		if err != nil {
			return i, err
		}
		if old.Kind != i.Kind {
			return i, fault.New(fault.Conflict, "A cloud instance does not become a self-managed server, nor the other way round.", "Add a new one.")
		}
		if moved(old, i) && i.Password.Empty() {
			return i, invalid("The password is needed again: the address or the protection of the connection changes.", "Type it. So a stored password is never sent to a server it was not meant for.")
		}
		before = old.Record()
	}
	if err := e.Kinds.CheckInstance(i); err != nil {
		return i, err
	}
	if err := e.checkFolder(ctx, spec, i); err != nil {
		return i, err
	}
	return i, e.Store.SaveInstance(ctx, i, e.Entry("instance."+verb, "instance/"+i.ID, "Saved the instance "+i.Name+".").With(before, i.Record()))
}

// checkFolder refuses what only the store can tell of a backup folder.
func (e Editor) checkFolder(ctx context.Context, spec InstanceSpec, i Instance) error {
	if !spec.Traits.OwnFolder() && i.FolderID == "" {
		return nil
	}
	b, err := e.Store.Bucket(ctx, i.FolderID)
	switch {
	case fault.Is(err, fault.NotFound) && !spec.Traits.OwnFolder():
		return invalid("The bucket for backups does not exist here.", "Add it under Settings, and choose it.")
	case err == nil && !spec.Traits.OwnFolder() && !spec.Traits.ReadsFrom(b.Kind):
		return fault.Newf(fault.Invalid, "%s is no bucket that this instance can write to.", b.Name).WithFix("Choose one of its own cloud.")
	case err == nil && !spec.Traits.OwnFolder():
		return nil
	case fault.Is(err, fault.NotFound):
		return invalid("The folder that this machine sees the backups in does not exist here.", "Add it under Settings, Folders, and choose it.")
	case err != nil:
		return err
	case b.Service:
		return fault.Newf(fault.Invalid, "%s is not a folder.", b.Name).WithFix("A server writes its backups to a disk; choose the folder in which this machine sees them.")
	}
	return nil
}

func moved(old, i Instance) bool {
	return i.Login != "" && (i.Host != old.Host || i.Port != old.Port || i.InstanceName != old.InstanceName || i.CertificateHost != old.CertificateHost ||
		i.CAPEM != old.CAPEM || i.Trust && !old.Trust || i.Encrypt == EncryptNone && old.Encrypt != EncryptNone)
}
