package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// size is how large a catalogue the generator makes.
type size struct {
	servers, clouds int // instances
	databases       int // of each instance
	sets            int // of each database of a server; for a cloud, of the whole instance: ten times as many
}

// wanted are 500 instances, 20,000 databases and 1,000,000 sets.
var wanted = size{servers: 400, clouds: 100, databases: 40, sets: 59}

func (s size) total() int { return s.servers*s.databases*s.sets + s.clouds*s.cloudSets() }

func (s size) cloudSets() int { return s.sets*10 - 30 }

// generate fills a data folder with a catalogue whose chains join, but for
// some: of a hundred databases two have a gap, one has a broken full, two have
// had no backup for a while. The newest sets finished shortly before now.
func generate(ctx context.Context, folder string, s size, now time.Time) (err error) {
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, folder, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := endpoints(ctx, store, folder, s, now); err != nil {
		return err
	}
	p := person.Person{ID: "bench", Name: benchPerson, Hash: person.HashPassword(secret.NewText(benchPassword)), Created: now.UTC(), Changed: now.UTC()}
	if err := store.AddFirst(ctx, p, audit.New(audit.Actor{Name: "bench", Via: "command"}, now, "person.first", "person/bench", "Made.")); err != nil {
		return err
	}
	g := generator{size: s, now: now.UTC().Truncate(time.Second), random: rand.New(rand.NewPCG(20, 26))}
	c := store.Catalogue()
	if err := c.Load(ctx, g.all()); err != nil {
		return err
	}
	for i := range s.clouds {
		var names []string
		for k := range s.databases {
			names = append(names, databaseName(k))
		}
		if err := c.Exist(ctx, cloudID(i), names, "", now); err != nil {
			return err
		}
	}
	return history(ctx, store, g.now)
}

func serverID(i int) string { return fmt.Sprintf("server-%04d", i) }
func cloudID(i int) string  { return fmt.Sprintf("cloud-%04d", i) }

// cloudInstance is the cloud's own name of an instance.
func cloudInstance(i int) string { return fmt.Sprintf("rm-bp1bench%04d", i) }

// What opens the emulated cloud, and nothing else.
const (
	benchKeyID  = "LTAIbench00000000001"
	benchSecret = "bench-secret-for-loopback-only"
	benchRegion = "cn-hangzhou"

	benchPerson   = "bench"
	benchPassword = "a password of the bench"
)

func databaseName(k int) string {
	return fmt.Sprintf("%s_%02d", []string{"orders", "stock", "people", "ledger"}[k%4], k)
}

func endpoints(ctx context.Context, store *sqlite.DB, data string, s size, now time.Time) error {
	entry := audit.New(audit.Actor{Name: "bench", Via: "command"}, now, "bench.generate", "catalogue", "Generated.")
	err := errors.Join(
		store.SaveAccount(ctx, endpoint.Account{ID: "account", Name: "Account", AccessKeyID: benchKeyID, Secret: secret.NewText(benchSecret), Region: benchRegion, Kind: aliyun.AccountKind, Address: "http://127.0.0.1:9"}, entry),
		store.SaveBucket(ctx, endpoint.Bucket{ID: "folder", Name: "Backup folder", Kind: folder.BucketKind, Path: filepath.Join(data, "backups")}, entry))
	for i := range s.servers {
		err = errors.Join(err, store.SaveInstance(ctx, endpoint.Instance{ID: serverID(i), Name: serverID(i), Kind: sqlserver.InstanceKind, Host: "127.0.0.1", Port: 9, Login: "sa", Password: secret.NewText("x"),
			Encrypt: endpoint.EncryptFull, ServerFolder: "/var/opt/mssql/backup", FolderID: "folder"}, entry))
	}
	for i := range s.clouds {
		err = errors.Join(err, store.SaveInstance(ctx, endpoint.Instance{ID: cloudID(i), Name: cloudID(i), Kind: aliyun.InstanceKind, AccountID: "account", Region: benchRegion, InstanceID: cloudInstance(i)}, entry))
	}
	return err
}

type generator struct {
	size
	now    time.Time
	random *rand.Rand
}

func (g *generator) all() iter.Seq2[backup.Promise, []backup.Record] {
	return func(yield func(backup.Promise, []backup.Record) bool) {
		for i := range g.servers {
			for k := range g.databases {
				p := backup.Promise{InstanceID: serverID(i), Database: databaseName(k), Objective: 30 * time.Minute, Since: g.now.AddDate(0, 0, -30)}
				if !yield(p, g.chain(p)) {
					return
				}
			}
		}
		for i := range g.clouds {
			p := backup.Promise{InstanceID: cloudID(i), Objective: time.Hour, Since: g.now.AddDate(0, 0, -30)}
			if !yield(p, g.cloud(p.InstanceID)) {
				return
			}
		}
	}
}

func (g *generator) guid() (id backup.GUID) {
	for i := range id {
		id[i] = byte(g.random.Uint32())
	}
	return id
}

