package sqlserver

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// slow is an emulated server with a backup that takes seconds to restore.
func slow(t *testing.T) (live, string) {
	l := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Sales", Size: 4 << 20, Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 20}}}}
	})
	key, file := l.file(".bak")
	if err := l.Backup(bg, backup.BackupCall{Database: "Sales", Kind: backup.Full, Name: "n", Files: []string{file}}, nil); err != nil {
		t.Fatal(err)
	}
	l.run.SetDisk(sqlserveremu.Disk{Rate: 1 << 20})
	return l, key
}

func TestDeathDuringTheFullBackup(t *testing.T) {
	l, key := slow(t)
	first := opened(t, l.config)
	id, err := first.Target().Restore(bg, call("Copy", key))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if task, err := first.Target().Task(bg, id); err != nil || strings.Contains(task.Description, "percent") && !strings.Contains(task.Description, " 0 percent") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no progress")
		}
	}
	if files, err := first.Target().TaskFiles(bg, id); err != nil || len(files) != 1 || files[0].Status != "Restoring" {
		t.Errorf("%+v, %v", files, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := l.Target()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		running, err := l.Running(bg, "Copy")
		if err == nil && len(running) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server goes on: %+v, %v", running, err)
		}
	}
	if task, err := second.Task(bg, id); err == nil && task.Status != migration.TaskFailed || err != nil && !fault.Is(err, fault.NotFound) {
		t.Errorf("%+v, %v", task, err)
	}
	if tasks, err := second.Tasks(bg, time.Now().Add(-time.Hour)); err != nil || len(tasks) != 0 {
		t.Errorf("%+v, %v", tasks, err)
	}
	l.run.SetDisk(sqlserveremu.Disk{})
	if _, err = second.Restore(bg, call("Copy", key)); !fault.Is(err, fault.Conflict) {
		t.Fatalf("a half-made database was replaced without being told to: %v", err)
	}
	if made, err := second.InterruptedRestore(bg, "Copy"); err != nil || time.Since(made) > time.Hour || time.Since(made) < 0 {
		t.Fatalf("half-made at %v, %v", made, err)
	}
	again := call("Copy", key)
	again.Replace = true
	if id, err = second.Restore(bg, again); err != nil {
		t.Fatal(err)
	}
	await(t, second, id, migration.TaskWaiting)
}

// A restore of hours is dated hours before its database is made. It is good
// all the same: nobody may replace it as the rest of an interrupted one.
func TestALongRestoreIsNoInterruptedOne(t *testing.T) {
	l, key := slow(t)
	l.run.SetDisk(sqlserveremu.Disk{})
	if _, err := l.run.ControlPort().Add(control.Rule{Operation: "RESTORE DATABASE", Effects: map[string]string{"takes": "5h"}}); err != nil {
		t.Fatal(err)
	}
	first := opened(t, l.config)
	id, err := first.Target().Restore(bg, call("Copy", key))
	if err != nil {
		t.Fatal(err)
	}
	await(t, first.Target(), id, migration.TaskWaiting)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := l.Target()
	task, err := second.Task(bg, id)
	if err != nil || task.Status != migration.TaskWaiting || !task.InterruptedRestore.IsZero() {
		t.Errorf("after a restart: %+v, %v", task, err)
	}
	if made, err := second.InterruptedRestore(bg, "Copy"); err != nil || !made.IsZero() {
		t.Errorf("taken for interrupted, made at %s, %v", made, err)
	}
	if files, err := second.TaskFiles(bg, id); err != nil || len(files) != 1 || files[0].Status != "Restored" || !files[0].Ended.IsZero() || time.Until(files[0].Created) > time.Minute {
		t.Errorf("files %+v, %v", files, err)
	}
	if err := second.Open(bg, id, "Copy", migration.CheckAsync, "k"); err != nil {
		t.Fatal(err)
	}
	await(t, second, id, migration.TaskSuccess)
	third := opened(t, l.config)
	if task, err := third.Target().Task(bg, id); err != nil || task.Status != migration.TaskSuccess {
		t.Errorf("open: %+v, %v", task, err)
	}
}

