package drafting

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/words"
)

const (
	waveChecksAtOnce = 4                // databases of a wave that are checked side by side
	waveChecksLast   = 60 * time.Second // and how long all of that may take
	waveNameMost     = 100              // characters
)

// WaveChecks checks every database of a wave, in the order given, a few side
// by side, then what all of them need together. The error is about the request.
func (s *Drafting) WaveChecks(ctx context.Context, w WaveRequest) (v WaveChecked, err error) {
	if v.Places, v.Found, err = s.memberChecks(ctx, w); err != nil {
		return v, err
	}
	v.Facts, v.Whole, err = s.wholeChecks(ctx, v)
	return v, err
}

func (s *Drafting) memberChecks(ctx context.Context, w WaveRequest) (LivePlan, []WaveCheck, error) {
	places, err := s.livePlaces(ctx, w.Live(""))
	if err != nil {
		return places, nil, err
	}
	names := distinct(w.Databases)
	switch {
	case places.Server.ID == places.Instance.ID:
		return places, nil, invalid("Source and target are the same server, and the databases of a wave keep their names.", "Choose another server. A single database can go to the same server under another name.")
	case w.Name == "":
		return places, nil, invalid("The wave has no name.", "Give it the name your colleagues know it by.")
	case len([]rune(w.Name)) > waveNameMost:
		return places, nil, fault.Newf(fault.Invalid, "The name of the wave is longer than %d characters.", waveNameMost).
			WithFix("Choose a shorter one.")
	case len(names) == 0:
		return places, nil, invalid("No database is chosen.", "Choose at least one of the server's databases.")
	case len(names) > wave.Most:
		return places, nil, fault.Newf(fault.Invalid, "%d databases are too many for one wave.", len(names)).
			WithFix("Make several waves of at most %d.", wave.Most)
	}
	taken, err := s.namesUnderWay(ctx, w.Instance)
	if err != nil {
		return places, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, waveChecksLast)
	defer cancel()
	out := make([]WaveCheck, len(names))
	free := make(chan struct{}, waveChecksAtOnce)
	var wg sync.WaitGroup
	for i, name := range names {
		k := &out[i]
		k.Database, k.Plan = name, places
		k.Plan.Request = w.Live(name)
		if k.Err = k.Plan.draft(); k.Err != nil {
			continue
		}
		if taken[strings.ToLower(k.Plan.M.Database)] {
			k.Err = fault.Newf(fault.Conflict, "%s is being migrated to this instance already.", k.Plan.M.Database).WithFix("Look at it in the list of migrations.")
			continue
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			k.Findings, k.facts, k.Err = preflight.Live(ctx, s.Ports, k.Plan.M, s.Now)
			if k.Err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				k.Err = fault.Newf(fault.Unavailable, "Its checks did not end within the %s for the wave.", waveChecksLast).WithFix("Check again, or make two waves.").Because(k.Err)
			}
		})
	}
	wg.Wait()
	return places, out, nil
}

// wholeChecks asks target and bucket once more, for all that can start by
// themselves. What cannot be asked bars the way: it would be found out late.
func (s *Drafting) wholeChecks(ctx context.Context, v WaveChecked) (f wave.Facts, found []migration.Finding, err error) {
	var members []wave.Need
	var every time.Duration
	for _, k := range v.Found {
		if k.MayStart() {
			members, every = append(members, wave.NeedOf(k.Plan.M, k.facts.Database)), k.Plan.M.LiveSource.Every
		}
	}
	if len(members) == 0 {
		return f, nil, nil
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f, err = wave.Collect(asking, s.Ports, v.Places.Instance.ID, v.Places.Staging.ID, v.Places.Instance.Traits)
	if err != nil {
		message, fix := fault.Texts(err)
		if fault.Of(err) == fault.Unknown {
			message, fix = words.Say("Target or bucket could not be asked."), words.Say("Check again.")
			s.Log.Error("check a whole wave", "err", err)
		}
		return f, []migration.Finding{{Code: "wave", Title: "The wave as a whole", Level: migration.Barred, Text: message, Fix: fix}}, nil
	}
	f.Members, f.Every = members, every
	b, err := s.Migrations.Calls(ctx, v.Places.Instance.ID, "", s.Now().Add(-24*time.Hour))
	if err != nil {
		return f, nil, err
	}
	f.CallsHost = b.Instance
	st, err := s.Progress.Activity(ctx)
	if err != nil {
		return f, nil, err
	}
	for _, row := range st.Active {
		if row.InstanceID != v.Places.Instance.ID {
			continue
		}
		f.Coming = append(f.Coming, row.Database)
		m, err := s.Migrations.Migration(ctx, row.ID)
		if err != nil {
			return f, nil, err
		}
		if m.LiveSource != nil {
			f.CallsPlan += wave.PlannedCalls(m.Traits.Calls, m.LiveSource.Every)
		}
	}
	return f, wave.Judge(f), nil
}

// namesUnderWay are the databases on their way to an instance, in lower case.
func (s *Drafting) namesUnderWay(ctx context.Context, instanceID string) (map[string]bool, error) {
	st, err := s.Progress.Activity(ctx)
	out := map[string]bool{}
	for _, m := range st.Active {
		if m.InstanceID == instanceID {
			out[strings.ToLower(m.Database)] = true
		}
	}
	return out, err
}

// distinct keeps the first of equal names.
func distinct(names []string) (out []string) {
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] && n != "" {
			out = append(out, n)
		}
		seen[n] = true
	}
	return out
}
