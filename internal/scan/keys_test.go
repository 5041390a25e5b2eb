package scan

import (
	"slices"
	"testing"
	"time"
)

func TestKeysOf(t *testing.T) {
	for _, test := range []struct {
		folder string
		files  []string
		want   []string
	}{
		{`D:\Backup`, []string{`d:\backup\shop\1.bak`, `D:\BACKUP\2.bak`}, []string{"shop/1.bak", "2.bak"}},
		{`D:\Backup`, []string{`D:\Backups\1.bak`}, nil},
		{`D:\Backup`, []string{`D:\Backup\1.bak`, `E:\2.bak`}, nil},
		{"/var/opt/mssql/backup/", []string{"/var/opt/mssql/backup/a/b.trn"}, []string{"a/b.trn"}},
		{"/var/opt/mssql/backup", nil, nil},
	} {
		got, inside := keysOf(test.folder, test.files)
		if inside != (test.want != nil) || inside && !slices.Equal(got, test.want) {
			t.Errorf("%s, %v: %v, %v", test.folder, test.files, got, inside)
		}
	}
}

func TestPausesGrowAndSpread(t *testing.T) {
	distinct := map[time.Duration]bool{}
	for _, name := range []string{"instance/a", "instance/b", "instance/c", "bucket/d"} {
		before := time.Duration(0)
		for failures := range 40 {
			p := pause(serverEvery, failures, name)
			if p < before || p > mostPause*11/10 || p < serverEvery*9/10 {
				t.Fatalf("%s after %d failures: %s", name, failures, p)
			}
			before = p
		}
		distinct[pause(serverEvery, 0, name)] = true
	}
	if len(distinct) < 3 {
		t.Errorf("looks come together: %v", distinct)
	}
}
