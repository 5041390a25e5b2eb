package sqlite

import (
	"context"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

// TestEachChangeWritesItsEntryAndARefusedOneNone: what a person did and that
// it was done become true together.
func TestEachChangeWritesItsEntryAndARefusedOneNone(t *testing.T) {
	d := open(t)
	c, b, p, s := d.Catalogue(), d.BackupRuns(), d.Policies(), d.Scanning()
	put(t, c, set("i", "orders", 0))
	known := mustSets(t, c, "i", "orders")[0].ID
	account := endpoint.Account{ID: "a", Name: "a", AccessKeyID: "LTAI", Secret: secret.NewText("s"), Region: "r"}
	other := func(a endpoint.Account) endpoint.Account { a.ID = "a2"; return a }
	plan := backupjob.Plan{Job: policy.BackupJob{ID: "w", ServerID: "s", Kind: backup.Full}}
	aRun := func(id string) run.Run {
		return run.Run{ID: id, Kind: "k", Subject: "s", Title: words.Say("t"), Created: noon}
	}
	look := policy.Policy{ID: "p", Name: "Nightly"}
	read := look
	read.Version = 1
	op := backupjob.Operation{ID: "op", Kind: "k", InstanceID: "s", Request: []byte(`{}`), Progress: []byte(`{}`)}
	stale := read
	type x = context.Context
	for _, tc := range []struct {
		name string
		do   func(ctx x, e audit.Entry) error
		want fault.Kind // empty = it is done
	}{
		{"a sign-in", func(ctx x, e audit.Entry) error { return d.Record(ctx, e) }, ""},
		{"an account", func(ctx x, e audit.Entry) error { return d.SaveAccount(ctx, account, e) }, ""},
		{"an account of the same name", func(ctx x, e audit.Entry) error { return d.SaveAccount(ctx, other(account), e) }, fault.Conflict},
		{"a folder", func(ctx x, e audit.Entry) error {
			return d.SaveBucket(ctx, endpoint.Bucket{ID: "f", Name: "f", Kind: "folder", Path: "/b"}, e)
		}, ""},
		{"a folder of the same name", func(ctx x, e audit.Entry) error {
			return d.SaveBucket(ctx, endpoint.Bucket{ID: "f2", Name: "f", Kind: "folder", Path: "/c"}, e)
		}, fault.Conflict},
		{"a bucket of no account", func(ctx x, e audit.Entry) error {
			return d.SaveBucket(ctx, endpoint.Bucket{ID: "o", Name: "o", Kind: "bucket", AccountID: "none", Bucket: "b"}, e)
		}, fault.Conflict},
		{"a bucket", func(ctx x, e audit.Entry) error {
			return d.SaveBucket(ctx, endpoint.Bucket{ID: "o", Name: "o", Kind: "bucket", AccountID: "a", Bucket: "b"}, e)
		}, ""},
		{"a server", func(ctx x, e audit.Entry) error {
			return d.SaveInstance(ctx, endpoint.Instance{ID: "s", Name: "s", Kind: "server", Host: "h", Login: "sa", FolderID: "f"}, e)
		}, ""},
		{"a server with no folder", func(ctx x, e audit.Entry) error {
			return d.SaveInstance(ctx, endpoint.Instance{ID: "s2", Name: "s2", Kind: "server", Host: "h", FolderID: "none"}, e)
		}, fault.Conflict},
		{"an account that is needed", func(ctx x, e audit.Entry) error { return d.RemoveAccount(ctx, "a", e) }, fault.Conflict},
		{"a folder that is needed", func(ctx x, e audit.Entry) error { return d.RemoveBucket(ctx, "f", e) }, fault.Conflict},
		{"no account", func(ctx x, e audit.Entry) error { return d.RemoveAccount(ctx, "none", e) }, fault.NotFound},
		{"no bucket", func(ctx x, e audit.Entry) error { return d.RemoveBucket(ctx, "none", e) }, fault.NotFound},
		{"no instance", func(ctx x, e audit.Entry) error { return d.RemoveInstance(ctx, "none", e) }, fault.NotFound},
		{"a pin", func(ctx x, e audit.Entry) error { return c.Pin(ctx, known, true, "why", e) }, ""},
		{"a pin of no set", func(ctx x, e audit.Entry) error { return c.Pin(ctx, "999", true, "why", e) }, fault.NotFound},
		{"a copy", func(ctx x, e audit.Entry) error { return c.DropCopies(ctx, []string{known}, "another", noon, e) }, ""},
		{"a copy of no set", func(ctx x, e audit.Entry) error { return c.DropCopies(ctx, []string{"999"}, "b", noon, e) }, fault.NotFound},
		{"sets of which one is none", func(ctx x, e audit.Entry) error { return c.Forget(ctx, []string{known, "999"}, noon, e) }, fault.NotFound},
		{"an order", func(ctx x, e audit.Entry) error { return b.Order(ctx, plan, aRun("r1"), e) }, ""},
		{"an order as a run that is there", func(ctx x, e audit.Entry) error { return b.Order(ctx, plan, aRun("r1"), e) }, fault.Conflict},
		{"an operation", func(ctx x, e audit.Entry) error { return b.Send(ctx, op, aRun("r2"), e) }, ""},
		{"an operation that is there", func(ctx x, e audit.Entry) error { return b.Send(ctx, op, aRun("r3"), e) }, fault.Conflict},
		{"a look", func(ctx x, e audit.Entry) error { return s.Order(ctx, aRun("r4"), e) }, ""},
		{"a look as a run that is there", func(ctx x, e audit.Entry) error { return s.Order(ctx, aRun("r4"), e) }, fault.Conflict},
		{"a backup by hand", func(ctx x, e audit.Entry) error {
			return p.Order(ctx, policy.BackupJob{ID: "j", RunID: "r5", ServerID: "s", Kind: backup.Log}, aRun("r5"), e)
		}, ""},
		{"a backup that is there", func(ctx x, e audit.Entry) error {
			return p.Order(ctx, policy.BackupJob{ID: "j", RunID: "r6", ServerID: "s", Kind: backup.Log}, aRun("r6"), e)
		}, fault.Conflict},
		{"a rule of copies", func(ctx x, e audit.Entry) error {
			return b.SetCopyRule(ctx, backupjob.CopyRule{InstanceID: "s", BucketID: "f", Since: noon}, e)
		}, ""},
		{"a rule for no bucket", func(ctx x, e audit.Entry) error {
			return b.SetCopyRule(ctx, backupjob.CopyRule{InstanceID: "s", BucketID: "none", Since: noon}, e)
		}, fault.Conflict},
		{"a policy", func(ctx x, e audit.Entry) error { _, err := p.Save(ctx, look, "", e); return err }, ""},
		{"a policy of the same name", func(ctx x, e audit.Entry) error {
			_, err := p.Save(ctx, policy.Policy{ID: "p2", Name: "nightly"}, "", e)
			return err
		}, fault.Conflict},
		{"a policy with no server", func(ctx x, e audit.Entry) error {
			_, err := p.Save(ctx, policy.Policy{ID: "p3", Name: "x", Servers: []string{"none"}}, "", e)
			return err
		}, fault.Conflict},
		{"a change of a policy", func(ctx x, e audit.Entry) error { _, err := p.Save(ctx, read, "", e); return err }, ""},
		{"a change of an older one", func(ctx x, e audit.Entry) error { _, err := p.Save(ctx, stale, "", e); return err }, fault.Conflict},
		{"a version", func(ctx x, e audit.Entry) error {
			return p.AddVersion(ctx, policy.Version{Subject: "instance/i", Content: []byte(`{}`)}, &e)
		}, ""},
		{"a policy leaves", func(ctx x, e audit.Entry) error { return p.Remove(ctx, "p", e) }, ""},
		{"a policy that has left", func(ctx x, e audit.Entry) error { return p.Remove(ctx, "p", e) }, fault.NotFound},
		{"a person", func(ctx x, e audit.Entry) error { return d.AddPerson(ctx, person.Person{ID: "1", Name: "ana"}, e) }, ""},
		{"another first person", func(ctx x, e audit.Entry) error { return d.AddFirst(ctx, person.Person{ID: "2", Name: "bob"}, e) }, fault.Conflict},
		{"a password", func(ctx x, e audit.Entry) error { return d.SetPassword(ctx, "1", "h", e) }, ""},
		{"nobody's password", func(ctx x, e audit.Entry) error { return d.SetPassword(ctx, "9", "h", e) }, fault.NotFound},
		{"a token", func(ctx x, e audit.Entry) error {
			return d.AddToken(ctx, person.Token{ID: "t", PersonID: "1", Name: "n", Hash: "h", Scope: person.Read}, e)
		}, ""},
		{"nobody's token", func(ctx x, e audit.Entry) error {
			return d.AddToken(ctx, person.Token{ID: "t2", PersonID: "9", Name: "n", Hash: "h2", Scope: person.Read}, e)
		}, fault.Conflict},
		{"no token leaves", func(ctx x, e audit.Entry) error { return d.RemoveToken(ctx, "1", "none", e) }, fault.NotFound},
		{"a token leaves", func(ctx x, e audit.Entry) error { return d.RemoveToken(ctx, "1", "t", e) }, ""},
		{"the last person", func(ctx x, e audit.Entry) error { return d.RemovePerson(ctx, "1", e) }, fault.Conflict},
		{"a run stands still", func(ctx x, e audit.Entry) error { return d.Move(ctx, "r1", run.Paused, e) }, ""},
		{"a run that waits cannot have ended", func(ctx x, e audit.Entry) error { return d.Move(ctx, "r1", run.Succeeded, e) }, fault.Conflict},
		{"no run", func(ctx x, e audit.Entry) error { return d.Move(ctx, "none", run.Paused, e) }, fault.NotFound},
		{"a server whose sets are copied", func(ctx x, e audit.Entry) error { return d.RemoveInstance(ctx, "s", e) }, fault.Conflict},
		{"no rule of copies", func(ctx x, e audit.Entry) error { return b.SetCopyRule(ctx, backupjob.CopyRule{InstanceID: "s"}, e) }, ""},
		{"a server leaves", func(ctx x, e audit.Entry) error { return d.RemoveInstance(ctx, "s", e) }, ""},
		{"a bucket leaves", func(ctx x, e audit.Entry) error { return d.RemoveBucket(ctx, "o", e) }, ""},
		{"an account leaves", func(ctx x, e audit.Entry) error { return d.RemoveAccount(ctx, "a", e) }, ""},
	} {
		before, err := d.VerifyAudit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends := digest(t, d)
		err = tc.do(t.Context(), entry(tc.name))
		if tc.want == "" && err != nil || tc.want != "" && !fault.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
		after, err := d.VerifyAudit(t.Context())
		if err != nil || (after.Seq-before.Seq == 1) != (tc.want == "") || after.Seq-before.Seq > 1 {
			t.Errorf("%s: %d entries were written, %v", tc.name, after.Seq-before.Seq, err)
		}
		if tc.want == "" {
			if last, err := d.AuditEntries(t.Context(), "", 0, 1); err != nil || last[0].Action != tc.name || !last[0].At.Equal(noon) {
				t.Errorf("%s: the entry is %+v, %v", tc.name, last, err)
			}
		} else if now := digest(t, d); now != ends {
			t.Errorf("%s was refused, and left %s, had %s", tc.name, now, ends)
		}
	}
}

// digest says what the tables hold that people's changes go to.
func digest(t *testing.T, d *DB) (all string) {
	t.Helper()
	for _, table := range []string{"accounts", "buckets", "instances", "backup_sets", "set_copies", "backup_plans", "operations", "runs", "backup_jobs", "copy_rules", "policies", "policy_servers", "policy_versions", "people", "tokens"} {
		found, err := d.read.QueryContext(t.Context(), `SELECT * FROM `+table)
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := found.Columns()
		for found.Next() {
			values, to := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				to[i] = &values[i]
			}
			if err := found.Scan(to...); err != nil {
				t.Fatal(err)
			}
			all += table + text(values) + "\n"
		}
		found.Close()
	}
	return all
}

