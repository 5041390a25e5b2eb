package server

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/web/templates"
)

// settingKind is one kind of endpoint with its form: what is asked, how it is
// read into a record, how that is kept.
type settingKind struct {
	key, thing string // of addresses and audit entries; of sentences
	intro      string
	fields     func(s *Server, ctx context.Context, id string) ([]templates.Field, error)
	save       func(s *Server, c echo.Context, id string) error
	remove     func(s *Server, ctx context.Context, id string, e audit.Entry) error
	subject    string // of audit entries
}

var settingKinds = map[string]settingKind{
	"accounts": {key: "accounts", thing: "cloud account", subject: "account", fields: accountFields, save: accountSave,
		intro: "The access key of a RAM user that may use RDS and OSS. The secret is sealed with the key file of this dashboard and never shown again.",
		remove: func(s *Server, ctx context.Context, id string, e audit.Entry) error {
			return s.Endpoints.RemoveAccount(ctx, id, e)
		}},
	"instances": {key: "instances", thing: "instance", subject: "instance", fields: instanceFields, save: instanceSave,
		intro: "An ApsaraDB RDS for SQL Server instance that databases are migrated to.",
		remove: func(s *Server, ctx context.Context, id string, e audit.Entry) error {
			return s.Endpoints.RemoveInstance(ctx, id, e)
		}},
	"servers": {key: "servers", thing: "SQL Server", subject: "instance", fields: serverFields, save: serverSave,
		intro: "A self-managed SQL Server, at work: its databases are backed up, followed and cut over from here. The password is sealed with the key file of this dashboard and never shown again.",
		remove: func(s *Server, ctx context.Context, id string, e audit.Entry) error {
			return s.Endpoints.RemoveInstance(ctx, id, e)
		}},
	"buckets": {key: "buckets", thing: "OSS bucket", subject: "bucket", fields: bucketFields, save: bucketSave,
		intro: "The cloud restores from OSS: a bucket in the region and account of the instance, class Standard, without server-side encryption.",
		remove: func(s *Server, ctx context.Context, id string, e audit.Entry) error {
			return s.Endpoints.RemoveBucket(ctx, id, e)
		}},
	"folders": {key: "folders", thing: "folder", subject: "bucket", fields: folderFields, save: folderSave,
		intro: "A folder or mounted share with backup files, as this machine sees it. Files in it are read, never changed.",
		remove: func(s *Server, ctx context.Context, id string, e audit.Entry) error {
			return s.Endpoints.RemoveBucket(ctx, id, e)
		}},
}

func (s *Server) settingForm(c echo.Context, k settingKind) (view, error) {
	fields, err := k.fields(s, c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return settingView(k, c.Param("id"), fields, nil), nil
}

func settingView(k settingKind, id string, fields []templates.Field, refused error) view {
	v := templates.FormPage{Title: "Add a " + k.thing, Intro: k.intro, Crumbs: []templates.Link{{Text: "Settings", Href: "/settings"}, {Text: capital(k.thing)}},
		Form: templates.Form{Action: "/settings/" + k.key, Submit: "Save", Cancel: "/settings#" + k.key, Fields: fields, Problem: problemOf(refused)}}
	if k.thing == "instance" || strings.HasPrefix(k.thing, "OSS") {
		v.Title = "Add an " + k.thing
	}
	if id != "" {
		v.Title, v.Form.Action = "Change the "+k.thing, "/settings/"+k.key+"/"+id
	}
	out := view{title: v.Title, section: "settings", page: func(f templates.Frame) templ.Component { return templates.FormPageView(f, v) }}
	if refused != nil {
		out.status = http.StatusUnprocessableEntity
	}
	return out
}

func (s *Server) settingSave(c echo.Context, k settingKind) error {
	id := c.Param("id")
	err := k.save(s, c, id)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		fields, fieldsErr := k.fields(s, c.Request().Context(), id)
		if fieldsErr != nil {
			return fieldsErr
		}
		for i := range fields {
			if fields[i].Type != "password" {
				fields[i].Value = c.FormValue(fields[i].Name)
			}
		}
		return s.refused(c, settingView(k, id, fields, err))
	}
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The "+k.thing+" is saved.")
	return seeOther(c, "/settings#"+k.key)
}

