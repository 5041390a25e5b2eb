package servermigration

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

// Desk is where people and programs order: pages and API call it alike.
type Desk struct {
	Store Store
	Ports Ports
	Now   func() time.Time
	NewID func() string
	Cap   int // jobs of an account at work at once; 0 = MostAtWork
}

// Draft checks a job to be made and orders it. The findings are told also when
// nothing bars the way.
func (d *Desk) Draft(ctx context.Context, accountID string, draft Draft, who audit.Actor) (id string, all []Finding, err error) {
	all, err = d.Review(ctx, accountID, draft)
	if err != nil {
		return "", nil, err
	}
	for _, f := range all {
		if f.Bars {
			return "", all, fault.Told(fault.Invalid, f.Text, f.Fix).WithCode(f.Code)
		}
	}
	id, err = d.begin(ctx, Order{AccountID: accountID, SourceID: draft.SourceID, What: Create, Ask: Ask{Draft: &draft, Region: draft.Region}}, draft.Name, who)
	return id, all, err
}

// Review tells what speaks against a draft, by what was last seen.
func (d *Desk) Review(ctx context.Context, accountID string, draft Draft) ([]Finding, error) {
	around := Around{Now: d.Now()}
	s, err := d.Store.Server(ctx, accountID, draft.SourceID)
	switch {
	case err == nil && s.Gone.IsZero():
		around.Server = &s.Server
	case err != nil && !fault.Is(err, fault.NotFound):
		return nil, err
	}
	jobs, err := d.Store.Jobs(ctx, Filter{AccountID: accountID, Limit: MostJobs + 1})
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		around.Jobs = append(around.Jobs, j.Job)
	}
	return Review(draft, around), nil
}

// Facts are what is known of a job when somebody wants to order something.
func (d *Desk) Facts(ctx context.Context, k KeptJob) (Facts, error) {
	f := Facts{Now: d.Now(), Job: k.Job, Transition: k.Transition, Cap: d.cap()}
	s, err := d.Store.Server(ctx, k.AccountID, k.SourceID)
	if err == nil {
		f.Server = &s.Server
	} else if !fault.Is(err, fault.NotFound) {
		return f, err
	}
	f.AtWork, err = d.Store.AtWork(ctx, k.AccountID)
	return f, err
}

func (d *Desk) cap() int {
	if d.Cap > 0 {
		return d.Cap
	}
	return MostAtWork
}

// Order orders something about a job. typed is what a person typed to confirm
// what cannot be undone: the job's name.
func (d *Desk) Order(ctx context.Context, accountID, jobID string, w What, ask Ask, typed string, who audit.Actor) (id string, err error) {
	k, err := d.Store.Job(ctx, accountID, jobID)
	if err != nil {
		return "", err
	}
	f, err := d.Facts(ctx, k)
	if err != nil {
		return "", err
	}
	v := Allowed(w, f)
	if !v.OK && !v.Later {
		return "", fault.Told(fault.Conflict, v.Why, v.Fix).WithCode(v.Code)
	}
	if !w.Undone() && strings.TrimSpace(typed) != k.Name {
		return "", fault.Newf(fault.Invalid, "%s cannot be undone, and the name typed is not the job's.", w.Title()).WithFix("Type %s.", k.Name)
	}
	if err := d.fits(ctx, k, w, &ask); err != nil {
		return "", err
	}
	return d.begin(ctx, Order{AccountID: accountID, SourceID: k.SourceID, JobID: jobID, What: w, Ask: ask}, k.Name, who)
}

