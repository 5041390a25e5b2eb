// Package servers is the components of pages about server migrations.
package servers

import "github.com/bakplane/bakplane/web/templates/kit"

// List is the page of source servers and their jobs.
type List struct {
	Facts    []kit.Fact
	Actions  []kit.Action
	Accounts []Account
	Choose   *kit.Form // of an account to look at; nil = none is left
	Needs    []kit.Help
	Servers  []ServerRow
	Jobs     []JobRow
	Tabs     []kit.Tab
	Pager    kit.Pager
	// ServerPager leads through the source servers.
	ServerPager kit.Pager
	Waves       []kit.Link
	NewWave     *kit.Form
	Empty       kit.Empty
	NoJobs      kit.Empty
}

// Account is a cloud account whose servers are looked at.
type Account struct {
	Name    string
	Age     string // when it was last looked at
	Trouble *kit.Help
	Actions []kit.Action
}

// ServerRow is a source server.
type ServerRow struct {
	Name    kit.Link
	Under   string // address, system
	Badge   kit.Badge
	Size    string
	Agent   string
	Lives   kit.Link // the instance on it
	Job     kit.Link
	JobPill kit.Badge
}

// JobRow is a migration job.
type JobRow struct {
	Name     kit.Link
	Source   kit.Link
	Badge    kit.Badge
	Progress *kit.Progress
	Note     string
	Next     kit.When
	Images   string
	Cost     string
	Valid    kit.Badge
}

// Server is the page of a source server.
type Server struct {
	Name    string
	Under   string
	Crumbs  []kit.Link
	Badge   kit.Badge
	Actions []kit.Action
	Helps   []kit.Help
	Pairs   []kit.Pair
	Disks   []Disk
	Jobs    []JobRow
	Lives   Lives
	Rename  kit.Form
	Remove  kit.Form
	Orders  []Order
	NoJobs  kit.Empty
}

// Disk is a disk of a source server.
type Disk struct {
	Name  string
	Size  string
	Used  *kit.Progress
	Parts string
}

// Lives is which instance lives on a server, and how its databases are.
type Lives struct {
	Intro   string
	Link    kit.Link
	Rows    []kit.ProtectionRow
	Actions []kit.Action
	Choose  kit.Form
	Moved   *kit.Form
	Look    []Compared
	Words   string
	Counted string
}

// Compared is a database at the source and at the server it has become.
type Compared struct {
	Name         string
	Before, Then string
	Badge        kit.Badge
}

// Order is an order about a job or server.
type Order struct {
	Title  kit.Link
	Badge  kit.Badge
	By     string
	When   kit.When
	Text   string
	Action *kit.Action
}

// Job is the page of a migration job.
type Job struct {
	Name     string
	Under    string
	Crumbs   []kit.Link
	Badge    kit.Badge
	Actions  []kit.Action
	Age      string
	Helps    []kit.Help
	Facts    []kit.Fact
	Progress *kit.Progress
	Phase    string
	How      string
	Picture  *kit.Cycles
	Costs    []Cost
	NoCosts  string
	Offers   []Offer
	Before   Checklist
	After    *Checklist
	Images   []Image
	Pairs    []kit.Pair
	Orders   []Order
	Happened []kit.Event
}

// Cost is something that costs money now.
type Cost struct {
	What, ID, Until string
	Since           kit.When
}

// Offer is an order that can be given, or why it cannot.
type Offer struct {
	Action kit.Action
	Why    string
}

// Checklist is lines that a person ticks.
type Checklist struct {
	Title, Intro string
	Action       string // address
	Items        []CheckItem
}

// CheckItem is one line.
type CheckItem struct {
	Key, Text string
	By        string // who ticked it and when; empty = nobody
}

// Image is what a run made.
type Image struct {
	ID      string
	Made    kit.When
	Took    string
	How     string
	Note    string
	Actions []kit.Action
}

// Draft is the form of a job to be made, with what is said about it.
type Draft struct {
	Title   string
	Crumbs  []kit.Link
	Recheck string
	Form    kit.Form
	Helps   []kit.Help
	Picture *kit.Cycles
	Words   string
	Costs   []string
	Calls   []kit.Call
}

// Tokens is the page of activation codes.
type Tokens struct {
	Crumbs []kit.Link
	Secret *Secret
	Rows   []TokenRow
	Form   kit.Form
	Help   *kit.Help
	Empty  kit.Empty
}

// Secret is a code shown this once, with what to run.
type Secret struct{ ID, Code string }

// TokenRow is an activation code without the code.
type TokenRow struct {
	Name, ID, Status, Used string
	Made, Ends             kit.When
	Tone                   kit.Tone
	Actions                []kit.Action
}

// Wave is servers that move together.
type Wave struct {
	Name    string
	Crumbs  []kit.Link
	Facts   []kit.Fact
	Actions []kit.Action
	Rows    []JobRow
	Pager   kit.Pager
	Report  string
}
