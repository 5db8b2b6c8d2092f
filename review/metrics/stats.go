package metrics

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// Request says which cases are compared. The zero value takes all real incidents.
type Request struct {
	Since      time.Time           // opened then or later
	Until      time.Time           // opened before
	Severities []incident.Severity // empty: all
	Playbooks  []string            // empty: all; "none" are those without one
	Drills     bool                // drills, and no real incidents
	Zone       string              // whose nights were counted, for the reader
	Made       time.Time
	Tool       string
}

// NotCounted is an incident that could not be looked at, and why.
type NotCounted struct {
	Incident incident.ID `json:"incident"`
	Why      string      `json:"why"`
}

// Stats are many incidents side by side.
type Stats struct {
	Format     string       `json:"format"`
	Made       time.Time    `json:"made,omitzero"`
	Tool       string       `json:"tool,omitempty"`
	Profile    string       `json:"profile,omitempty"` // for whom names were taken out
	Since      time.Time    `json:"since,omitzero"`
	Until      time.Time    `json:"until,omitzero"`
	Severities []string     `json:"severities,omitempty"`
	Playbooks  []string     `json:"playbooks,omitempty"`
	Drills     bool         `json:"drills"`
	Zone       string       `json:"night_zone"`
	Method     string       `json:"method"`
	Incidents  []Case       `json:"incidents"` // that are counted
	OtherMode  int          `json:"other_mode"`
	Outside    int          `json:"outside"` // not asked for
	NotCounted []NotCounted `json:"not_counted"`
	Groups     []Group      `json:"groups"`
	Metrics    []Metric     `json:"metrics"`
	Tallies    []Tally      `json:"tallies"`
	Factors    []Factor     `json:"factors"`
	Unkeyed    int          `json:"factors_without_key"`
	Loads      []RoleLoad   `json:"loads"`
}

// The ways in which incidents are grouped.
const (
	BySeverity = "severity"
	ByPlaybook = "playbook"
	ByQuarter  = "quarter"
)

// Group is a group of the incidents that are counted.
type Group struct {
	By        string `json:"by"`
	Name      string `json:"name"`
	Incidents int    `json:"incidents"`
}

// Shown is the group's name for people.
func (g Group) Shown() string {
	switch {
	case g.By == ByPlaybook && g.Name == "none":
		return "no playbook"
	case g.By == BySeverity:
		return strings.ToUpper(g.Name)
	}
	return g.Name
}

// Metric is one metric over all cases.
type Metric struct {
	Definition
	Summary
	Dots    []Dot     `json:"dots"` // sorted by value
	Missing []Missing `json:"missing"`
	Groups  []InGroup `json:"groups"`
	Trend   Trend     `json:"trend"`
}

// Dot is one value.
type Dot struct {
	Incident incident.ID `json:"incident"`
	Of       string      `json:"of,omitempty"`
	Value    float64     `json:"value"`
	From     Point       `json:"from"`
	To       Point       `json:"to"`
}

// Missing is a value that there should be, and why it is not there.
type Missing struct {
	Incident incident.ID `json:"incident"`
	Of       string      `json:"of,omitempty"`
	State    Knowledge   `json:"state"`
	Why      string      `json:"why"`
}

// InGroup is a metric in one group.
type InGroup struct {
	By   string `json:"by"`
	Name string `json:"name"`
	Summary
}

func (g InGroup) group() Group { return Group{By: g.By, Name: g.Name} }

// Tally is what was counted, under its words in their order.
type Tally struct {
	TallyDefinition
	N      int         `json:"n"`
	Counts []WordCount `json:"counts"`
}

// WordCount is how many things were counted under a word, and in which incidents.
type WordCount struct {
	Word      string        `json:"word"`
	Means     string        `json:"means,omitempty"`
	N         int           `json:"n"`
	Incidents []incident.ID `json:"incidents,omitempty"`
}

// Factor is a contributing factor that incidents have in common.
type Factor struct {
	Key       string        `json:"key"`
	Category  string        `json:"category"` // of the newest of them
	Incidents []incident.ID `json:"incidents"`
}

// RoleLoad is Load over all cases.
type RoleLoad struct {
	Load
	Incidents      int `json:"incidents"`       // in which the role acted
	NightIncidents int `json:"night_incidents"` // in which it acted at night
}

