package triage

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"firebreak/timeline"
)

// Limits of what is told.
const (
	MaxEvents   = 100 // ids of events behind one finding
	MaxFindings = 500
)

// Finding is one thing to look at: a file, a process, an account, an address.
// ID is made of host and thing, so it stays the same when the timeline is built
// again. Events are the first of those behind it, Count is how many there are,
// and Filter finds them.
type Finding struct {
	ID            string        `json:"id"`
	Severity      Severity      `json:"severity"`
	Title         string        `json:"title"`
	Rule          string        `json:"rule"`
	Technique     string        `json:"technique,omitempty"`
	Host          string        `json:"host,omitempty"`
	About         string        `json:"about"`
	First         time.Time     `json:"first,omitzero"`
	Last          time.Time     `json:"last,omitzero"`
	Reason        string        `json:"reason"`
	Count         int64         `json:"count"`
	Events        []timeline.ID `json:"events"`
	Exhibits      []string      `json:"exhibits"` // that they come from
	Filter        string        `json:"filter"`
	FalsePositive string        `json:"false_positive"`
	Next          []string      `json:"next"`
	Also          []Also        `json:"also,omitempty"`

	more    int      // things that this one stands for besides
	partial bool     // not all ids are in Events
	wide    []string // filters of the rules, where ids are not enough
}

// Also is what another rule says of the same thing.
type Also struct {
	Rule      string   `json:"rule"`
	Severity  Severity `json:"severity"`
	Title     string   `json:"title"`
	Technique string   `json:"technique,omitempty"`
	Reason    string   `json:"reason"`
}

// Rules are all rules that speak of the finding, sorted.
func (f *Finding) Rules() []string {
	all := []string{f.Rule}
	for _, a := range f.Also {
		all = append(all, a.Rule)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// thing names what a group is about, and is its key among findings.
func (r *Rule) thing(g *group) (about, key string) {
	if r.Gap != nil {
		about = r.Gap.Of.what() + " " + g.key[0] + " from " + clock(g.first.Time)
		return about, "rule " + r.ID + " " + about
	}
	if len(r.By) == 0 {
		return cmp.Or(g.host, "the evidence"), "rule " + r.ID
	}
	var words []string
	for i, f := range r.By {
		v := g.key[i]
		switch {
		case v == "":
			continue
		case strings.HasPrefix(v, "/") && len(r.By) == 1:
			words = append(words, v) // the same file, whatever the field is called
		default:
			words = append(words, f.what()+" "+v)
		}
	}
	about = strings.Join(words, ", ")
	return shorten(about), about
}

// idOf is the finding's id.
func idOf(host, key string) string {
	sum := sha256.Sum256([]byte(host + "\x00" + key))
	return "f" + hex.EncodeToString(sum[:5])
}

// finding tells a group.
func (r *Rule) finding(g *group) Finding {
	about, key := r.thing(g)
	f := Finding{
		ID: idOf(g.host, key), Severity: r.Severity, Title: r.Title, Rule: r.ID, Technique: r.Technique, Host: g.host, About: about,
		First: g.first.Time, Last: g.last.Time, Count: g.n, FalsePositive: r.FalsePositive, Next: r.Next,
		Reason: r.Reason.fill(g.say), Events: slices.Clone(g.ids), Exhibits: slices.Clone(g.exhibits), partial: g.n > int64(len(g.ids)),
	}
	if f.Last.IsZero() {
		f.Last = f.First
	}
	for _, id := range g.others {
		if !slices.Contains(f.Events, id) {
			f.Count++
			if len(f.Events) < MaxEvents {
				f.Events = append(f.Events, id)
			} else {
				f.partial = true
			}
		}
	}
	if f.partial {
		f.wide = append(f.wide, r.filterOf(g))
	}
	return f
}

// filterOf is the filter that finds the events of a group as well as one can say.
func (r *Rule) filterOf(g *group) string {
	words := []string{"(" + r.filter.String() + ")"}
	if g.host != "" {
		words = append(words, "host:"+quoted(g.host))
	}
	for i, f := range r.By { // a part of a value is none to ask for
		if f.part == "" && g.key[i] != "" && f.name != fieldMessage && f.name != fieldTime && f.name != fieldNano {
			words = append(words, f.name+":"+quoted(g.key[i]))
		}
	}
	if !g.first.Time.IsZero() && !g.last.Time.IsZero() {
		words = append(words, timeline.Between(g.first.Time, g.last.Time.Add(time.Nanosecond)).String())
	}
	return strings.Join(words, " ")
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// settle makes the filter, once it is known which events there are.
func (f *Finding) settle() {
	ids := make([]string, len(f.Events))
	for i, id := range f.Events {
		ids[i] = id.String()
	}
	f.Filter = "id:" + strings.Join(ids, ",")
	if !f.partial {
		return
	}
	text := strings.Join(f.wide, " or ")
	if parsed, err := timeline.ParseFilterAt(text, timeline.Moments{}); err == nil && len(parsed.String()) <= timeline.MaxFilter {
		f.Filter = parsed.String()
	}
}

// absorb adds what another rule says of the same thing.
func (f *Finding) absorb(g Finding) {
	f.Also = append(f.Also, Also{g.Rule, g.Severity, g.Title, g.Technique, g.Reason})
	if !g.First.IsZero() && (f.First.IsZero() || g.First.Before(f.First)) {
		f.First = g.First
	}
	if g.Last.After(f.Last) {
		f.Last = g.Last
	}
	f.partial = f.partial || g.partial
	if len(g.wide) > 0 && len(f.wide) < 8 {
		f.wide = append(f.wide, g.wide...)
	}
	for _, x := range g.Exhibits {
		if !slices.Contains(f.Exhibits, x) {
			f.Exhibits = append(f.Exhibits, x)
		}
	}
	added := int64(0)
	for _, id := range g.Events {
		if slices.Contains(f.Events, id) {
			continue
		}
		added++
		if len(f.Events) < MaxEvents {
			f.Events = append(f.Events, id)
		} else {
			f.partial = true
		}
	}
	if rest := g.Count - int64(len(g.Events)); rest > 0 {
		added += rest
	}
	f.Count += added
	for _, n := range g.Next {
		if !slices.Contains(f.Next, n) {
			f.Next = append(slices.Clone(f.Next), n)
		}
	}
}

// gather puts together what several rules say of one thing, and orders all of
// it: the most severe first, then by time.
func gather(all []Finding) []Finding {
	worse := func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), early(a.First, b.First), cmp.Compare(a.Host, b.Host), cmp.Compare(a.About, b.About), cmp.Compare(a.Rule, b.Rule))
	}
	slices.SortStableFunc(all, worse)
	at := map[string]int{}
	var out []Finding
	for _, f := range all {
		if i, ok := at[f.ID]; ok {
			out[i].absorb(f)
			continue
		}
		at[f.ID] = len(out)
		out = append(out, f)
	}
	slices.SortStableFunc(out, worse)
	for i := range out {
		slices.SortFunc(out[i].Exhibits, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
		out[i].settle()
	}
	return out
}

// early compares times, none last.
func early(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// late compares times, the latest first and none last.
func late(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		return early(a, b)
	}
	return b.Compare(a)
}
