package api

import (
	"time"

	"github.com/bakplane/bakplane/internal/servermigration"
)

type watchedJSON struct {
	AccountID string     `json:"account_id"`
	Tried     *time.Time `json:"tried"`
	Looked    *time.Time `json:"looked"` // the last look that worked
	Problem   string     `json:"problem,omitempty"`
	Fix       string     `json:"fix,omitempty"`
}

func watchedToJSON(w servermigration.Watched) watchedJSON {
	return watchedJSON{w.AccountID, moment(w.Tried), moment(w.Good), w.Why.String(), w.Fix.String()}
}

type serverTokenJSON struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Status     string    `json:"status"`
	Servers    int       `json:"servers"`
	Registered int       `json:"registered"`
	Days       int       `json:"days"`
	Created    time.Time `json:"created"`
}

func serverTokenToJSON(t servermigration.Token) serverTokenJSON {
	return serverTokenJSON{t.ID, t.Name, t.Status, t.Count, t.Registered, t.Days, t.Created.UTC()}
}

type sourceJSON struct {
	ID          string     `json:"id"`
	AccountID   string     `json:"account_id"`
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	State       string     `json:"state"`
	Error       string     `json:"error,omitempty"`
	Platform    string     `json:"platform"`
	Host        string     `json:"host"`
	Addresses   []string   `json:"addresses"`
	Agent       string     `json:"agent"`
	Disks       []diskJSON `json:"disks"`
	JobID       string     `json:"job_id,omitempty"`
	InstanceID  string     `json:"instance_id,omitempty"`
	NewID       string     `json:"new_instance_id,omitempty"`
	Looked      *time.Time `json:"looked"`
	Gone        *time.Time `json:"gone"`
}

type diskJSON struct {
	Index int        `json:"index"`
	GiB   int        `json:"gib"`
	Used  int64      `json:"used,omitempty"` // bytes; absent = not told
	Parts []partJSON `json:"parts"`
}

type partJSON struct {
	Device string `json:"device"`
	Path   string `json:"path,omitempty"`
	Bytes  int64  `json:"bytes"`
	Needed bool   `json:"needed"`
}

func sourceToJSON(k servermigration.KeptServer) sourceJSON {
	out := sourceJSON{ID: k.ID, AccountID: k.AccountID, Name: k.Name, Description: k.Description, State: string(k.State), Error: k.ErrorCode, Platform: k.Platform, Host: k.Host, Addresses: k.Addresses,
		Agent: k.Agent, JobID: k.JobID, InstanceID: k.InstanceID, NewID: k.NewID, Looked: moment(k.Looked), Gone: moment(k.Gone), Disks: []diskJSON{}}
	for _, d := range k.Disks {
		j := diskJSON{Index: d.Index, GiB: d.GiB, Used: d.Used(), Parts: []partJSON{}}
		for _, p := range d.Parts {
			j.Parts = append(j.Parts, partJSON{p.Device, p.Path, p.Bytes, p.Needed})
		}
		out.Disks = append(out.Disks, j)
	}
	return out
}

type serverJobJSON struct {
	ID         string      `json:"id"`
	AccountID  string      `json:"account_id"`
	SourceID   string      `json:"source_id"`
	Name       string      `json:"name"`
	Region     string      `json:"region"`
	Target     string      `json:"target"`
	Status     string      `json:"status"`
	Phase      string      `json:"phase,omitempty"`
	Progress   float64     `json:"progress"` // percent over all phases of a run
	Error      string      `json:"error,omitempty"`
	Cause      string      `json:"cause,omitempty"` // code of the common table
	Once       bool        `json:"once"`
	Every      int         `json:"every_hours,omitempty"`
	Keep       int         `json:"keep_images,omitempty"`
	Next       *time.Time  `json:"next"` // expected; the service tells none
	ValidTill  *time.Time  `json:"valid_till"`
	Transition string      `json:"intermediate_instance,omitempty"`
	Presence   string      `json:"intermediate_instance_is,omitempty"`
	WaveID     string      `json:"wave_id,omitempty"`
	Runs       []cycleJSON `json:"runs"`
	Looked     *time.Time  `json:"looked"`
}

type cycleJSON struct {
	ImageID  string     `json:"image_id"`
	Start    *time.Time `json:"start"`
	End      *time.Time `json:"end"`
	Manual   bool       `json:"manual"`
	Unlisted bool       `json:"unlisted,omitempty"`
}

