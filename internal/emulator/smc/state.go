package smcemu

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// state is all that is kept.
type state struct {
	Next       int                     `json:"next"`
	Ahead      time.Duration           `json:"ahead"` // of the clock, before the machine's
	Settings   Settings                `json:"settings"`
	Sources    map[string]*Source      `json:"sources"`
	Jobs       map[string]*Job         `json:"jobs"`
	Images     map[string]*Image       `json:"images"`
	Instances  map[string]*Instance    `json:"instances"`
	Tokens     map[string]*AccessToken `json:"tokens"`
	Executions map[string]*Execution   `json:"executions"`
}

// load reads the kept state, or makes that of the configuration.
func load(c Config) (*state, error) {
	st := &state{Sources: map[string]*Source{}, Jobs: map[string]*Job{}, Images: map[string]*Image{},
		Instances: map[string]*Instance{}, Tokens: map[string]*AccessToken{}, Executions: map[string]*Execution{}}
	if c.File != "" {
		b, err := os.ReadFile(c.File)
		switch {
		case err == nil:
			if err := json.Unmarshal(b, st); err != nil {
				return nil, fmt.Errorf("read %s: %w", c.File, err)
			}
			return st, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	for _, s := range c.Sources {
		st.Sources[s.ID] = &s
	}
	for _, i := range c.Images {
		st.Images[i.ID] = &i
	}
	for _, j := range c.Jobs {
		st.Next++
		j.Number = st.Next
		st.Jobs[j.ID] = &j
		if s := st.Sources[j.Source]; s != nil {
			s.Job = j.ID
		}
		if j.Transition != "" {
			st.Instances[j.Transition] = &Instance{ID: j.Transition, Account: j.Account, Region: j.Region, Name: transitionName, Type: "ecs.t6-c1m2.large", Created: j.Started}
		}
	}
	return st, nil
}

// save writes the state beside the old file and moves it there.
func (st *state) save(file string) error {
	if file == "" {
		return nil
	}
	b, err := json.Marshal(st)
	if err != nil {
		return err
	}
	next := file + ".next"
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return err
	}
	return os.Rename(next, file)
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

// id makes an id of the service's form: a prefix, bp, and 18 signs.
func (st *state) id(prefix string) string {
	st.Next++
	n := uint64(st.Next) * 0x9E3779B97F4A7C15 // spreads; ids do not show their order
	var b strings.Builder
	for range 12 {
		b.WriteByte(letters[n%36])
		n /= 36
	}
	return fmt.Sprintf("%s-bp1%05d%s", prefix, st.Next, b.String())
}

// jobs lists an account's jobs, newest first.
func (st *state) jobs(account string) []*Job {
	var out []*Job
	for _, j := range st.Jobs {
		if j.Account == account {
			out = append(out, j)
		}
	}
	slices.SortFunc(out, func(a, b *Job) int { return cmp.Compare(b.Number, a.Number) })
	return out
}

// unfinished is the job of a source that is not over, or nil (page
// CreateReplicationJob: Ready, Running, Stopped, Waiting, InError, Expired).
func (st *state) unfinished(source string) *Job {
	for _, j := range st.Jobs {
		if j.Source == source && j.Status != "Finished" {
			return j
		}
	}
	return nil
}

// running counts an account's jobs at work.
func (st *state) running(account string) (n int) {
	for _, j := range st.Jobs {
		if j.Account == account && j.Status == "Running" {
			n++
		}
	}
	return n
}

// stateOf is the State of a source.
func (st *state) stateOf(s *Source) string {
	if !s.Deleting.IsZero() {
		return "Deleting"
	}
	if s.Offline || s.ErrorCode != "" {
		return "Unavailable"
	}
	if j := st.unfinished(s.ID); j != nil && !j.Started.IsZero() && j.Status != "Ready" && j.Status != "Expired" && j.Status != "Deleting" {
		return "InUse"
	}
	return "Available"
}

// imageNamed finds an image by its name in a region.
func (st *state) imageNamed(account, region, name string) *Image {
	for _, i := range st.Images {
		if i.Account == account && i.Region == region && i.Name == name {
			return i
		}
	}
	return nil
}
