package aliyunemu

import (
	"archive/zip"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
)

// downloads is the path below which links lie.
const downloads = "/backups/"

func (s *Server) linkLife() time.Duration {
	if s.config.LinkLife > 0 {
		return s.config.LinkLife
	}
	return time.Hour
}

// link makes a download link: whoever has it has the file, until it expires.
// The state is locked.
func (s *Server) link(q *request, in *Instance, set, database, name string) string {
	expires := strconv.FormatInt(s.now().Add(s.linkLife()).Unix(), 10)
	v := url.Values{"instance": {in.ID}, "set": {set}, "database": {database}, "Expires": {expires}}
	v.Set("Signature", s.sign(v))
	return "http://" + q.Host + downloads + url.PathEscape(name) + "?" + v.Encode()
}

func (s *Server) sign(v url.Values) string {
	m := hmac.New(sha256.New, s.st.LinkKey)
	for _, name := range []string{"instance", "set", "database", "Expires"} {
		fmt.Fprintf(m, "%q", v.Get(name))
	}
	return hex.EncodeToString(m.Sum(nil))
}

// download serves a link. Its refusals have the form of the object store's.
// Ranges work.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	s.catchUp()
	v := r.URL.Query()
	no := func(status int, code, message string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
	}
	expires, err := strconv.ParseInt(v.Get("Expires"), 10, 64)
	s.mu.Lock()
	signed := hmac.Equal([]byte(v.Get("Signature")), []byte(s.sign(v)))
	now := s.now()
	s.mu.Unlock()
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		no(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
	case err != nil || !signed:
		no(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
	case now.Unix() >= expires:
		no(http.StatusForbidden, "AccessDenied", "Request has expired.")
	default:
		content, err := s.file(v.Get("instance"), v.Get("set"), v.Get("database"))
		if err != nil {
			no(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", path.Base(r.URL.Path)))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// file makes the content of a link anew; the same link gives the same bytes.
func (s *Server) file(instance, id, database string) ([]byte, error) {
	gone := fmt.Errorf("there is no backup %s", id)
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.st.Instances[instance]
	if in == nil {
		return nil, gone
	}
	b := &in.Backups
	if one := b.set(id); one != nil && one.Method == "Physical" && !one.Failed {
		if database != "" {
			return s.backupFile(in, one, database)
		}
		return zipped(one.Databases, ".bak", func(name string) ([]byte, error) { return s.backupFile(in, one, name) })
	}
	for _, one := range b.Logs {
		if id == fmt.Sprintf("log-%d-%d", one.From.Unix(), one.To.Unix()) {
			return zipped(b.names(one.To), ".lbak", func(name string) ([]byte, error) { return s.logFile(in, one, name) })
		}
	}
	return nil, gone
}

func zipped(names []string, ending string, content func(string) ([]byte, error)) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		b, err := content(name)
		if err != nil {
			return nil, err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ending, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(b); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), z.Close()
}

// backupFile writes a full or differential backup of one database. Both carry
// all contents, which is what a restore of them gives.
func (s *Server) backupFile(in *Instance, one *BackupSet, database string) ([]byte, error) {
	v, ok := in.Backups.at(database, one.Ended)
	if !ok {
		return nil, fmt.Errorf("there is no database %s in set %s", database, one.ID)
	}
	set := in.header(database, "set "+one.ID, one.Started, one.Ended)
	set.Type, set.FirstLSN, set.LastLSN = bakfile.TypeFull, in.lsn(one.Started, 1), in.lsn(one.Ended, 9)
	set.CheckpointLSN = set.FirstLSN
	if base := in.Backups.set(one.Base); !one.Full {
		set.Type = bakfile.TypeDifferential
		if base != nil {
			set.DifferentialBaseLSN, set.DifferentialBaseGUID = in.lsn(base.Started, 1), in.guid(database, "set "+base.ID)
			set.DatabaseBackupLSN, set.DatabaseBackupGUID = set.DifferentialBaseLSN, set.DifferentialBaseGUID
		}
	}
	return s.write(set, v)
}

// logFile writes a log backup. It carries the contents at its end instead of
// the changes, so that applying it gives them.
func (s *Server) logFile(in *Instance, one LogFile, database string) ([]byte, error) {
	v, ok := in.Backups.at(database, one.To)
	if !ok {
		return nil, fmt.Errorf("there is no database %s", database)
	}
	set := in.header(database, fmt.Sprintf("log %d", one.From.Unix()), one.From, one.To)
	set.Type, set.FirstLSN, set.LastLSN = bakfile.TypeLog, in.lsn(one.From, 1), in.lsn(one.To, 1)
	set.CheckpointLSN, set.BeginsLogChain = set.FirstLSN, one.From.Equal(in.Backups.Since)
	return s.write(set, v)
}

func (s *Server) write(set mtf.Set, v Version) ([]byte, error) {
	set.PayloadSize = 256 << 10
	if s.config.Payload != nil && len(v.Contents) > 0 {
		b, err := s.config.Payload(v.Contents)
		if err != nil {
			return nil, err
		}
		set.Payload, set.PayloadSize = bytes.NewReader(b), int64(len(b))
	}
	var out bytes.Buffer
	media := bakfile.Media{SetGUID: set.SetGUID, FamilyID: 1}
	if err := mtf.Write(&out, mtf.Spec{Media: media, Sets: []mtf.Set{set}}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// zone is that of the instances' clock, China Standard Time.
const zone = 8 * time.Hour

func (in *Instance) header(database, what string, from, to time.Time) mtf.Set {
	local := func(t time.Time) bakfile.LocalTime {
		return bakfile.LocalTime{Time: t.UTC().Add(zone).Truncate(time.Second)}
	}
	offset, major := zone, max(in.major(), 10)
	size := int64(8 << 20)
	if v, ok := in.Backups.at(database, to); ok {
		size = max(size, v.Bytes)
	}
	return mtf.Set{Set: bakfile.Set{
		Name: database + " " + what, Database: database, ServerName: strings.ToUpper(in.ID), MachineName: strings.ToUpper(in.ID), UserName: "rdscore",
		VersionMajor: major, VersionBuild: 4430, CompatibilityLevel: 10 * major,
		DatabaseVersion: map[int]int{10: 655, 11: 706, 12: 782, 13: 852, 14: 869, 15: 904, 16: 957, 17: 998}[major],
		RecoveryModel:   bakfile.RecoveryFull, DatabaseCreated: local(in.Backups.Since), Started: local(from), Finished: local(to), UTCOffset: &offset,
		SetGUID: in.guid(database, what), BindingID: in.guid(database, "binding"), RecoveryForkID: in.guid(database, "fork"),
		FirstRecoveryForkID: in.guid(database, "fork"), FamilyGUID: in.guid(database, "fork"), SortOrder: 52, UnicodeLocale: 1033, UnicodeCompare: 196609,
		Files: []bakfile.DataFile{
			{FileID: 1, LogicalName: database, PhysicalName: `E:\SQLDATA\` + database + ".mdf", Type: "D", FilegroupID: 1, FilegroupName: "PRIMARY",
				Size: size, MaxSize: 0x1fffffffe000, UniqueID: in.guid(database, "data"), SourceBlockSize: 512},
			{FileID: 2, LogicalName: database + "_log", PhysicalName: `E:\SQLDATA\` + database + "_log.ldf", Type: "L",
				Size: 8 << 20, MaxSize: 0x20000000000, UniqueID: in.guid(database, "log"), SourceBlockSize: 512}},
	}}
}

// lsn is the place in the log at a moment: it grows by the second.
func (in *Instance) lsn(t time.Time, slot uint16) bakfile.LSN {
	return bakfile.LSN{VLF: 100, Block: uint32(max(t.Unix()-1_500_000_000, 1)), Slot: slot}
}

func (in *Instance) guid(database, what string) (g bakfile.GUID) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s", in.ID, strings.ToLower(database), what))
	copy(g[:], sum[:])
	return g
}
