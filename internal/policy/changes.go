package policy

import (
	"fmt"
	"strings"
)

// Change is one field that differs.
type Change struct {
	Field         string // as the Field… words
	Name          string // for people, such as "Kept"
	Before, After string
}

// Words is the change in a sentence's part.
func (c Change) Words() string {
	return fmt.Sprintf("%s: %s → %s", c.Name, c.Before, c.After)
}

// ChangesWords joins changes for a summary.
func ChangesWords(changes []Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Words())
	}
	return strings.Join(out, "; ")
}

// Changes collects what differs.
type Changes []Change

func (c *Changes) Add(field, name, before, after string) {
	if before != after {
		*c = append(*c, Change{field, name, before, after})
	}
}

func OnOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// FieldDatabases is the field of the databases that a policy or an order names.
const FieldDatabases = "databases"
