package kit

// CloudHead is what stands above every page of an instance of a cloud.
type CloudHead struct {
	Name    string
	Crumbs  []Link
	Under   string
	Badge   Badge
	Actions []Action
	Tabs    []Tab
	Seen    When   // when the service was last asked; zero = not said
	Age     string // 12 s ago
	Look    *Action
	Trouble *Help // it could not be asked
}
