package migration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// states says what becomes of each file, such as "2 staged".
func states(files []File) (out []string) {
	for _, f := range files {
		out = append(out, fmt.Sprintf("%d %s", f.Ord, f.State))
	}
	return out
}

func TestRetry(t *testing.T) {
	refused := func(m *Migration) {
		m.Files[1].State, m.Files[1].Uploaded, m.Files[1].Staged, m.Files[1].Message = FileRefused, 7, t0, "no"
		m.Problem = &Problem{Code: "gap", Step: "import/2", File: 2}
	}
	for _, tc := range []struct {
		name     string
		edit     func(*Migration)
		want     []string
		drop     bool
		open     bool
		uploaded int64 // of the first
	}{
		{"nothing stands", nil, nil, false, false, 0},
		{"a refused log is offered again", refused, []string{"2 staged"}, false, false, 7},
		{"a refused full gets a new task", func(m *Migration) { m.Files[0].State = FileRefused }, []string{"1 staged"}, true, false, 0},
		{"an object that is gone is brought again", func(m *Migration) { refused(m); m.Problem.Code = "file-gone" }, []string{"2 planned"}, false, false, 0},
		{"a source that changed is brought again", func(m *Migration) {
			m.Files[1].State, m.Files[1].Uploaded = FileUploading, 7
			m.Problem = &Problem{Code: CodeSourceChanged, File: 2}
		}, []string{"2 planned"}, false, false, 0},
		{"another file's source changed", func(m *Migration) {
			m.Files[1].State = FileUploading
			m.Problem = &Problem{Code: CodeSourceChanged, File: 1}
		}, []string{"1 planned"}, true, false, 0},
		{"a failed task begins the chain again", func(m *Migration) {
			m.TargetState.Task.Status = TaskFailed
			m.Files = append(m.Files, file(3, "log", FileSent, 20, 30), file(4, "log", FileRefused, 30, 40), file(5, "log", FilePlanned, 40, 50))
		}, []string{"1 staged", "3 staged", "4 staged"}, true, false, 0},
		{"the opening stood still", func(m *Migration) { m.Problem = &Problem{Step: StepOpen} }, nil, false, true, 0},
	} {
		d, err := Retry(following(tc.edit))
		if err != nil || !d.Go || !slices.Equal(states(d.Files), tc.want) || d.DropTask != tc.drop || d.Open != tc.open {
			t.Errorf("%s: %v drop %v open %v, %v", tc.name, states(d.Files), d.DropTask, d.Open, err)
			continue
		}
		for _, f := range d.Files {
			if f.Message != "" || f.Uploaded != tc.uploaded || !f.Applied.IsZero() {
				t.Errorf("%s: %+v", tc.name, f)
			}
		}
	}
	if _, err := Retry(following(func(m *Migration) { m.Stage = StageOpened })); err == nil {
		t.Error("what has ended is retried")
	}
}

func TestOpen(t *testing.T) {
	all := func(m *Migration) { m.Files[1].State = FileApplied }
	for _, tc := range []struct {
		name  string
		m     Migration
		check CheckMode
		ok    bool
		want  []string
	}{
		{"all applied", following(all), "", true, nil},
		{"with a synchronous check", following(all), CheckSync, true, nil},
		{"with an asynchronous one", following(all), CheckAsync, true, nil},
		{"with an unknown one", following(all), "later", false, nil},
		{"what was refused is given up", following(func(m *Migration) { m.Files[1].State = FileRefused }), "", true, []string{"2 dropped"}},
		{"a file waits", following(nil), "", false, nil},
		{"a file is on its way", following(func(m *Migration) { m.Files[1].State = FileSent }), "", false, nil},
		{"ended", following(func(m *Migration) { all(m); m.Stage = StageTerminated }), "", false, nil},
		{"open already", following(func(m *Migration) { all(m); m.Opened = t0 }), "", false, nil},
		{"no task", following(func(m *Migration) { all(m); m.TaskID = "" }), "", false, nil},
		{"a source at work", fed(nil), "", false, nil},
	} {
		d, err := Open(tc.m, tc.check)
		if (err == nil) != tc.ok || d.Open != tc.ok || d.Go != tc.ok || !slices.Equal(states(d.Files), tc.want) || tc.ok && d.Check != tc.check {
			t.Errorf("%s: %+v, %v", tc.name, d, err)
		}
	}
}