// chain is one database: every twentieth set is a full, every fifth of the
// others a differential, all else logs, a quarter of an hour apart.
func (g *generator) chain(p backup.Promise) (out []backup.Record) {
	family, fork, media := g.guid(), g.guid(), g.guid()
	var base backup.GUID
	block, joint := uint32(1000), uint32(1000)
	fate := g.random.IntN(100)
	end := g.now.Add(-time.Duration(g.random.IntN(14*60)) * time.Second)
	if fate < 2 {
		end = end.Add(-3 * time.Hour)
	}
	for i := range g.sets {
		at := end.Add(-time.Duration(g.sets-1-i) * 15 * time.Minute).Add(time.Duration(g.random.IntN(5000)) * time.Millisecond)
		s := backup.Set{ID: g.guid(), Name: p.Database + " by plan", Database: p.Database, Server: p.InstanceID, Machine: p.InstanceID, Family: family, Fork: fork, FirstFork: fork,
			VersionMajor: 16, VersionBuild: 4236, DatabaseVersion: 957, CompatibilityLevel: 160, RecoveryModel: bakfile.RecoveryFull,
			Started: local(at.Add(-time.Second)), Finished: local(at), Checksums: true, Complete: true, MediaSet: media, FamilyCount: 1}
		block += uint32(50 + g.random.IntN(100))
		s.First, s.Last = lsn(block), lsn(block+20)
		name := fmt.Sprintf("%s/%s_%s_%04d", p.InstanceID, p.Database, at.Format("20060102_150405"), i)
		switch {
		case i%20 == 0:
			s.Kind, s.Type, base, name = backup.Full, bakfile.TypeFull, s.ID, name+".bak"
			s.Size = 10<<30 + g.random.Int64N(1<<30)
		case i%5 == 0:
			s.Kind, s.Type, s.DifferentialBase, name = backup.Differential, bakfile.TypeDifferential, base, name+".dif"
			s.Size = 1<<30 + g.random.Int64N(1<<28)
		default:
			s.Kind, s.Type, s.First, s.BeginsLogChain, name = backup.Log, bakfile.TypeLog, lsn(joint), i == 1, name+".trn"
			joint = block + 20
			s.Size = 64<<20 + g.random.Int64N(1<<24)
		}
		s.CompressedSize, s.Compressed = s.Size/3, true
		s.Files = []backup.SetFile{{Name: "/var/opt/mssql/backup/" + name, Family: 1, Position: 1}}
		r := backup.Record{InstanceID: p.InstanceID, Database: p.Database, Origin: backup.ByUs, PolicyID: "policy", Set: s, State: backup.Complete, Seen: at,
			Copies: []backup.Copy{{BucketID: "folder", Keys: []string{name}, Size: s.CompressedSize, At: at}}}
		switch {
		case fate == 10 && i == g.sets-4 || fate == 11 && i == g.sets-2: // a gap near the end
			continue
		case fate == 12 && s.Kind == backup.Full:
			r.State = backup.Broken
		case fate%10 == 3 && i%7 == 0:
			r.Origin, r.PolicyID = backup.ByOthers, ""
		case fate%10 == 4 && i%9 == 0 && s.Kind == backup.Log:
			r.PolicyID = ""
		}
		out = append(out, r)
	}
	return out
}

// cloud is the sets of a whole instance: one of ten is a data backup, else
// half-hourly logs.
func (g *generator) cloud(instanceID string) (out []backup.Record) {
	n := g.cloudSets()
	begin := g.now.Add(-time.Duration(n) * 30 * time.Minute)
	for i := range n {
		from := begin.Add(time.Duration(i) * 30 * time.Minute)
		c := backup.CloudSet{ID: fmt.Sprint(700_000_000 + g.random.IntN(200_000_000)), Kind: backup.Full, Started: from.Add(time.Minute), Finished: from.Add(20 * time.Minute), Usable: true, Downloads: true,
			Size: 5<<30 + g.random.Int64N(1<<30), Expires: from.AddDate(0, 0, 30), Checksum: fmt.Sprint(g.random.Uint64()), Manual: i%90 == 40, Snapshot: i%50 == 20}
		switch {
		case i%10 != 0:
			c = backup.CloudSet{Kind: backup.Log, Started: from, Finished: from.Add(30 * time.Minute), Usable: true, Size: 16<<20 + g.random.Int64N(1<<20)}
			if (i-1)%10 == 0 { // the time of the data backup before is in the log behind it
				c.Started = from.Add(-30 * time.Minute)
			}
			c.ID = backup.CloudLogID(backup.CloudLog{From: c.Started, To: c.Finished})
		case i%30 != 0:
			c.Kind = backup.Differential
		}
		out = append(out, backup.Record{InstanceID: instanceID, Origin: backup.InCloud, State: backup.Complete, Set: backup.Set{Kind: c.Kind, Started: utc(c.Started), Finished: utc(c.Finished), Size: c.Size, Complete: true},
			Cloud: &c, Expires: c.Expires, Seen: c.Finished})
	}
	return out
}

func lsn(block uint32) backup.LSN { return backup.LSN{VLF: 40, Block: block, Slot: 1} }

// local is a moment on a server's clock eight hours ahead of UTC.
func local(t time.Time) backup.Moment { return backup.Moment{Local: t.Add(8 * time.Hour), UTC: &t} }

func utc(t time.Time) backup.Moment { return backup.Moment{Local: t, UTC: &t} }
