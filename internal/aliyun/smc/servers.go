package smc

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// Names of fields are those of the API.
type (
	partRow struct {
		Device, Path   signedcall.Text
		SizeBytes      signedcall.Number
		Need, CanBlock signedcall.Text
	}
	diskRow struct {
		Index, Size signedcall.Number
		Parts       struct{ Part []partRow }
	}
	sourceServer struct {
		SourceId, JobId, Name, Description, State, StatusInfo, ErrorCode signedcall.Text
		AgentVersion, Architecture, Platform, KernelLevel                signedcall.Text
		HeartbeatRate                                                    signedcall.Number // seconds
		SystemInfo                                                       signedcall.Text   // JSON
		SystemDiskSize                                                   signedcall.Number // GiB
		SystemDiskParts                                                  struct{ SystemDiskPart []partRow }
		DataDisks                                                        struct{ DataDisk []diskRow }
		CreationTime                                                     signedcall.Text
	}
	sourceServers struct {
		SourceServers struct{ SourceServer []sourceServer }
		TotalCount    signedcall.Number
	}
)

// Plain implements signedcall.Plain.
func (*sourceServers) Plain() {}

// Servers implements servermigration.Center.
func (c *Center) Servers(ctx context.Context, ids ...string) ([]servermigration.Server, error) {
	return walk(ctx, "source servers", ids, func(ctx context.Context, ids []string, page int) ([]servermigration.Server, int, error) {
		res, err := send[sourceServers](ctx, c.smc, "DescribeSourceServers", signedcall.Reads, ask().list("SourceId", ids).number("PageNumber", page).number("PageSize", pageSize))
		if err != nil {
			return nil, 0, err
		}
		var out []servermigration.Server
		for _, row := range res.SourceServers.SourceServer {
			out = append(out, row.server())
		}
		return out, int(res.TotalCount), nil
	}, func(s servermigration.Server) string { return s.ID })
}

// server turns a row into our words. How much of a partition is in use the
// service does not tell.
func (r sourceServer) server() servermigration.Server {
	s := servermigration.Server{ID: string(r.SourceId), JobID: string(r.JobId), Name: string(r.Name), Description: string(r.Description), State: servermigration.ServerState(r.State), ErrorCode: string(r.ErrorCode), ErrorText: inner(string(r.StatusInfo)),
		Agent: string(r.AgentVersion), Heartbeat: time.Duration(r.HeartbeatRate) * time.Second, Platform: string(r.Platform), Arch: string(r.Architecture), Kernel: string(r.KernelLevel), Created: r.CreationTime.Time()}
	s.Disks = append(s.Disks, servermigration.Disk{GiB: int(r.SystemDiskSize), Parts: parts(r.SystemDiskParts.SystemDiskPart)})
	for _, d := range r.DataDisks.DataDisk {
		s.Disks = append(s.Disks, servermigration.Disk{Index: int(d.Index), GiB: int(d.Size), Parts: parts(d.Parts.Part)})
	}
	info := texts(string(r.SystemInfo))
	s.Host = info["hostname"]
	for _, name := range []string{"ipv4", "ipv6"} {
		for _, a := range strings.FieldsFunc(info[name], func(r rune) bool { return strings.ContainsRune(`,; []"`, r) }) {
			a, _, _ = strings.Cut(a, "/")
			s.Addresses = append(s.Addresses, a)
		}
	}
	s.Cores, _ = strconv.Atoi(info["cores"])
	// The sample has 8.00 without a unit; GiB is our reading.
	if gib, err := strconv.ParseFloat(info["memory"], 64); err == nil && gib > 0 && gib < 1<<20 {
		s.MemoryMB = int64(gib * 1024)
	}
	return s
}

func parts(rows []partRow) (out []servermigration.Part) {
	for _, p := range rows {
		out = append(out, servermigration.Part{Device: string(p.Device), Path: string(p.Path), Bytes: int64(p.SizeBytes), Needed: signedcall.Yes(p.Need), Blocks: signedcall.Yes(p.CanBlock)})
	}
	return out
}

// texts reads JSON pairs, whose values may be of any kind, and which a sample
// of the reference has escaped once more. What cannot be read has no pairs.
func texts(s string) map[string]string {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(s), &all) != nil {
		var once string
		if json.Unmarshal([]byte(`"`+s+`"`), &once) != nil || json.Unmarshal([]byte(once), &all) != nil {
			return nil
		}
	}
	out := map[string]string{}
	for name, raw := range all {
		var t signedcall.Text
		if t.UnmarshalJSON(raw) == nil {
			out[name] = string(t)
		}
	}
	return out
}

// inner is what StatusInfo says: error_code and error_msg of its JSON, or the
// text as it is.
func inner(s string) string {
	pairs := texts(s)
	code, message := pairs["error_code"], pairs["error_msg"]
	switch {
	case code != "" && message != "":
		return code + ": " + message
	case code+message != "":
		return code + message
	}
	return s
}

// Rename implements servermigration.Center.
func (c *Center) Rename(ctx context.Context, id, name, description string) error {
	q := ask().text("SourceId", id).text("Name", name).text("Description", description)
	_, err := send[done](ctx, c.smc, "ModifySourceServerAttribute", signedcall.Keyed, q)
	return err
}

// Remove implements servermigration.Center.
func (c *Center) Remove(ctx context.Context, id string, force bool) error {
	q := ask().text("SourceId", id)
	if force { // never said without a word for it
		q.yes("Force", true)
	}
	_, err := send[done](ctx, c.smc, "DeleteSourceServer", signedcall.Changes, q)
	return err
}
