package sqlserveremu_test

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

// tsql runs a batch in FreeTDS's own client, which shares nothing with the
// driver for Go.
func tsql(t *testing.T, s *started, user, password, batch string) string {
	t.Helper()
	path, err := exec.LookPath("tsql")
	if err != nil {
		t.Skip("FreeTDS's tsql is not installed (Debian: apt-get install freetds-bin)")
	}
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-H", host, "-p", port, "-U", user, "-P", password, "-o", "q")
	cmd.Env = append(cmd.Environ(), "TDSVER=7.4", "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(batch + "\ngo\nexit\n")
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() != nil {
		t.Fatalf("tsql: %v\n%s", err, out)
	}
	return string(out)
}

func TestFreeTDSSelectsBacksUpAndRestores(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct {
		batch string
		want  []string
	}{
		{"SELECT @@SERVERNAME, 42, CAST(25000000012800001 AS decimal(25,0)), N'Жd', CAST(1 AS bit), CAST(2.5 AS float), CAST('2026-11-20T10:00:00' AS datetime), CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier), CAST(NULL AS int), CAST(N'long' AS nvarchar(max)), 0x0102",
			[]string{"SQL01", "42", "25000000012800001", "Жd", "2.5", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "NULL", "long", "0102"}},
		{"SELECT name, state_desc FROM sys.databases WHERE name = 'Shop'", []string{"Shop", "ONLINE"}},
		{"USE Shop\ngo\nSELECT COUNT(*) AS n FROM dbo.Orders", []string{"30"}},
		{"BACKUP DATABASE Shop TO DISK = 'tsql.bak' WITH STATS = 50, CHECKSUM", []string{"50 percent processed.", "100 percent processed.", "BACKUP DATABASE successfully processed"}},
		{"RESTORE HEADERONLY FROM DISK = 'tsql.bak'", []string{"Shop", "Database", "FULL"}},
		{"RESTORE FILELISTONLY FROM DISK = 'tsql.bak'", []string{"Shop_log"}},
		{"RESTORE VERIFYONLY FROM DISK = 'tsql.bak' WITH CHECKSUM", []string{"The backup set on file 1 is valid."}},
		{"RESTORE DATABASE Two FROM DISK = 'tsql.bak' WITH MOVE 'Shop' TO '/var/opt/mssql/data/2.mdf', MOVE 'Shop_log' TO '/var/opt/mssql/data/2.ldf'\ngo\nSELECT COUNT(*) FROM Two.sales.Lines", []string{"RESTORE DATABASE successfully processed", "20"}},
		{"INSERT INTO Two.dbo.Orders (id, name) VALUES (77, N'by hand')\ngo\nSELECT name FROM Two.dbo.Orders WHERE id = 77", []string{"by hand"}},
		{"BACKUP DATABASE Nowhere TO DISK = 'x.bak'", []string{"Msg 911", "Msg 3013", "Database 'Nowhere' does not exist"}},
		{"BACKUP LOG Shop TO DISK = 'tail.trn' WITH NORECOVERY\ngo\nUPDATE Shop.dbo.Orders SET name = 'late'", []string{"BACKUP LOG successfully processed", "Msg 927", "middle of a restore"}},
	} {
		got := tsql(t, s, "sa", "Emulated-1", c.batch)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", c.batch, want, got)
			}
		}
	}
	if got := tsql(t, s, "sa", "wrong", "SELECT 1"); !strings.Contains(got, "Msg 18456") {
		t.Errorf("a wrong password gives\n%s", got)
	}
}

func TestFreeTDSOverTLS(t *testing.T) {
	s := start(t, func(c *sqlserveremu.Config) { c.Encryption = 1 })
	got := tsql(t, s, "sa", "Emulated-1", "SELECT encrypt_option FROM sys.dm_exec_connections")
	if !strings.Contains(got, "TRUE") {
		t.Errorf("no encrypted connection:\n%s", got)
	}
}
