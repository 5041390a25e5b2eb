package sqlserver

import (
	"strconv"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/kinds"
)

// InstanceKind is the kind as it is stored.
const InstanceKind endpoint.InstanceKind = "selfmanaged"

// certificate is how one comes there.
const certificate = "BACKUP CERTIFICATE … WITH PRIVATE KEY at the source, CREATE CERTIFICATE … FROM FILE in master at the target. At an instance of Amazon RDS as the source: EXEC msdb.dbo.rds_backup_tde_certificate, with the password of the key deciphered by the key service (guide, Backing up and restoring TDE certificates)."

// Traits are those of a SQL Server that people run themselves: it writes and
// reads its own backup folder, and every statement is carried out.
func Traits() endpoint.Traits {
	return endpoint.Traits{
		Task:       endpoint.OneTask,
		Keys:       endpoint.KeyRule{Refuses: `\:`}, // read as a path by the server
		Increments: true, Stripes: true, Positions: true, StopAt: true, Certificate: certificate, Filestream: true, OpensWritable: true, Keeps: true,
		Source: true, Freezes: []endpoint.Freeze{endpoint.FreezeTail, endpoint.FreezeReadOnly, endpoint.FreezeStopped},
		Readable: true, Restores: true,
		Lacks: endpoint.Lacks{Keys: true},
	}
}

// Servers are connections to servers, one set for each way to reach one.
type Servers struct{ kept kinds.Kept[Config, *Server] }

// Open hands out the server that an endpoint tells of. It connects to nobody.
func (s *Servers) Open(i endpoint.Instance) (*Server, error) {
	encrypt := map[endpoint.Encrypt]Encryption{endpoint.EncryptStrict: Strict, endpoint.EncryptFull: Full, endpoint.EncryptNone: LoginOnly}[i.Encrypt]
	return s.kept.Open(Config{Host: i.Host, Port: i.Port, Instance: i.InstanceName, Login: i.Login, Password: i.Password.Reveal(), Encrypt: encrypt, CAPEM: i.CAPEM,
		HostNameInCertificate: i.CertificateHost, TrustServerCertificate: i.Trust, Folder: i.ServerFolder}, Open)
}

// Read hands out any instance whose endpoint has a host and a login, to be read.
func (s *Servers) Read(i endpoint.Instance) (backup.Server, error) { return s.Open(i) }

// Instance is the kind of self-managed servers.
func Instance(servers *Servers) kinds.Instance {
	return kinds.Instance{
		InstanceSpec: endpoint.InstanceSpec{Traits: Traits(), Word: "SQL Server", Spec: form(), Where: Address},
		Requests:     wording{},
		Open: func(i endpoint.Instance, _ endpoint.Account) (kinds.Ports, error) {
			s, err := servers.Open(i)
			if err != nil {
				return kinds.Ports{}, err
			}
			return kinds.Ports{Target: s.Target(), Server: s, Restorer: s}, nil
		},
	}
}

// Address is where a server is reached, as its own tools write it:
// host\instance,port.
func Address(i endpoint.Instance) string {
	out := i.Host
	if i.InstanceName != "" {
		out += `\` + i.InstanceName
	}
	if i.Port != 0 {
		out += "," + strconv.Itoa(i.Port)
	}
	return out
}

// protection words how the connection is protected.
func protection(i endpoint.Instance) string {
	words := map[endpoint.Encrypt]string{endpoint.EncryptStrict: "strict", endpoint.EncryptFull: "full", endpoint.EncryptNone: "none"}[i.Encrypt]
	if i.Trust && i.Encrypt != endpoint.EncryptNone {
		words += ", any certificate"
	}
	return words
}

func form() endpoint.Spec[endpoint.Instance] {
	text := func(f endpoint.Field[endpoint.Instance], of func(*endpoint.Instance) *string) endpoint.Field[endpoint.Instance] {
		return endpoint.Text(f, of)
	}
	fields := []endpoint.Field[endpoint.Instance]{
		text(endpoint.Field[endpoint.Instance]{Name: "host", Label: "Host", Mono: true, Placeholder: "sql1.example.org", Hint: "Name or address alone; port and instance name have fields of their own."},
			func(i *endpoint.Instance) *string { return &i.Host }),
		endpoint.PortField("Empty: 1433, or for a named instance the one that SQL Server Browser tells."),
		text(endpoint.Field[endpoint.Instance]{Name: "instance_name", Label: "Instance name", Mono: true, Optional: true, Placeholder: "SQLEXPRESS", Hint: "Empty: the default instance."},
			func(i *endpoint.Instance) *string { return &i.InstanceName }),
		text(endpoint.Field[endpoint.Instance]{Name: "name", Label: "Name", Optional: true, Hint: "What your colleagues call it."}, func(i *endpoint.Instance) *string { return &i.Name }),
		text(endpoint.Field[endpoint.Instance]{Name: "login", Label: "Login", Mono: true, Hint: "A SQL Server login that may take backups. What it lacks is named before anything begins, with the GRANT."},
			func(i *endpoint.Instance) *string { return &i.Login }),
		endpoint.PasswordField("Password", false),
	}
	fields = append(fields, endpoint.ProtectionFields(endpoint.SQLHints{
		Full:      "TLS after the greeting. Every supported version.",
		None:      "Only the password is encrypted; everything else can be read and changed on the way.",
		Trust:     "Whoever stands between can pretend to be the server and learn the password. For a test on one machine only.",
		Authority: "PEM. A self-signed server certificate goes here too. Empty: the authorities this machine trusts."})...)
	fields = append(fields,
		text(endpoint.Field[endpoint.Instance]{Name: "server_folder", Label: "Backup folder as the server sees it", Mono: true, Placeholder: `D:\backup`, Hint: "The service account must be able to write there. A share is written as the server writes it."},
			func(i *endpoint.Instance) *string { return &i.ServerFolder }),
		text(endpoint.Field[endpoint.Instance]{Name: "folder_id", Label: "The same folder as this machine sees it", Type: endpoint.Folders, Hint: "What the server writes must appear here at once: the same disk, or a mounted share."},
			func(i *endpoint.Instance) *string { return &i.FolderID }))
	return endpoint.Spec[endpoint.Instance]{
		Key: string(InstanceKind), Page: "servers", Thing: "SQL Server",
		Intro: "A self-managed SQL Server, at work: its databases are backed up, followed and cut over from here. The password is sealed with the key file of this dashboard and never shown again.",
		Named: Address,
		List: endpoint.List[endpoint.Instance]{Title: "SQL Servers", Note: "self-managed, where databases come from", Add: "Add a SQL Server",
			None: "No SQL Server yet.", Begin: "Add a server at work to back up and follow its databases from here. Its backup folder is added first, under Folders.",
			Columns: []endpoint.Column[endpoint.Instance]{
				{Title: "Address", Get: Address},
				{Title: "Encryption", Get: protection},
				{Title: "Backup folder", Get: func(i endpoint.Instance) string { return i.ServerFolder }}}},
		Fields: fields,
		Check: func(i endpoint.Instance) error {
			if err := i.CheckSQL("Give a SQL Server login that may take backups."); err != nil {
				return err
			}
			switch {
			case i.ServerFolder == "":
				return fault.New(fault.Invalid, "The backup folder is empty.", "Give the folder as the server sees it, such as D:\\backup or /var/opt/mssql/backup.")
			case i.FolderID == "":
				return fault.New(fault.Invalid, "It is not said where this machine sees the backup folder.", "Add the folder under Storage and choose it.")
			}
			return nil
		},
	}
}