func TestTerminateAndAbort(t *testing.T) {
	for _, tc := range []struct {
		name  string
		m     Migration
		typed string
		ok    bool
		abort bool
	}{
		{"of files", following(nil), "orders", true, false},
		{"another name", following(nil), "Orders", false, false},
		{"no name", following(nil), "", false, false},
		{"ended", following(func(m *Migration) { m.Stage = StageOpened }), "orders", false, false},
		{"open", following(func(m *Migration) { m.Opened = t0 }), "orders", false, false},
		{"a source is given back", fed(nil), "orders", true, true},
		{"a source, open", fed(func(m *Migration) { m.Opened = t0 }), "orders", false, false},
		{"a source, told to open", fed(func(m *Migration) { m.Calls = []Call{{Verb: VerbOpen}} }), "orders", false, false},
	} {
		d, err := Terminate(tc.m, tc.typed)
		if (err == nil) != tc.ok || d.Terminate != tc.ok || d.Go != tc.ok || d.Abort != tc.abort {
			t.Errorf("%s: %+v, %v", tc.name, d, err)
		}
	}
	for name, m := range map[string]Migration{
		"of files": following(nil), "ended": fed(func(m *Migration) { m.Stage = StageTerminated }), "open": fed(func(m *Migration) { m.Opened = t0 }),
	} {
		if d, err := Abort(m); err == nil || d.Abort {
			t.Errorf("abort, %s: %+v", name, d)
		}
	}
	if d, err := Abort(fed(func(m *Migration) { m.Calls = []Call{{Verb: VerbImport, Verdict: Accepted}} })); err != nil || !d.Abort || !d.Terminate || !d.Go {
		t.Errorf("abort: %+v, %v", d, err)
	}
}

func TestCutoverAndOneMore(t *testing.T) {
	for name, tc := range map[string]struct {
		m             Migration
		cutover, more bool
	}{
		"follows":                  {fed(nil), true, false},
		"of files":                 {following(nil), false, false},
		"the full is on its way":   {fed(func(m *Migration) { m.Files[0].State = FileSent }), false, false},
		"nothing is there":         {fed(func(m *Migration) { m.Files = nil }), false, false},
		"a log is on its way":      {fed(func(m *Migration) { m.Files[1].State = FileSent }), true, false},
		"ended":                    {fed(func(m *Migration) { m.Stage = StageTerminated }), false, false},
		"open":                     {fed(func(m *Migration) { m.Opened = t0 }), false, false},
		"aborted":                  {fed(func(m *Migration) { m.LiveSource.AbortAsked = t0 }), false, false},
		"ordered already":          {cutOver(FreezeTail, nil), false, false},
		"stopped, ordered":         {cutOver(FreezeStopped, nil), false, true},
		"stopped, not ordered":     {fed(func(m *Migration) { m.LiveSource.Freeze = FreezeStopped }), true, false},
		"stopped, READ_ONLY":       {cutOver(FreezeReadOnly, nil), false, false},
		"stopped, ended":           {cutOver(FreezeStopped, func(m *Migration) { m.Stage = StageTerminated }), false, false},
		"stopped, open":            {cutOver(FreezeStopped, func(m *Migration) { m.Opened = t0 }), false, false},
		"stopped, aborted":         {cutOver(FreezeStopped, func(m *Migration) { m.LiveSource.AbortAsked = t0 }), false, false},
		"stopped, told to open":    {cutOver(FreezeStopped, func(m *Migration) { m.Calls = []Call{{Verb: VerbOpen}} }), false, false},
		"stopped, opening refused": {cutOver(FreezeStopped, func(m *Migration) { m.Calls = []Call{{Verb: VerbOpen, Verdict: Refused}} }), false, true},
	} {
		if d, err := Cutover(tc.m); (err == nil) != tc.cutover || d.Cutover != tc.cutover || d.Go != tc.cutover {
			t.Errorf("%s: cutover %+v, %v", name, d, err)
		}
		if d, err := OneMore(tc.m); (err == nil) != tc.more || d.OneMore != tc.more || d.Go != tc.more {
			t.Errorf("%s: one more %+v, %v", name, d, err)
		}
	}
}

// TestAGapDifferentialDropsWhatItCovers: never the full, and nothing that the
// target has.
func TestAGapDifferentialDropsWhatItCovers(t *testing.T) {
	m := fed(func(m *Migration) {
		m.Problem = &Problem{Code: "gap", File: 4, Actions: []Button{ButtonRetry, ButtonGapDifferential}}
		m.Files = append(m.Files, file(3, "log", FileSent, 20, 30), file(4, "log", FileRefused, 30, 40), file(5, "log", FileStaged, 40, 50), file(6, "log", FilePlanned, 50, 60))
	})
	d, err := GapDifferential(m)
	if want := []string{"4 dropped", "5 dropped", "6 dropped"}; err != nil || !slices.Equal(states(d.Files), want) {
		t.Errorf("%v, %v, want %v", states(d.Files), err, want)
	}
	m.Files[0].State = FileRefused
	if d, _ = GapDifferential(m); slices.Contains(states(d.Files), "1 dropped") {
		t.Error("the full is dropped")
	}
	m.Opened = t0
	if _, err := GapDifferential(m); err == nil {
		t.Error("of a database that is open")
	}
}

