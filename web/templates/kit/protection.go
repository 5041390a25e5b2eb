package kit

// ProtectionRow is one database with the answer whether it is protected.
type ProtectionRow struct {
	Name    Link
	Where   string
	Badge   Badge
	Full    Backed
	Diff    Backed
	Log     Backed
	RPO     string
	RPOTone Tone
	Against string // objective
	Why     string
	Action  *Action
}

// Backed is when a kind of backup was last taken.
type Backed struct {
	When When
	Ago  string // 2 h ago, never
	Tone Tone
}
