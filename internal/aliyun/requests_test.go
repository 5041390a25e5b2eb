package aliyun

import (
	"testing"

	"github.com/bakplane/bakplane/internal/migration"
)

func TestCallsOfTheService(t *testing.T) {
	m := migration.Migration{Database: "shop", TaskID: "4711", Check: migration.CheckSync}
	in := migration.RestoreCall{Database: "shop", Endpoint: "oss-cn-hangzhou.aliyuncs.com", Bucket: "moves", Key: "bakplane/f.bak", Mode: migration.Pending}
	at := in
	at.Mode, at.Check = migration.Immediate, migration.CheckAsync
	unknown := m
	unknown.TaskID = ""
	for _, c := range []struct {
		m          migration.Migration
		verb       migration.Verb
		in         migration.RestoreCall
		want, name string
	}{
		{m, migration.VerbRestore, in, "CreateMigrateTask DBName=shop BackupMode=UPDF IsOnlineDB=False OssObjectPositions=oss-cn-hangzhou.aliyuncs.com:moves:bakplane/f.bak", "CreateMigrateTask"},
		{m, migration.VerbRestore, at, "CreateMigrateTask DBName=shop BackupMode=FULL IsOnlineDB=True CheckDBMode=AsyncExecuteDBCheck OssObjectPositions=oss-cn-hangzhou.aliyuncs.com:moves:bakplane/f.bak", "CreateMigrateTask"},
		{m, migration.VerbImport, in, "CreateMigrateTask DBName=shop BackupMode=UPDF IsOnlineDB=False MigrateTaskId=4711 OssObjectPositions=oss-cn-hangzhou.aliyuncs.com:moves:bakplane/f.bak", "CreateMigrateTask"},
		{unknown, migration.VerbImport, in, "CreateMigrateTask DBName=shop BackupMode=UPDF IsOnlineDB=False MigrateTaskId=(id of the first task) OssObjectPositions=oss-cn-hangzhou.aliyuncs.com:moves:bakplane/f.bak", "CreateMigrateTask"},
		{m, migration.VerbOpen, migration.RestoreCall{}, "CreateOnlineDatabaseTask DBName=shop MigrateTaskId=4711 CheckDBMode=SyncExecuteDBCheck", "CreateOnlineDatabaseTask"},
		{m, migration.VerbTerminate, migration.RestoreCall{}, "TerminateMigrateTask MigrateTaskId=4711", "TerminateMigrateTask"},
	} {
		if got := (wording{}).Request(c.m, c.verb, c.in); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if got := (wording{}).Name(c.verb); got != c.name {
			t.Errorf("%s is called %s, want %s", c.verb, got, c.name)
		}
	}
}
