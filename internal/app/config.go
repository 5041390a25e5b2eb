package app

import (
	"net/url"
	"time"
)

// Config is everything the dashboard can be told, with its flags and variables.
// Times are durations, rates bytes per second.
type Config struct {
	Data   string `help:"Folder for the database and the key file." env:"BAKPLANE_DATA" default:"./data" type:"path"`
	Listen string `help:"Address to listen on. Anything but loopback needs a certificate or --insecure." env:"BAKPLANE_LISTEN" default:"127.0.0.1:8620"`

	TLSCert  string `help:"Certificate chain, PEM." env:"BAKPLANE_TLS_CERT" type:"existingfile" optional:""`
	TLSKey   string `help:"Key of the certificate, PEM." env:"BAKPLANE_TLS_KEY" type:"existingfile" optional:""`
	Insecure bool   `help:"Listen beyond loopback without TLS, for a proxy that adds it." env:"BAKPLANE_INSECURE"`

	PublicURL *url.URL `help:"Address at which people reach the dashboard, such as https://backups.example.com. Other host names are refused; IP addresses and localhost are not." env:"BAKPLANE_PUBLIC_URL" optional:"" name:"public-url"`

	SessionIdle time.Duration `help:"A session ends after so long without a click." env:"BAKPLANE_SESSION_IDLE" default:"4h"`
	SessionMost time.Duration `help:"A session ends after so long in all." env:"BAKPLANE_SESSION_MOST" default:"12h"`

	TrustProxy Networks `help:"Networks of the reverse proxies in front whose X-Forwarded-For is believed, such as 10.0.0.0/8,192.0.2.7; none = nobody's is." env:"BAKPLANE_TRUST_PROXY" placeholder:"CIDR,..." optional:""`

	Poll           time.Duration `help:"Shortest pause between two looks at a cloud task; it grows with the task." env:"BAKPLANE_POLL" default:"1s"`
	Settle         time.Duration `help:"How long a call whose answer was lost may still take effect." env:"BAKPLANE_SETTLE" default:"2m"`
	Runs           int           `help:"Runs at work at once." env:"BAKPLANE_RUNS" default:"256"`
	Backups        int           `help:"Backups at once at one source server." env:"BAKPLANE_BACKUPS" default:"3"`
	Uploads        int           `help:"Files uploaded at once." env:"BAKPLANE_UPLOADS" default:"4"`
	Restores       int           `help:"Files in the hands of one target instance at once." env:"BAKPLANE_RESTORES" default:"5"`
	Scans          int           `help:"Servers, cloud instances and buckets looked at at once for their backups; 0 = none is, but by order." env:"BAKPLANE_SCANS" default:"6"`
	UploadParallel int           `help:"Parts of one file uploaded at once." env:"BAKPLANE_UPLOAD_PARALLEL" default:"4"`
	UploadPart     int64         `help:"Bytes of a part; 0 = chosen by the file's size." env:"BAKPLANE_UPLOAD_PART" default:"0"`
	UploadLimit    int64         `help:"Bytes per second of all uploads together; 0 = as fast as it goes." env:"BAKPLANE_UPLOAD_LIMIT" default:"0"`

	BackupTo         string        `help:"Where copies of the data folder go by themselves: a folder, or bucket:NAME or bucket:NAME/PREFIX; empty = nobody takes any." env:"BAKPLANE_BACKUP_TO" placeholder:"PLACE" optional:""`
	BackupEvery      time.Duration `help:"How old the newest copy of the data folder may become." env:"BAKPLANE_BACKUP_EVERY" default:"24h"`
	BackupKeep       int           `help:"How many copies of the data folder are kept." env:"BAKPLANE_BACKUP_KEEP" default:"14"`
	BackupPassphrase string        `help:"File with the passphrase that seals the key in copies of the data folder; the variable BAKPLANE_BACKUP_PASSPHRASE holds the passphrase itself." name:"backup-passphrase-file" env:"BAKPLANE_BACKUP_PASSPHRASE_FILE" type:"existingfile" optional:""`

	KeepRuns    int    `help:"Days for which runs that ended are kept, with their steps and events; 0 = for ever. Very many go sooner." env:"BAKPLANE_KEEP_RUNS" default:"90"`
	KeepRemoved int    `help:"Days for which the catalogue tells of backup sets that are gone; 0 = for ever. Very many go sooner." env:"BAKPLANE_KEEP_REMOVED" default:"90"`
	KeepAudit   int    `help:"Days after which audit entries are exported and removed from the database; 0 = never, but for those beyond the newest million." env:"BAKPLANE_KEEP_AUDIT" default:"400"`
	AuditTo     string `help:"Folder for exported audit entries; empty = audit in the data folder." env:"BAKPLANE_AUDIT_TO" placeholder:"FOLDER" optional:""`

	LogLevel string `help:"debug, info, warn or error." env:"BAKPLANE_LOG" default:"info" enum:"debug,info,warn,error"`

	// For tests of the whole house; the command leaves them alone.
	Now         func() time.Time  `kong:"-"` // the one clock of the house; nil = the machine's
	Zone        *time.Location    `kong:"-"` // for local times until a browser names its own; nil = the machine's
	Between     func(Ports) Ports `kong:"-"` // stands between the house and its ports; nil = nobody
	ReadTimeout time.Duration     `kong:"-"` // for a request to be sent whole; 0 = 30 s
	Fresh       time.Duration     `kong:"-"` // how old the last log may be that a cutover is ordered behind; 0 = 15 s
}
