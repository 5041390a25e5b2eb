package sqlite

import (
	"context"
	"testing"
	"time"
)

func TestAMigrationKeepsItsStop(t *testing.T) {
	d := open(t)
	m, err := d.Migrations().Migration(context.Background(), migrating(t, d, "1").ID)
	if err != nil || !m.StopAt.Equal(noon) || len(m.Files) != 2 || !m.Files[0].StopAt.IsZero() || !m.Files[1].StopAt.Equal(noon.Add(8*time.Hour)) {
		t.Errorf("%v, stops at %s, files %+v", err, m.StopAt, m.Files)
	}
}
