package intake

import "slices"

// format is one row of the table of formats.
type format struct {
	name     string
	tool     string // what findings call the tool where it does not say its name
	about    string // what is read, and what is one result
	key      string // what makes two findings the same one
	snapshot bool   // a report lists all that there is
	fits     func(n *node, listed bool) bool
	read     func(c *reading, n *node, at string) error
}

// mappedName is the format that a mapping file reads.
const mappedName = "mapped"

// formats is the table. Detection asks from the top, so the narrower format
// stands above the wider one.
func formats() []format {
	return slices.Concat(alertFormats(), reportFormats(), packageFormats())
}

// Format tells people of one format; docs/intake.md is made of it.
type Format struct {
	Name     string `json:"format"`
	About    string `json:"about"`
	Key      string `json:"key"`
	Snapshot bool   `json:"snapshot"`
}

// Formats lists the formats in the order in which detection asks them.
func Formats() []Format {
	var out []Format
	for _, f := range formats() {
		out = append(out, Format{f.name, f.about, f.key, f.snapshot})
	}
	return append(out, Format{mappedName, "any JSON, by a mapping file", "`key` of the mapping", false})
}

// Names lists the names of the formats, sorted.
func Names() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}