// fits refuses what is wrong with an order in itself.
func (d *Desk) fits(ctx context.Context, k KeptJob, w What, ask *Ask) error {
	switch w {
	case Complete:
		ticks, err := d.Store.Ticks(ctx, k.AccountID, k.ID)
		if err != nil {
			return err
		}
		s, err := d.Store.Server(ctx, k.AccountID, k.SourceID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if missing := AllTicked(BeforeComplete(s.Server, s.InstanceID != ""), ticks); len(missing) > 0 {
			return fault.Told(fault.Conflict, words.Say("The checklist is not done: %s", missing[0].Text), words.Say("Tick each line once it is true."))
		}
	case Adjust:
		c := ask.Change
		if c == nil || c.Every < leastEvery || c.Every > mostEvery || c.Keep < 1 || c.Keep > mostKeep {
			return fault.New(fault.Invalid, "The interval is 1 to 168 hours, and 1 to 10 images are kept.", "Correct the two numbers.")
		}
	case Verify:
		ask.Region = k.Region
		return checkVerification(ask.Check)
	case Try:
		ask.Region = k.Region
		m := ask.Machine
		if m == nil || !cloudID.MatchString(m.ImageID) || !strings.HasPrefix(m.Type, "ecs.") || !cloudID.MatchString(m.VSwitch) || !cloudID.MatchString(m.Security) {
			return fault.New(fault.Invalid, "An instance needs an image, an instance type such as ecs.g6.large, a switch and a security group.", "Fill in all four.")
		}
	}
	return nil
}

func checkVerification(c *Check) error {
	switch {
	case c == nil || !cloudID.MatchString(c.ImageID):
		return fault.New(fault.Invalid, "The verification needs an image.", "Choose one that the job has made.")
	case len(c.Host) < 2 || strings.Trim(c.Host, ".-") != c.Host || strings.Contains(c.Host, "..") || strings.Contains(c.Host, "--") || strings.Contains(c.Host, "_"):
		return fault.New(fault.Invalid, "The host name does not fit.", "At least two characters; no dot or hyphen at its ends or twice in a row, no underscore.")
	case !strings.HasPrefix(c.Type, "ecs."):
		return fault.New(fault.Invalid, "The verification needs an instance type.", "Such as ecs.g6.large.")
	case c.Zone == "":
		return fault.New(fault.Invalid, "The verification needs a zone.", "Such as cn-hangzhou-h.")
	case !strings.HasPrefix(c.Private, "10.") && !strings.HasPrefix(c.Private, "172.") && !strings.HasPrefix(c.Private, "192."):
		return fault.New(fault.Invalid, "The private address has to begin with 10., 172. or 192.", "It is that of the instance, in a VPC of its own.")
	case c.Windows && strings.HasPrefix(c.Folder, "/"):
		return fault.New(fault.Invalid, "The folder is not one of Windows: nothing would be checked there.", `Such as C:\Windows\Temp.`)
	case c.DiskGiB != 0 && (c.DiskGiB < 20 || c.DiskGiB > 500):
		return fault.New(fault.Invalid, "The system disk is 20 to 500 GiB, or left to the service.", "Correct the size.")
	}
	return nil
}

// Release orders that an instance is removed that was made to try an image. Only
// those that this dashboard made are.
func (d *Desk) Release(ctx context.Context, accountID, orderID, typed string, who audit.Actor) (id string, err error) {
	made, err := d.Store.Order(ctx, orderID)
	if err != nil {
		return "", err
	}
	if made.What != Try || made.Made == "" || made.AccountID != accountID {
		return "", fault.New(fault.Invalid, "This order made no instance.", "See the job.")
	}
	if strings.TrimSpace(typed) != made.Made {
		return "", fault.New(fault.Invalid, "Releasing cannot be undone, and the id typed is not the instance's.", "Type the instance's id.")
	}
	return d.begin(ctx, Order{AccountID: accountID, SourceID: made.SourceID, JobID: made.JobID, What: Release, Ask: Ask{Region: made.Ask.Region, Name: made.Made}}, made.Made, who)
}

// Rename orders another name of a source server.
func (d *Desk) Rename(ctx context.Context, accountID, sourceID, name, about string, who audit.Actor) (id string, err error) {
	if !jobName.MatchString(name) || len(about) > 256 {
		return "", fault.New(fault.Invalid, "The name is 2 to 128 letters, digits, colons, underscores and hyphens, beginning with a letter; the description at most 256 characters.", "Choose another name.")
	}
	return d.begin(ctx, Order{AccountID: accountID, SourceID: sourceID, What: Rename, Ask: Ask{Name: name, About: about}}, name, who)
}

// Remove orders that a source server is taken out of the list. force takes its
// job along, which a person types the server's id for; without it the service
// refuses a server with a job.
func (d *Desk) Remove(ctx context.Context, accountID, sourceID string, force bool, typed string, who audit.Actor) (id string, err error) {
	s, err := d.Store.Server(ctx, accountID, sourceID)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(typed) != sourceID {
		return "", fault.New(fault.Invalid, "Removing cannot be undone, and the id typed is not the server's.", "Type the server's id.")
	}
	return d.begin(ctx, Order{AccountID: accountID, SourceID: sourceID, What: Remove, Ask: Ask{Force: force}}, s.Name, who)
}

func (d *Desk) begin(ctx context.Context, o Order, name string, who audit.Actor) (id string, err error) {
	o.ID, o.Ordered, o.By = d.NewID(), d.Now(), who.Name
	e := audit.New(who, o.Ordered, "server."+string(o.What), o.Subject(), fmt.Sprintf("Ordered: %s, %s.", o.What.Title(), name)).With(nil, o.Ask)
	r := run.Run{ID: o.ID, Kind: Kind, Subject: o.SourceID, Place: o.AccountID, Title: words.Say("%s · %s", o.What.Title(), name), Created: o.Ordered}
	return o.ID, d.Store.BeginOrder(ctx, o, r, e)
}

// NewToken makes an activation code. It is written down that somebody asked
// before the service is asked, for the code is told once and kept nowhere.
func (d *Desk) NewToken(ctx context.Context, accountID string, t TokenDraft, who audit.Actor) (id string, code secret.Text, err error) {
	switch {
	case !jobName.MatchString(t.Name):
		return "", code, fault.New(fault.Invalid, "The name is 2 to 128 letters, digits, colons, underscores and hyphens, beginning with a letter.", "Choose another name.")
	case t.Count < 1 || t.Count > 1000:
		return "", code, fault.New(fault.Invalid, "A code is for 1 to 1,000 servers.", "Correct the number.")
	case t.Days < 1 || t.Days > 90:
		return "", code, fault.New(fault.Invalid, "A code is valid for 1 to 90 days.", "Correct the days.")
	}
	center, err := d.Ports.Center(ctx, accountID)
	if err != nil {
		return "", code, err
	}
	e := audit.New(who, d.Now(), "server.token", "account/"+accountID, "Asked for an activation code: "+t.Name+".").With(nil, map[string]any{"name": t.Name, "servers": t.Count, "days": t.Days})
	if err := d.Store.NoteAudit(ctx, e); err != nil {
		return "", code, err
	}
	id, code, err = center.NewToken(ctx, t)
	if fault.Is(err, fault.Unavailable) {
		said, _ := fault.Texts(err)
		return "", code, fault.Told(fault.Unavailable, words.Join(said, words.Say("Whether a code was made is not known; the code itself is told once and was not.")), words.Say("Look at the list, delete what nobody knows the code of, and ask again.")).Because(err)
	}
	return id, code, err
}

// EndToken disables or deletes an activation code. Servers that have registered
// are not affected.
func (d *Desk) EndToken(ctx context.Context, accountID, id string, remove bool, who audit.Actor) error {
	center, err := d.Ports.Center(ctx, accountID)
	if err != nil {
		return err
	}
	what, do := "disabled", center.DisableToken
	if remove {
		what, do = "deleted", center.DeleteToken
	}
	e := audit.New(who, d.Now(), "server.token", "account/"+accountID, "The activation code "+id+" is to be "+what+".")
	if err := d.Store.NoteAudit(ctx, e); err != nil {
		return err
	}
	return do(ctx, id)
}
