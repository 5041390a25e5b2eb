package emulators

import (
	"testing"
	"time"
)

// The demo begins with a job that has a past; it goes on like any other.
func TestTheDemosServersGoOn(t *testing.T) {
	g := &All{}
	folder := t.TempDir()
	if err := g.startServers(folder, Pace{Past: time.Hour}); err != nil {
		t.Fatal(err)
	}
	st := g.SMC.State()
	j := st.Jobs[ServerJob]
	if len(st.Sources) != 3 || j.Status != "Waiting" || len(j.Runs) != 6 || len(st.Images) != j.Keep || st.Instances[j.Transition].ID == "" || st.Sources[SourceFiles].Job != ServerJob {
		t.Fatalf("begins with %+v", st)
	}
	for n, r := range j.Runs {
		if !r.End.After(r.Start) || n > 0 && r.Start.Before(j.Runs[n-1].End.Add(time.Duration(j.Frequency)*time.Hour)) {
			t.Errorf("run %d: %v to %v", n+1, r.Start, r.End)
		}
	}
	g.SMC.Forward(26 * time.Hour)
	st = g.SMC.State()
	if j = st.Jobs[ServerJob]; j.Status != "Waiting" || len(j.Runs) != 7 || len(st.Images) != j.Keep {
		t.Errorf("a day later: %s, %d runs, %d images", j.Status, len(j.Runs), len(st.Images))
	}
	if err := g.SMC.Close(); err != nil {
		t.Fatal(err)
	}
	again := &All{}
	if err := again.startServers(folder, Pace{Past: time.Hour}); err != nil {
		t.Fatal(err)
	}
	defer again.SMC.Close()
	if n := len(again.SMC.State().Jobs[ServerJob].Runs); n != 7 {
		t.Errorf("kept %d runs", n)
	}
}