// Compute puts the cases side by side. The order in which they come is of no
// account. Not are the incidents of which there is no case.
func Compute(cases []Case, not []NotCounted, r Request) Stats {
	s := Stats{
		Format: Format, Made: r.Made.UTC(), Tool: r.Tool, Since: r.Since.UTC(), Until: r.Until.UTC(), Playbooks: r.Playbooks,
		Drills: r.Drills, Zone: cmp.Or(r.Zone, "UTC"), Method: Method, Incidents: []Case{}, NotCounted: []NotCounted{},
		Factors: []Factor{}, Loads: []RoleLoad{}, Groups: []Group{},
	}
	for _, sev := range r.Severities {
		s.Severities = append(s.Severities, strings.ToLower(sev.String()))
	}
	s.NotCounted = append(s.NotCounted, not...)
	slices.SortFunc(s.NotCounted, func(a, b NotCounted) int { return strings.Compare(string(a.Incident), string(b.Incident)) })
	for _, c := range cases {
		switch {
		case c.Drill != r.Drills:
			s.OtherMode++
		case !r.wants(c):
			s.Outside++
		default:
			s.Incidents = append(s.Incidents, c)
		}
	}
	slices.SortFunc(s.Incidents, func(a, b Case) int { return strings.Compare(string(a.ID), string(b.ID)) })
	s.Groups = append(s.Groups, grouped(s.Incidents)...)
	for _, d := range table {
		s.Metrics = append(s.Metrics, measure(d, s.Incidents, s.Groups))
	}
	for _, d := range tallies {
		s.Tallies = append(s.Tallies, tallied(d, s.Incidents))
	}
	s.factors()
	s.loads()
	return s
}

func (r Request) wants(c Case) bool {
	return (r.Since.IsZero() || !c.Opened.Before(r.Since)) && (r.Until.IsZero() || c.Opened.Before(r.Until)) &&
		(len(r.Severities) == 0 || slices.Contains(r.Severities, c.Severity)) &&
		(len(r.Playbooks) == 0 || slices.Contains(r.Playbooks, cmp.Or(c.Playbook, "none")))
}

// in is the name of the case's group.
func (c Case) in(by string) string {
	switch by {
	case BySeverity:
		return strings.ToLower(c.Severity.String())
	case ByPlaybook:
		return cmp.Or(c.Playbook, "none")
	}
	return c.Quarter
}