// settingName is what a person types to remove a thing.
func (s *Server) settingName(ctx context.Context, k settingKind, id string) (string, error) {
	switch k.subject {
	case "account":
		a, err := s.Endpoints.Account(ctx, id)
		return a.Name, err
	case "instance":
		i, err := s.Endpoints.Instance(ctx, id)
		return i.Name, err
	}
	b, err := s.Endpoints.Bucket(ctx, id)
	return b.Name, err
}

// settingAskRemove asks for the name before a thing is forgotten.
func (s *Server) settingAskRemove(c echo.Context, k settingKind) (view, error) {
	name, err := s.settingName(c.Request().Context(), k, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return removal{thing: k.thing, name: name, href: "/settings/" + k.key + "/" + c.Param("id"), back: "/settings#" + k.key,
		points: []string{"Bakplane forgets how to reach it. The thing itself, and everything in it, stays as it is.", "What still needs it keeps it from being removed."}}.ask(nil), nil
}

func (s *Server) settingRemove(c echo.Context, k settingKind) error {
	ctx, id := c.Request().Context(), c.Param("id")
	name, err := s.settingName(ctx, k, id)
	if err != nil {
		return err
	}
	err = typed(c, name)
	if err == nil {
		err = k.remove(s, ctx, id, s.entry(c, k.subject+".remove", k.subject+"/"+id, "Removed the "+k.thing+" "+name+"."))
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.settingAskRemove(c, k)
		return s.askAgain(c, v, viewErr, err)
	}
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The "+k.thing+" is removed.")
	return seeOther(c, "/settings#"+k.key)
}

func accountFields(s *Server, ctx context.Context, id string) ([]templates.Field, error) {
	var a endpoint.Account
	keyHint := "Stored sealed; nobody can read it here afterwards."
	if id != "" {
		var err error
		if a, err = s.Endpoints.Account(ctx, id); err != nil {
			return nil, err
		}
		keyHint = "Leave empty to keep the stored one."
	}
	return []templates.Field{
		{Name: "name", Label: "Name", Value: a.Name, Hint: "What your colleagues call it.", Focus: true},
		{Name: "access_key_id", Label: "Access key id", Value: a.AccessKeyID, Mono: true, Autocomplete: "off"},
		{Name: "secret", Label: "Access key secret", Type: "password", Autocomplete: "off", Optional: id != "", Hint: keyHint},
		{Name: "region", Label: "Region", Value: a.Region, Mono: true, Placeholder: "cn-hangzhou"},
		{Name: "rds_address", Label: "Address of the RDS API", Value: a.RDSAddress, Mono: true, Optional: true, Placeholder: "rds.aliyuncs.com", Hint: "Empty: the region's own."},
		{Name: "owner_id", Label: "Number of the cloud account", Value: a.OwnerID, Mono: true, Optional: true, Hint: "When it is given, preflight compares it with the owner of bucket and instance."},
	}, nil
}

func accountSave(s *Server, c echo.Context, id string) error {
	a := endpoint.Account{ID: id, Name: strings.TrimSpace(c.FormValue("name")), AccessKeyID: strings.TrimSpace(c.FormValue("access_key_id")), Secret: secret.NewText(strings.TrimSpace(c.FormValue("secret"))),
		Region: strings.TrimSpace(c.FormValue("region")), RDSAddress: strings.TrimSpace(c.FormValue("rds_address")), OwnerID: strings.TrimSpace(c.FormValue("owner_id"))}
	_, err := s.saveAccount(c, a)
	return err
}

// saveAccount makes or changes an account; an empty id makes one.
func (s *Server) saveAccount(c echo.Context, a endpoint.Account) (endpoint.Account, error) {
	ctx, verb := c.Request().Context(), "change"
	var before any
	if a.ID == "" {
		a.ID, verb = s.NewID(), "add"
		if a.Secret.Empty() {
			return a, invalid("The access key secret is empty.", "Copy it from the cloud's console; it is shown there only when the key is made.")
		}
	} else {
		old, err := s.Endpoints.Account(ctx, a.ID)
		if err != nil {
			return a, err
		}
		before = accountJSON(old)
	}
	if err := a.Check(); err != nil {
		return a, err
	}
	e := s.entry(c, "account."+verb, "account/"+a.ID, "Saved the cloud account "+a.Name+".").With(before, accountJSON(a))
	return a, s.Endpoints.SaveAccount(ctx, a, e)
}

func instanceFields(s *Server, ctx context.Context, id string) ([]templates.Field, error) {
	var i endpoint.Instance
	if id != "" {
		var err error
		if i, err = s.Endpoints.Instance(ctx, id); err != nil {
			return nil, err
		}
		if i.Kind != endpoint.ApsaraDB {
			return nil, fault.New(fault.NotFound, "This instance is not in the cloud.", "Look for it under Settings, SQL Servers.")
		}
	}
	account, err := s.accountField(ctx, i.AccountID)
	if err != nil {
		return nil, err
	}
	return append([]templates.Field{
		{Name: "instance_id", Label: "Instance id", Value: i.InstanceID, Mono: true, Placeholder: "rm-bp1x…", Hint: "As the console's list of instances shows it.", Focus: true},
		{Name: "name", Label: "Name", Value: i.Name, Optional: true, Hint: "What your colleagues call it."},
		{Name: "region", Label: "Region", Value: i.Region, Mono: true, Placeholder: "cn-hangzhou"}, account}, readingFields(i)...), nil
}

func (s *Server) accountField(ctx context.Context, value string) (templates.Field, error) {
	accounts, err := s.Endpoints.Accounts(ctx)
	f := templates.Field{Name: "account_id", Label: "Cloud account", Type: "select", Value: value}
	for _, a := range accounts {
		f.Options = append(f.Options, templates.Option{Value: a.ID, Label: a.Name + " · " + a.AccessKeyID})
	}
	if len(accounts) == 0 {
		f.Hint = "There is none yet: add a cloud account first."
	}
	return f, err
}

func instanceSave(s *Server, c echo.Context, id string) error {
	i := endpoint.Instance{ID: id, Name: strings.TrimSpace(c.FormValue("name")), Kind: endpoint.ApsaraDB, AccountID: c.FormValue("account_id"),
		Region: strings.TrimSpace(c.FormValue("region")), InstanceID: strings.TrimSpace(c.FormValue("instance_id"))}
	if err := readingLogin(c, &i); err != nil {
		return err
	}
	_, err := s.saveInstance(c, i)
	return err
}

func (s *Server) saveInstance(c echo.Context, i endpoint.Instance) (endpoint.Instance, error) {
	verb := "change"
	var before any
	if i.Name == "" {
		i.Name = i.InstanceID
		if i.Kind == endpoint.SelfManaged {
			i.Name = serverAddress(i)
		}
	}
	if i.ID == "" {
		i.ID, verb = s.NewID(), "add"
		if i.Login != "" && i.Password.Empty() {
			return i, invalid("The password is empty.", "Give the password of the login.")
		}
	} else {
		old, err := s.Endpoints.Instance(c.Request().Context(), i.ID)
		if err != nil {
			return i, err
		}
		if old.Kind != i.Kind {
			return i, fault.New(fault.Conflict, "A cloud instance does not become a self-managed server, nor the other way round.", "Add a new one.")
		}
		if moved(old, i) && i.Password.Empty() {
			return i, invalid("The password is needed again: the address or the protection of the connection changes.", "Type it. So a stored password is never sent to a server it was not meant for.")
		}
		before = instanceJSON(old)
	}
	if err := i.Check(); err != nil {
		return i, err
	}
	if i.Kind == endpoint.SelfManaged {
		if err := s.checkServer(c.Request().Context(), i); err != nil {
			return i, err
		}
	}
	e := s.entry(c, "instance."+verb, "instance/"+i.ID, "Saved the instance "+i.Name+".").With(before, instanceJSON(i))
	return i, s.Endpoints.SaveInstance(c.Request().Context(), i, e)
}

func bucketFields(s *Server, ctx context.Context, id string) ([]templates.Field, error) {
	b, err := s.bucketOrNone(ctx, id)
	if err != nil {
		return nil, err
	}
	account, err := s.accountField(ctx, b.AccountID)
	if err != nil {
		return nil, err
	}
	return []templates.Field{
		{Name: "bucket", Label: "Bucket", Value: b.Bucket, Mono: true, Focus: true}, {Name: "name", Label: "Name", Value: b.Name, Optional: true, Hint: "What your colleagues call it."},
		{Name: "region", Label: "Region", Value: b.Region, Mono: true, Placeholder: "cn-hangzhou", Hint: "Without the oss- prefix."}, account,
		{Name: "address", Label: "Address we reach it under", Value: b.Address, Mono: true, Optional: true, Placeholder: "https://oss-cn-hangzhou.aliyuncs.com", Hint: "Empty: the region's public endpoint."},
		{Name: "cloud_host", Label: "Host the cloud reads from", Value: b.CloudHost, Mono: true, Optional: true, Placeholder: "oss-cn-hangzhou-internal.aliyuncs.com", Hint: "Empty: the region's public endpoint. Part of every OssObjectPositions."}}, nil
}

func (s *Server) bucketOrNone(ctx context.Context, id string) (endpoint.Bucket, error) {
	if id == "" {
		return endpoint.Bucket{}, nil
	}
	return s.Endpoints.Bucket(ctx, id)
}

func bucketSave(s *Server, c echo.Context, id string) error {
	_, err := s.saveBucket(c, endpoint.Bucket{ID: id, Name: strings.TrimSpace(c.FormValue("name")), Kind: endpoint.OSS, AccountID: c.FormValue("account_id"), Region: strings.TrimSpace(c.FormValue("region")),
		Address: strings.TrimSpace(c.FormValue("address")), CloudHost: strings.TrimSpace(c.FormValue("cloud_host")), Bucket: strings.TrimSpace(c.FormValue("bucket"))})
	return err
}

func folderFields(s *Server, ctx context.Context, id string) ([]templates.Field, error) {
	b, err := s.bucketOrNone(ctx, id)
	if err != nil {
		return nil, err
	}
	return []templates.Field{
		{Name: "path", Label: "Path", Value: b.Path, Mono: true, Placeholder: "/var/backups/sql", Focus: true, Hint: "The whole path, as this machine sees it."},
		{Name: "name", Label: "Name", Value: b.Name, Optional: true, Hint: "What your colleagues call it."}}, nil
}

func folderSave(s *Server, c echo.Context, id string) error {
	_, err := s.saveBucket(c, endpoint.Bucket{ID: id, Name: strings.TrimSpace(c.FormValue("name")), Kind: endpoint.Folder, Path: strings.TrimSpace(c.FormValue("path"))})
	return err
}

func (s *Server) saveBucket(c echo.Context, b endpoint.Bucket) (endpoint.Bucket, error) {
	verb := "change"
	var before any
	if b.Name == "" {
		b.Name = b.Bucket + b.Path
	}
	if b.ID == "" {
		b.ID, verb = s.NewID(), "add"
	} else {
		old, err := s.Endpoints.Bucket(c.Request().Context(), b.ID)
		if err != nil {
			return b, err
		}
		if old.Kind != b.Kind {
			return b, fault.New(fault.Conflict, "A folder does not become a bucket, nor the other way round.", "Add a new one.")
		}
		before = bucketJSON(old)
	}
	if err := b.Check(); err != nil {
		return b, err
	}
	e := s.entry(c, "bucket."+verb, "bucket/"+b.ID, "Saved the place "+b.Name+".").With(before, bucketJSON(b))
	return b, s.Endpoints.SaveBucket(c.Request().Context(), b, e)
}
