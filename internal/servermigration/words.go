package servermigration

import "github.com/bakplane/bakplane/internal/words"

// StatusWords is where the job stands, in the console's words.
func (j Job) StatusWords() words.Text {
	switch j.Status {
	case Ready:
		return words.Say("ready")
	case Running:
		return j.PhaseWords()
	case Stopped:
		return words.Say("paused")
	case InError:
		return words.Say("failed")
	case Waiting:
		return words.Say("waiting")
	case Finished:
		return words.Say("completed")
	case Expired:
		return words.Say("expired")
	case Deleting:
		return words.Say("being deleted")
	case Gone:
		return words.Say("gone from the service")
	case "":
		return words.Say("unknown")
	}
	return words.Say("in a state that is not known here, %s", string(j.Status))
}

// PhaseWords is what a running job does.
func (j Job) PhaseWords() words.Text {
	switch j.Phase {
	case Preparing:
		return words.Say("preparing")
	case Syncing:
		return words.Say("copying data")
	case Processing:
		return words.Say("building the target")
	case Cleaning:
		return words.Say("cleaning up")
	case "":
		return words.Say("running")
	}
	return words.Say("running (%s)", string(j.Phase))
}

// PhaseNote says what the phase depends on.
func (j Job) PhaseNote() words.Text {
	if j.Status != Running {
		return words.Text{}
	}
	switch j.Phase {
	case Preparing:
		return words.Say("The intermediate instance and its disks are made.")
	case Syncing:
		return words.Say("Data is compared first, which takes as long as the disks need to be read and shows no progress; then what changed is sent, which takes as long as the line needs.")
	case Processing:
		return words.Say("The image is made of snapshots, at about 30 MB/s.")
	case Cleaning:
		return words.Say("The intermediate instance is released.")
	}
	return words.Text{}
}

// Words is a target in words.
func (t Target) Words() words.Text {
	switch t {
	case ToImage:
		return words.Say("ECS image")
	case ToContainer:
		return words.Say("container image")
	case ToInstance:
		return words.Say("ECS instance")
	}
	return words.Plain(string(t))
}

// Words is a network in words.
func (n Network) Words() words.Text {
	switch n {
	case Internet:
		return words.Say("internet")
	case Private:
		return words.Say("VPC")
	}
	return words.Say("network %s", words.Number(n))
}

// Words is a state of a source server in words.
func (s Server) Words() words.Text {
	switch s.State {
	case ServerAvailable:
		return words.Say("online")
	case ServerInUse:
		return words.Say("online, a job is at work")
	case ServerUnavailable:
		return words.Say("offline")
	case ServerDeleting:
		return words.Say("being removed")
	}
	return words.Say("in a state that is not known here, %s", string(s.State))
}