// grouped finds the groups, each way in the order of their names.
func grouped(cases []Case) []Group {
	var out []Group
	for _, by := range []string{BySeverity, ByPlaybook, ByQuarter} {
		at := map[string]int{}
		var names []string
		for _, c := range cases {
			name := c.in(by)
			if at[name]++; at[name] == 1 {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, n := range names {
			out = append(out, Group{by, n, at[n]})
		}
	}
	return out
}

func measure(d Definition, cases []Case, groups []Group) Metric {
	m := Metric{Definition: d, Dots: []Dot{}, Missing: []Missing{}, Groups: []InGroup{}}
	type pile struct {
		values           []float64
		running, unknown int
	}
	var all pile
	in := map[[2]string]*pile{}
	for _, c := range cases {
		for _, x := range c.measures[d.Key] {
			piles := []*pile{&all}
			for _, by := range []string{BySeverity, ByPlaybook, ByQuarter} {
				key := [2]string{by, c.in(by)}
				if in[key] == nil {
					in[key] = &pile{}
				}
				piles = append(piles, in[key])
			}
			switch x.State {
			case Known:
				m.Dots = append(m.Dots, Dot{c.ID, x.Of, x.Value, x.From, x.To})
				for _, p := range piles {
					p.values = append(p.values, x.Value)
				}
				continue
			case Running:
				for _, p := range piles {
					p.running++
				}
			case Unknown:
				for _, p := range piles {
					p.unknown++
				}
			}
			m.Missing = append(m.Missing, Missing{c.ID, x.Of, x.State, x.Why})
		}
	}
	slices.SortStableFunc(m.Dots, func(a, b Dot) int { return cmp.Compare(a.Value, b.Value) })
	m.Summary = summarize(all.values, all.running, all.unknown)
	for _, g := range groups {
		if p := in[[2]string{g.By, g.Name}]; p != nil {
			m.Groups = append(m.Groups, InGroup{g.By, g.Name, summarize(p.values, p.running, p.unknown)})
		}
	}
	m.Trend = trend(d, cases, m.Dots, m.Running)
	return m
}

func tallied(d TallyDefinition, cases []Case) Tally {
	t := Tally{TallyDefinition: d}
	for _, w := range d.words {
		n := WordCount{Word: w.word, Means: w.means}
		for _, c := range cases {
			found := 0
			for _, x := range c.ticks[d.Key] {
				if x.word == w.word {
					found++
				}
			}
			if n.N += found; found > 0 {
				n.Incidents = append(n.Incidents, c.ID)
			}
		}
		if t.Counts = append(t.Counts, n); w.word != "added" { // what was added is counted once more as what became of it
			t.N += n.N
		}
	}
	return t
}

// factors finds what incidents have in common, the most frequent first.
func (s *Stats) factors() {
	at := map[string]*Factor{}
	for _, c := range s.Incidents {
		for _, f := range c.factors {
			if f.key == "" {
				s.Unkeyed++
				continue
			}
			x := at[f.key]
			if x == nil {
				x = &Factor{Key: f.key}
				at[f.key] = x
			}
			if x.Category = f.category; !slices.Contains(x.Incidents, c.ID) {
				x.Incidents = append(x.Incidents, c.ID)
			}
		}
	}
	for _, x := range at {
		s.Factors = append(s.Factors, *x)
	}
	slices.SortFunc(s.Factors, func(a, b Factor) int {
		return cmp.Or(cmp.Compare(len(b.Incidents), len(a.Incidents)), strings.Compare(a.Key, b.Key))
	})
}

func (s *Stats) loads() {
	at := map[string]*RoleLoad{}
	var order []string
	for _, r := range seniority {
		order = append(order, string(r))
	}
	order = append(order, "none")
	for _, c := range s.Incidents {
		for _, l := range c.loads {
			x := at[l.Role]
			if x == nil {
				x = &RoleLoad{Load: Load{Role: l.Role}}
				at[l.Role] = x
			}
			x.Acts, x.Night, x.Incidents = x.Acts+l.Acts, x.Night+l.Night, x.Incidents+1
			if l.Night > 0 {
				x.NightIncidents++
			}
		}
	}
	for _, r := range order {
		if x := at[r]; x != nil {
			s.Loads = append(s.Loads, *x)
		}
	}
}

// Metric is the one with that key.
func (s Stats) Metric(key string) (Metric, bool) {
	i := slices.IndexFunc(s.Metrics, func(m Metric) bool { return m.Key == key })
	if i < 0 {
		return Metric{}, false
	}
	return s.Metrics[i], true
}

// Keys are the keys of all metrics and tallies.
func Keys() []string {
	var out []string
	for _, d := range table {
		out = append(out, d.Key)
	}
	for _, d := range tallies {
		out = append(out, d.Key)
	}
	return out
}

// caseOf finds a case that is counted.
func (s Stats) caseOf(id incident.ID) Case {
	i, ok := slices.BinarySearchFunc(s.Incidents, id, func(c Case, id incident.ID) int { return strings.Compare(string(c.ID), string(id)) })
	if !ok {
		return Case{ID: id}
	}
	return s.Incidents[i]
}

// Wants says whether an incident is asked for.
func (r Request) Wants(i incident.Incident) bool {
	c := Passed(i)
	return c.Drill == r.Drills && r.wants(c)
}

// Passed is the case of an incident that is not asked for: it is counted as left
// out.
func Passed(i incident.Incident) Case {
	return Case{ID: i.ID, Severity: i.Severity, Playbook: i.Playbook, Quarter: Quarter(i.Opened), Status: i.Status, Drill: i.Drill, Opened: i.Opened}
}

// For takes out what readers of that profile may not see.
func (s Stats) For(p record.Profile) Stats {
	s.Profile = string(p)
	// Titles are written in the heat of an incident, and name people and hosts: those
	// who run the house get the numbers, and ids to ask about.
	if p != record.FullProfile && p != record.LegalProfile && p != record.TechnicalProfile {
		s.Incidents = slices.Clone(s.Incidents)
		for i := range s.Incidents {
			s.Incidents[i].Title = ""
		}
		s.NotCounted = slices.Clone(s.NotCounted)
		for i := range s.NotCounted {
			s.NotCounted[i].Why = "it cannot be read" // the reason names folders
		}
	}
	return s
}
