package servermigration

import (
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/words"
)

// nextMaking is Next of orders that make something. They carry a token with
// which it is made once, so a lost answer is followed by the same call.
func nextMaking(o Order, l Look) Step {
	if o.Made == "" {
		switch {
		case o.What == Create && l.Job != nil: // found by source and name after a lost answer
			return Step{Do: Done, Made: l.Job.ID, Text: words.Say("The job %s is made.", l.Job.ID)}
		case o.What == Create && o.Sent.IsZero() && l.Server == nil:
			return fail(words.Say("The service does not list the source server."), "Import it again: its agent must run.")
		case o.What == Create && o.Sent.IsZero() && l.Server.State != ServerAvailable:
			return notAvailable(*l.Server)
		case !o.Sent.IsZero() && l.At.Sub(o.Sent) < l.settle()/3:
			return wait(words.Say("The answer of the service was lost. The call is made again with the same token, which makes nothing twice."), l.settle()/3)
		case o.Sends >= sends:
			return failWith("smc-unanswered")
		}
		return Step{Do: Call}
	}
	switch {
	case o.What == Verify:
		return verified(o, l)
	case o.What == Try && l.Machine == nil && l.At.Sub(o.Answered) > 10*l.settle():
		return fail(words.Say("The instance %s does not exist any more.", o.Made), "See the ECS console.")
	case o.What == Try && (l.Machine == nil || l.Machine.Status != "Running"):
		return wait(words.Say("The instance %s is being made.", o.Made), l.settle()/3)
	case o.What == Try:
		return done(words.Say("The instance %s runs. It costs until it is released.", o.Made))
	}
	return done(words.Say("The job %s is made.", o.Made))
}

func notAvailable(s Server) Step {
	if s.State == ServerInUse {
		return failWith("smc-unfinished")
	}
	if s.State == ServerUnavailable {
		return failWith("smc-agent")
	}
	return fail(words.Say("The source server is %s.", s.Words()), "Wait until it is online.")
}

// nextOther is Next of orders whose effect is seen by itself.
func nextOther(o Order, l Look) Step {
	switch {
	case o.What == Release && l.Machine == nil:
		return done(words.Say("The instance does not exist any more."))
	case o.What == Release && !o.Answered.IsZero():
		return wait(words.Say("The instance is being released."), l.settle()/3)
	case o.What == Remove && l.Server == nil:
		return done(words.Say("The service does not list the source server any more."))
	case o.What == Remove && (!o.Answered.IsZero() || l.Server.State == ServerDeleting):
		return wait(words.Say("The source server is being removed."), l.settle()/3)
	case o.What == Rename && l.Server == nil:
		return fail(words.Say("The service does not list the source server."), "")
	case o.What == Rename && l.Server.Name == o.Ask.Name && l.Server.Description == o.Ask.About:
		return done(words.Say("It is called %s.", o.Ask.Name))
	case o.What == Rename && !o.Answered.IsZero() && l.At.Sub(o.Answered) < 10*l.settle():
		return wait(words.Say("The service took it and still shows the former name."), l.settle()/3)
	case o.What == Rename && !o.Answered.IsZero():
		return fail(words.Say("The service took it and shows another name: %s.", l.Server.Name), "Look at the source server in the console.")
	case o.What == Remove && o.Sent.IsZero() && l.At.Sub(o.Ordered) > stale, o.What == Release && o.Sent.IsZero() && l.At.Sub(o.Ordered) > stale:
		return fail(words.Say("It was ordered %s ago and not sent: it cannot be undone, so it is not sent that late.", words.Roughly(l.At.Sub(o.Ordered))), "Order it again.")
	case !o.Sent.IsZero() && l.At.Sub(o.Sent) < l.settle():
		return wait(words.Say("Nobody knows yet whether the service took the call: its answer was lost."), l.settle()-l.At.Sub(o.Sent))
	case o.Sends >= sends:
		return failWith("smc-unanswered")
	}
	return Step{Do: Call}
}

// markers are what the default check of the template prints when a disk, the
// private network and the public network work (the OOS action
// ACS::ECS::SMCVerifyInstanceByRunCommand).
var markers = []string{"DISK_DEVICE_OK", "PRIVATE_NET_OK", "PUBLIC_NET_OK"}

// Checked tells which of the markers the results of a verification lack, for
// each instance; no results at all lack all of them. An execution can end as
// Success with nothing checked: a failing check does not fail it.
func (v Verification) Checked() (lacking []string) {
	if len(v.Results) == 0 {
		return markers
	}
	for _, r := range v.Results {
		for _, m := range markers {
			if !strings.Contains(r.Default, m) {
				lacking = append(lacking, m)
			}
		}
	}
	return lacking
}

// longestCheck is when a verification that has not ended is no longer waited
// for: stack, start, reboot, checks and removal take well below it.
const longestCheck = 2 * time.Hour

func verified(o Order, l Look) Step {
	v := l.Verification
	switch {
	case v == nil || v.Status == "Running" || v.Status == "Started" || v.Status == "Queued" || v.Status == "Waiting" || v.Status == "":
		if l.At.Sub(o.Answered) > longestCheck {
			return fail(words.Say("The verification %s has not ended within two hours.", o.Made), "Look at the execution in the OOS console; what it made may cost: stack OOS-"+o.Made+".")
		}
		return wait(words.Say("The verification %s is at work.", o.Made), l.settle()/3)
	case v.Status != "Success":
		s := failWith("smc-verify-failed")
		s.Text = words.Join(s.Text, words.Plain(v.Why))
		return s
	}
	if lacking := v.Checked(); len(lacking) > 0 {
		s := failWith("smc-unchecked")
		s.Text = words.Join(s.Text, words.Say("Not seen: %s.", strings.Join(lacking, ", ")))
		return s
	}
	return done(words.Say("Verified: an instance made of the image started, and disks, private and public network answered."))
}

// LeftBehind is what a verification leaves in the account, as far as its
// template tells: the stack's record always, what could not be removed, and with
// Keep everything.
func LeftBehind(o Order) (left []words.Text) {
	if o.What != Verify || o.Made == "" {
		return nil
	}
	left = append(left, words.Say("The record of the stack OOS-%s stays listed; it costs nothing.", o.Made))
	if o.Ask.Check != nil && o.Ask.Check.Keep {
		return append(left, words.Say("The instance, its security group, switch and VPC stay, tagged oos-generated, and cost until somebody removes them."))
	}
	return append(left, words.Say("Security group, switch and VPC are removed where that works, and nobody is told where not: look for the tag oos-generated."))
}