func TestExtend(t *testing.T) {
	logAt := func(ord int) File { return file(ord, "log", FilePlanned, uint32(10*ord), uint32(10*ord+10)) }
	lost := func(m *Migration) { m.Calls = append(m.Calls, Call{Verb: VerbImport, File: 2, Intended: t0}) }
	for _, tc := range []struct {
		name string
		edit func(*Migration)
		more []File
		want []string // empty = refused
	}{
		{"one more log behind what is staged", nil, []File{logAt(2), logAt(3)}, []string{"2 dropped", "3 staged", "4 planned"}},
		{"what the target has stays", func(m *Migration) { m.Files[1].State = FileSent }, []File{logAt(2), logAt(3)}, []string{"3 planned"}},
		{"what is applied stays", func(m *Migration) { m.Files[1].State = FileApplied }, []File{logAt(2), logAt(3)}, []string{"3 planned"}},
		{"what may be on its way stays", lost, []File{logAt(2), logAt(3)}, []string{"3 planned"}},
		{"what the plan leaves out is dropped", nil, []File{logAt(3)}, []string{"2 dropped", "3 planned"}},
		{"half-sent is planned again", func(m *Migration) { m.Files[1].State = FileUploading }, []File{logAt(2), logAt(3)}, []string{"2 dropped", "3 planned", "4 planned"}},
		{"numbers of dropped files stay unused", func(m *Migration) {
			m.Files = append(m.Files, file(9, "log", FileDropped, 1, 2))
			m.Files[1].State = FileApplied
		}, []File{logAt(3)}, []string{"10 planned"}},
		{"nothing new", nil, []File{logAt(2)}, nil},
		{"nothing at all", nil, nil, nil},
		{"ended", func(m *Migration) { m.Stage = StageOpened }, []File{logAt(3)}, nil},
		{"open", func(m *Migration) { m.Opened = t0 }, []File{logAt(3)}, nil},
		{"opens after the full", func(m *Migration) { m.Mode = Immediate }, []File{logAt(3)}, nil},
	} {
		m := following(func(m *Migration) {
			m.Files[1].Staged, m.Files[1].Key, m.Files[1].Source = t0, "kept key", "kept source"
			if tc.edit != nil {
				tc.edit(m)
			}
			if m.Files[1].State == FileUploading {
				m.Files[1].Staged = time.Time{}
			}
		})
		d, err := Extend(m, tc.more)
		if (err == nil) != (tc.want != nil) || !slices.Equal(states(d.Files), tc.want) || d.Go != (err == nil) {
			t.Errorf("%s: %v, %v; want %v", tc.name, states(d.Files), err, tc.want)
		}
		for _, f := range d.Files {
			if f.State == FileStaged && (f.Key != "kept key" || f.Source != "kept source" || !f.Staged.Equal(t0)) {
				t.Errorf("%s: a file that is there gets other names: %+v", tc.name, f)
			}
		}
	}
	many := make([]File, 10_000)
	for i := range many {
		many[i] = File{SetGUID: bakfile.GUID{3, byte(i), byte(i >> 8)}}
	}
	m := following(func(m *Migration) { m.Files[1].State = FileApplied })
	if d, err := Extend(m, many); err != nil || len(d.Files) != 10_000 {
		t.Errorf("ten thousand files: %d, %v", len(d.Files), err)
	}
	if _, err := Extend(m, append(many, File{SetGUID: bakfile.GUID{4}})); err == nil {
		t.Error("one more than ten thousand files")
	}
	stripes := []File{{Ord: 5, SetGUID: bakfile.GUID{7}, Source: "a"}, {Ord: 6, SetGUID: bakfile.GUID{7}, Source: "b"}}
	if got, ok := row(stripes, File{SetGUID: bakfile.GUID{7}, Source: "b"}); !ok || got.Ord != 6 {
		t.Errorf("a stripe is taken for its neighbour: %d, %v", got.Ord, ok)
	}
	if got, ok := row(stripes[:1], File{SetGUID: bakfile.GUID{7}, Source: "moved"}); !ok || got.Ord != 5 {
		t.Errorf("a single file is not known by its set: %d, %v", got.Ord, ok)
	}
	if _, ok := row(stripes, File{SetGUID: bakfile.GUID{8}, Source: "a"}); ok {
		t.Error("another set is taken for it")
	}
}