// The history of a database that was dropped stays, and must not be taken for
// that of its successor.
func TestHistoryOfADroppedDatabaseDoesNotCount(t *testing.T) {
	l, key := slow(t)
	l.run.SetDisk(sqlserveremu.Disk{})
	first := opened(t, l.config)
	id, err := first.Target().Restore(bg, call("Copy", key))
	if err != nil {
		t.Fatal(err)
	}
	await(t, first.Target(), id, migration.TaskWaiting)
	if err := first.Target().Terminate(bg, id); err != nil {
		t.Fatal(err)
	}
	for ended := time.Now(); time.Since(ended) < beforeCreation+100*time.Millisecond; time.Sleep(50 * time.Millisecond) {
	}
	l.run.SetDisk(sqlserveremu.Disk{Rate: 1 << 20})
	if _, err := first.Target().Restore(bg, call("Copy", key)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := l.Database(bg, "Copy"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the restore makes no database")
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if running, err := l.Running(bg, "Copy"); err == nil && len(running) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server goes on")
		}
	}
	if task, err := l.Target().Task(bg, id); err == nil && task.Status == migration.TaskWaiting {
		t.Errorf("half a restore is taken for a whole one: %+v", task)
	}
}

func TestTerminateDuringTheFullBackup(t *testing.T) {
	l, key := slow(t)
	target := l.Target()
	id, err := target.Restore(bg, call("Copy", key))
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Import(bg, id, call("Copy", key)); err == nil {
		t.Error("an import beside the restore")
	}
	if err := target.Terminate(bg, id); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Database(bg, "Copy"); !fault.Is(err, fault.NotFound) {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := target.Task(bg, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("the task is still known: %v", err)
	}
}

func TestBrokenDatabaseIsNotLetIn(t *testing.T) {
	l, key := slow(t)
	l.run.SetDisk(sqlserveremu.Disk{})
	target := l.Target()
	id, err := target.Restore(bg, call("Copy", key))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	broken := 2
	if !l.run.PatchDatabase("Copy", sqlserveremu.DatabasePatch{Corrupted: &broken}) {
		t.Fatal("no database to break")
	}
	if err := target.Open(bg, id, "Copy", migration.CheckSync, ""); err != nil {
		t.Fatal(err)
	}
	task := await(t, target, id, migration.TaskWaiting)
	if task.Code != "check" || task.Check != migration.CheckFailed {
		t.Errorf("%+v", task)
	}
	if d, err := l.Database(bg, "Copy"); err != nil || d.UserAccess != "RESTRICTED_USER" {
		t.Errorf("%+v, %v", d, err)
	}
	// Somebody decides to open it all the same.
	if err := target.Open(bg, id, "Copy", migration.CheckAsync, ""); err != nil {
		t.Fatal(err)
	}
	l.settled()
	if task, err := target.Task(bg, id); err != nil || task.Status != migration.TaskSuccess || task.Code != "check-after" || task.Check != migration.CheckFailed {
		t.Errorf("%+v, %v", task, err)
	}
	if found, err := l.CheckDB(bg, "Copy", false); err != nil || len(found) == 0 {
		t.Errorf("findings %v, %v", found, err)
	}
}

func TestFullDiskAtTheTarget(t *testing.T) {
	l, key := slow(t)
	l.run.SetDisk(sqlserveremu.Disk{})
	small := emulated(t, func(c *sqlserveremu.Config) { c.DataFree, c.Folders = 1<<20, []string{l.folder} })
	config := small.config
	config.Folder = l.folder
	target := opened(t, config).Target()
	in, err := target.Instance(bg)
	if err != nil || in.Status != "Running" || in.VersionMajor != 16 || in.StorageBytes <= 0 || in.UsedBytes < 0 {
		t.Errorf("%+v, %v", in, err)
	}
	id, err := target.Restore(bg, call("Copy", key))
	if err != nil {
		t.Fatal(err)
	}
	task := await(t, target, id, migration.TaskFailed)
	if !strings.Contains(task.Description, "3257") || !strings.Contains(task.Description, "too little room") {
		t.Errorf("%+v", task)
	}
	if err := target.Terminate(bg, id); err != nil {
		t.Errorf("terminate after a failure: %v", err)
	}
}

func TestCancelOfAnImportIsNotTakenForAnAnswer(t *testing.T) {
	l, key := slow(t)
	l.run.SetDisk(sqlserveremu.Disk{})
	target := l.Target()
	id, err := target.Restore(bg, call("Copy", key))
	if err != nil {
		t.Fatal(err)
	}
	await(t, target, id, migration.TaskWaiting)
	log, file := l.file(".trn")
	if err := l.Backup(bg, backup.BackupCall{Database: "Sales", Kind: backup.Log, Name: "log", Files: []string{file}}, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if err := target.Import(ctx, id, call("Copy", log)); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := target.Import(bg, id, call("Copy", log)); err != nil {
		t.Errorf("once more: %v", err)
	}
}