// TestWhatAPersonAsksOfARun: one at work hears it, any other moves at once,
// and only as the table of moves has it.
func TestWhatAPersonAsksOfARun(t *testing.T) {
	d := open(t)
	queued(t, d, "r", "other")
	for _, tc := range []struct {
		from, to run.State
		want     run.State
		request  run.Request
		refused  bool
	}{
		{run.Running, run.Paused, run.Running, run.RequestPause, false},
		{run.Running, run.Canceled, run.Running, run.RequestCancel, false},
		{run.Running, run.Queued, run.Running, run.RequestLook, false},
		{run.Queued, run.Queued, run.Queued, run.NoRequest, false},
		{run.Waiting, run.Queued, run.Queued, run.NoRequest, false},
		{run.Waiting, run.Canceled, run.Canceled, run.NoRequest, false},
		{run.Paused, run.Paused, run.Paused, run.NoRequest, false},
		{run.Paused, run.Queued, run.Queued, run.NoRequest, false},
		{run.Failed, run.Queued, run.Queued, run.NoRequest, false},
		{run.Failed, run.Paused, run.Failed, run.NoRequest, true},
		{run.Succeeded, run.Queued, run.Succeeded, run.NoRequest, true},
		{run.Canceled, run.Queued, run.Canceled, run.NoRequest, true},
	} {
		turn(t, d, `state='queued', owner='', request='', lease_until=0, wake_at=0, finished=0`)
		turn(t, d, `state=?, tries=3, message='m', fix='f', wake_at=CASE ?1 WHEN 'waiting' THEN ?2 ELSE 0 END, lease_until=CASE ?1 WHEN 'running' THEN ?2 ELSE 0 END,
			owner=CASE ?1 WHEN 'running' THEN 'me' ELSE '' END, finished=CASE WHEN ?1 IN ('succeeded','canceled') THEN ?2 ELSE 0 END WHERE id='r'`, tc.from, micros(noon.Add(time.Hour)))
		err := d.Move(t.Context(), "r", tc.to, entry("run.move"))
		r, unread := d.Run(t.Context(), "r")
		if unread != nil || fault.Is(err, fault.Conflict) != tc.refused || r.State != tc.want || r.Request != tc.request || err == nil == tc.refused {
			t.Errorf("%s, asked for %s: %+v, %v", tc.from, tc.to, r, err)
		}
		if moved := tc.from != tc.want; moved && (r.Tries != 0 || !r.Message.IsZero() || !r.Fix.IsZero() || !r.WakeAt.IsZero() || r.Finished.Equal(noon) != tc.want.Ended()) {
			t.Errorf("%s, asked for %s: %+v", tc.from, tc.to, r)
		} else if !moved && r.Tries != 3 {
			t.Errorf("%s, asked for %s, begins its tries anew", tc.from, tc.to)
		}
		if other, _ := d.Run(t.Context(), "other"); other.State != run.Queued || other.Request != run.NoRequest {
			t.Errorf("the other run: %+v", other)
		}
	}
}