func serverJobToJSON(k servermigration.KeptJob) serverJobJSON {
	out := serverJobJSON{ID: k.ID, AccountID: k.AccountID, SourceID: k.SourceID, Name: k.Name, Region: k.Region, Target: string(k.Target), Status: string(k.Status), Phase: string(k.Phase), Progress: k.Progress, Error: k.ErrorCode,
		Cause: string(servermigration.CauseOf(k.ErrorCode, k.ErrorText)), Once: k.Once, Every: k.Every, Keep: k.Keep, Next: moment(servermigration.NextSync(k.Job)), ValidTill: moment(k.ValidTill), Transition: k.TransitionID, Presence: string(k.Transition),
		WaveID: k.WaveID, Looked: moment(k.Looked), Runs: []cycleJSON{}}
	for _, c := range k.Cycles {
		out.Runs = append(out.Runs, cycleJSON{c.ImageID, moment(c.Start), moment(c.End), c.Manual, c.Unlisted})
	}
	return out
}

type serverFindingJSON struct {
	Field string `json:"field,omitempty"`
	Bars  bool   `json:"bars"`
	Code  string `json:"code,omitempty"`
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"`
}

type serverReviewJSON struct {
	Call     string              `json:"call"`
	Findings []serverFindingJSON `json:"findings"`
}

type serverOrderJSON struct {
	ID       string     `json:"id"` // of its run, too
	What     string     `json:"what"`
	JobID    string     `json:"job_id,omitempty"`
	SourceID string     `json:"source_id,omitempty"`
	By       string     `json:"by"`
	Ordered  time.Time  `json:"ordered"`
	Sent     *time.Time `json:"sent"`
	Answered *time.Time `json:"answered"`
	Finished *time.Time `json:"finished"`
	Made     string     `json:"made,omitempty"`
	Result   string     `json:"result,omitempty"`
	Code     string     `json:"code,omitempty"`
	Why      string     `json:"why,omitempty"`
	Fix      string     `json:"fix,omitempty"`
	State    string     `json:"state"`
}

func serverOrderToJSON(o servermigration.Order) serverOrderJSON {
	return serverOrderJSON{ID: o.ID, What: string(o.What), JobID: o.JobID, SourceID: o.SourceID, By: o.By, Ordered: o.Ordered.UTC(), Sent: moment(o.Sent), Answered: moment(o.Answered), Finished: moment(o.Finished),
		Made: o.Made, Result: o.Result.String(), Code: string(o.Code), Why: o.Why.String(), Fix: o.Fix.String(), State: string(o.State)}
}

type serverJobWholeJSON struct {
	serverJobJSON
	Validity string             `json:"validity,omitempty"`
	Offers   []offerJSON        `json:"offers"`
	Costs    []costJSON         `json:"costs"`
	Orders   []serverOrderJSON  `json:"orders"`
	Ticks    []tickJSON         `json:"ticks"`
	Happened []serverHappenJSON `json:"happened"`
}

type offerJSON struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Unsure bool   `json:"unsure,omitempty"` // no documentation names this state; it is tried once
	Why    string `json:"why,omitempty"`
	Fix    string `json:"fix,omitempty"`
}

type costJSON struct {
	What  string     `json:"what"`
	ID    string     `json:"id,omitempty"`
	Since *time.Time `json:"since"`
	Until string     `json:"until,omitempty"`
}

type tickJSON struct {
	Item string    `json:"item"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

type serverHappenJSON struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

func serverJobWhole(k servermigration.KeptJob, f servermigration.Facts, orders []servermigration.Order, ticks []servermigration.Tick, happened []servermigration.Happened, now time.Time) serverJobWholeJSON {
	valid, _ := servermigration.Validity(k.Job, now)
	out := serverJobWholeJSON{serverJobJSON: serverJobToJSON(k), Validity: valid.String(), Offers: []offerJSON{}, Costs: []costJSON{}, Orders: []serverOrderJSON{}, Ticks: []tickJSON{}, Happened: []serverHappenJSON{}}
	for _, o := range servermigration.Offers(f) {
		out.Offers = append(out.Offers, offerJSON{string(o.What), o.OK || o.Later, o.Unsure, o.Why.String(), o.Fix.String()})
	}
	for _, c := range servermigration.Costs(k.Job, k.Transition, orders) {
		out.Costs = append(out.Costs, costJSON{c.What.String(), c.ID, moment(c.Since), c.Until.String()})
	}
	for _, o := range orders {
		out.Orders = append(out.Orders, serverOrderToJSON(o))
	}
	for _, t := range ticks {
		out.Ticks = append(out.Ticks, tickJSON{t.Item, t.By, t.At.UTC()})
	}
	for _, h := range happened {
		out.Happened = append(out.Happened, serverHappenJSON{h.At.UTC(), h.Text.String()})
	}
	return out
}
