package templates

// Waves is the list of groups of databases that move together.
type Waves struct {
	Tabs  []Tab
	Rows  []WaveRow
	Pager Pager
	Empty Empty // shown when there are no rows
}

// WaveRow is one line of the list.
type WaveRow struct {
	Name      Link
	Databases string
	Badge     Badge
	Progress  *Progress
	Next      string
	Begun     When
}

// Fragments of the list.
func (v Waves) Fragments() []Fragment {
	return []Fragment{{"waves-list", waveRows(v)}}
}

// PickWave is step 1 of a wave: which databases of a server, where they go.
type PickWave struct {
	From      []Tab
	Servers   []Tab
	Form      *Form // nil when the server cannot be asked
	Databases []WaveChoice
	Trouble   *Help
	Empty     *Empty // something is missing before this can begin
}

// WaveChoice is one database that can be ticked.
type WaveChoice struct {
	Name     string
	Size     Size
	Recovery string
	State    Badge
	On       bool
	Off      bool // cannot be ticked

	Place, PlaceField string // in the order of beginning; empty place = after those with one
}

// WaveChecks is step 2: what was found for each database, and the start.
type WaveChecks struct {
	Crumbs  []Link
	Path    string
	Verdict Help
	Whole   []Check  // of all that can start, together
	Bounds  []Pair   // what is asked for at once
	Begin   []string // databases in the order in which they begin
	Blocks  []WaveBlock
	Order   []string
	Form    *Form // the start of those that may; nil while none may
	Back    Action
}

// WaveBlock is what was found for one database. Checks that passed are only
// counted.
type WaveBlock struct {
	Name   string
	Badge  Badge
	Words  string
	Checks []Check
}

// Wave is a group of databases on their way.
type Wave struct {
	Name    string
	Crumbs  []Link
	Path    string
	Badge   Badge
	Actions []Action
	Facts   []Fact
	Needs   []Help
	Members []WaveMember
	Pager   Pager
	Checks  []Check // of the whole wave, as it began
	Bounds  []Pair
	Empty   Empty
}

// WaveMember is one database of a wave.
type WaveMember struct {
	Name     Link
	Badge    Badge
	Place    string // in the order of beginning
	Writable Badge  // source, target or neither
	Behind   string // 4 min
	Log      string // 2.0 MB of log
	Progress *Progress
	Next     string // what happens or is needed next
	Stop     string // how long its writes were stopped; empty = they were not

	WritableWhy string
}

// Fragments of the page, in page order.
func (v Wave) Fragments() []Fragment {
	return []Fragment{
		{"wave-head", waveHead(v)},
		{"wave-facts", Facts(v.Facts)},
		{"wave-needs", waveNeeds(v)},
		{"wave-members", waveMembers(v)},
	}
}

// WaveDecision asks once more before something is done to many databases;
// after an order that was refused it says beside each what became of it.
type WaveDecision struct {
	Title  string
	Crumbs []Link
	Intro  string
	Points []string
	Facts  []Fact
	Notes  []Help
	Rows   []WaveVerdict
	Timed  bool  // how long writes would stop is told of each
	Form   *Form // nil = it cannot be ordered now
}

// WaveVerdict is what would become of one database.
type WaveVerdict struct {
	Name     Link
	Badge    Badge
	Writable Badge
	Stop     string // ≈ 40 s
	Parts    string // tail 4 s, upload 9 s, …
	Tail     string // 2.0 MB
	Why      string // what it waits for, why the stop cannot be told, or what becomes of it

	WritableWhy string
}

// WaveOrder is the order in which the databases of a wave begin.
type WaveOrder struct {
	Title   string
	Crumbs  []Link
	Rows    []WavePlace
	Waiting int   // that can be moved
	Form    *Form // nil when none can be moved any more
}

// WavePlace is the place of one database; Fixed once it has begun.
type WavePlace struct {
	Name  Link
	Badge Badge
	Place string
	Field string
	Fixed bool
}

// WaveReport is the account of a wave, to be printed or saved.
type WaveReport struct {
	Name    string
	Crumbs  []Link
	Under   string
	Facts   []Fact
	Members []WaveAccount
	Checks  []Check // of the whole wave, as it began
	Bounds  []Pair
	ByHand  []Tick
}

// WaveAccount is the account of one database of a wave.
type WaveAccount struct {
	Name  string
	Badge Badge
	Pairs []Pair
	Hand  []string // what remains by hand, a box each
}
