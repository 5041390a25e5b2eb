package server

import (
	"context"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/web/templates"
)

// serverFields are the fields of a self-managed SQL Server.
func serverFields(s *Server, ctx context.Context, id string) ([]templates.Field, error) {
	i := endpoint.Instance{Encrypt: endpoint.EncryptFull}
	password := "Stored sealed; nobody can read it here afterwards."
	if id != "" {
		var err error
		if i, err = s.Endpoints.Instance(ctx, id); err != nil {
			return nil, err
		}
		if i.Kind != endpoint.SelfManaged {
			return nil, fault.New(fault.NotFound, "This instance is not a self-managed SQL Server.", "Look for it under Settings, Instances.")
		}
		password = "Leave empty to keep the stored one."
	}
	port := ""
	if i.Port != 0 {
		port = strconv.Itoa(i.Port)
	}
	folder, err := s.folderField(ctx, i.FolderID)
	if err != nil {
		return nil, err
	}
	return []templates.Field{
		{Name: "host", Label: "Host", Value: i.Host, Mono: true, Placeholder: "sql1.example.org", Hint: "Name or address alone; port and instance name have fields of their own.", Focus: true},
		{Name: "port", Label: "Port", Value: port, Type: "number", Mono: true, Optional: true, Placeholder: "1433", Hint: "Empty: 1433, or for a named instance the one that SQL Server Browser tells."},
		{Name: "instance_name", Label: "Instance name", Value: i.InstanceName, Mono: true, Optional: true, Placeholder: "SQLEXPRESS", Hint: "Empty: the default instance."},
		{Name: "name", Label: "Name", Value: i.Name, Optional: true, Hint: "What your colleagues call it."},
		{Name: "login", Label: "Login", Value: i.Login, Mono: true, Autocomplete: "off", Hint: "A SQL Server login that may take backups. What it lacks is named before anything begins, with the GRANT."},
		{Name: "password", Label: "Password", Type: "password", Autocomplete: "off", Optional: id != "", Hint: password},
		{Name: "encrypt", Label: "Encryption", Type: "choices", Value: string(i.Encrypt), Options: []templates.Option{
			{Value: string(endpoint.EncryptStrict), Label: "Strict", Hint: "TLS from the first byte (TDS 8). SQL Server 2022 and later."},
			{Value: string(endpoint.EncryptFull), Label: "Full", Hint: "TLS after the greeting. Every supported version."},
			{Value: string(endpoint.EncryptNone), Label: "None", Hint: "Only the password is encrypted; everything else can be read and changed on the way."}}},
		{Name: "trust", Label: "Its certificate", Type: "choices", Value: flag(i.Trust), Options: []templates.Option{
			{Value: "", Label: "Must be valid", Hint: "Issued by an authority that this machine trusts, or by the one given below, for the host's name."},
			{Value: "1", Label: "Trust any certificate", Hint: "Whoever stands between can pretend to be the server and learn the password. For a test on one machine only."}}},
		{Name: "ca_pem", Label: "Certificate of the authority", Type: "area", Value: i.CAPEM, Mono: true, Optional: true, Placeholder: "-----BEGIN CERTIFICATE-----", Hint: "PEM. A self-signed server certificate goes here too. Empty: the authorities this machine trusts."},
		{Name: "certificate_host", Label: "Name in the certificate", Value: i.CertificateHost, Mono: true, Optional: true, Hint: "Where it is not the host's."},
		{Name: "server_folder", Label: "Backup folder as the server sees it", Value: i.ServerFolder, Mono: true, Placeholder: `D:\backup`, Hint: "The service account must be able to write there. A share is written as the server writes it."},
		folder,
	}, nil
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// folderField offers the folders that this machine sees.
func (s *Server) folderField(ctx context.Context, value string) (templates.Field, error) {
	buckets, err := s.Endpoints.Buckets(ctx)
	f := templates.Field{Name: "folder_id", Label: "The same folder as this machine sees it", Type: "select", Value: value,
		Hint: "What the server writes must appear here at once: the same disk, or a mounted share."}
	for _, b := range buckets {
		if b.Kind == endpoint.Folder {
			f.Options = append(f.Options, templates.Option{Value: b.ID, Label: b.Name + " · " + b.Path})
		}
	}
	if len(f.Options) == 0 {
		f.Hint = "There is none yet: add the folder under Settings, Folders, first."
	}
	return f, err
}

func serverSave(s *Server, c echo.Context, id string) error {
	form := func(name string) string { return strings.TrimSpace(c.FormValue(name)) }
	i := endpoint.Instance{ID: id, Kind: endpoint.SelfManaged, Name: form("name"), Host: form("host"), InstanceName: form("instance_name"), Login: form("login"),
		Password: secret.NewText(c.FormValue("password")), Encrypt: endpoint.Encrypt(form("encrypt")), CAPEM: form("ca_pem"), CertificateHost: form("certificate_host"),
		Trust: form("trust") != "", ServerFolder: form("server_folder"), FolderID: form("folder_id")}
	if text := form("port"); text != "" {
		var err error
		if i.Port, err = strconv.Atoi(text); err != nil {
			return fault.Newf(fault.Invalid, "%q is not a port.", text).WithFix("The default is 1433.")
		}
	}
	_, err := s.saveInstance(c, i)
	return err
}

// checkServer refuses what only the store can tell about a self-managed server.
func (s *Server) checkServer(ctx context.Context, i endpoint.Instance) error {
	b, err := s.Endpoints.Bucket(ctx, i.FolderID)
	switch {
	case fault.Is(err, fault.NotFound):
		return invalid("The folder that this machine sees the backups in does not exist here.", "Add it under Settings, Folders, and choose it.")
	case err != nil:
		return err
	case b.Kind != endpoint.Folder:
		return invalid(b.Name+" is not a folder.", "A server writes its backups to a disk; choose the folder in which this machine sees them.")
	}
	return nil
}

// moved reports whether a stored password would go to another place, or less
// protected, than when it was given.
func moved(old, i endpoint.Instance) bool {
	return i.Login != "" && (i.Host != old.Host || i.Port != old.Port || i.InstanceName != old.InstanceName || i.CertificateHost != old.CertificateHost ||
		i.CAPEM != old.CAPEM || i.Trust && !old.Trust || i.Encrypt == endpoint.EncryptNone && old.Encrypt != endpoint.EncryptNone)
}
