package audience

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"firebreak/internal/term"
	"firebreak/record"
)

// Report says what a mask found: for a person to look at before something leaves.
// It holds the names themselves, so it goes to nobody else.
type Report struct {
	Profile  record.Profile `json:"profile"`
	Replaced []Finding      `json:"replaced"` // what stands in the place of what, by kind
	Kept     []Finding      `json:"kept"`     // what was found and is shown all the same, with why
	Common   []string       `json:"common"`   // names that are also ordinary words: they were not searched for
	More     int            `json:"more,omitempty"`
	// Look are words that look like names of people or machines in what people typed,
	// and that nobody gave the incident: they stay, and somebody looks at each.
	Look     []Finding `json:"look,omitempty"`
	MoreLook bool      `json:"more_look,omitempty"` // and there are others
	// Names are those of Options.Names that made a difference: who makes the same
	// again later gives them.
	Names []Name `json:"-"`
}

// Finding is one name or number, however often it was met.
type Finding struct {
	Kind  Kind     `json:"kind"`
	Value string   `json:"value"`
	As    string   `json:"as,omitempty"`  // what stands there
	Why   string   `json:"why,omitempty"` // why it stays
	Count int      `json:"count"`
	Seen  []Sample `json:"samples"`
}

// Place is where a text stands: the entry, and the field of it.
type Place struct {
	Seq   int64  `json:"seq,omitempty"`
	Field string `json:"field"`
}

// Sample is one place with the words around it.
type Sample struct {
	Place
	Text string `json:"text"`
}

const (
	mostFindings = 2000 // different ones that are listed
	mostSamples  = 3    // places of each
	mostValue    = 200  // bytes of a value that are shown
)

// reporter gathers a report.
type reporter struct {
	profile record.Profile
	all     map[string]*Finding
	more    int

	look        map[string]*Finding
	moreStrange bool
}

func (r *reporter) start(p record.Profile) {
	r.profile, r.all, r.look = p, map[string]*Finding{}, map[string]*Finding{}
}

func (r *reporter) note(x found, put, why string, at Place, text string) {
	value := x.value
	if x.kind == Time { // each would be a line
		value = "times"
		put = "the hour"
	}
	if len(value) > mostValue {
		value = strings.ToValidUTF8(value[:mostValue], "") + "…"
	}
	id := string(x.kind) + "\x00" + put + "\x00" + why + "\x00" + Normal(x.kind, value)
	f := r.all[id]
	if f == nil {
		if len(r.all) >= mostFindings {
			r.more++
			return
		}
		f = &Finding{Kind: x.kind, Value: value, As: put, Why: why, Seen: []Sample{}}
		r.all[id] = f
	}
	f.Count++
	if len(f.Seen) < mostSamples {
		s := Sample{Place: at}
		if x.kind != Secret && x.to <= len(text) {
			s.Text = clip(text, x.from, x.to)
		}
		f.Seen = append(f.Seen, s)
	}
}

// Report is what was found so far.
func (m *Mask) Report() Report {
	out := Report{Profile: m.report.profile, Replaced: []Finding{}, Kept: []Finding{}, Common: []string{}, More: m.report.more}
	for _, f := range m.report.all {
		if f.Why == "" {
			out.Replaced = append(out.Replaced, *f)
		} else {
			out.Kept = append(out.Kept, *f)
		}
	}
	order := func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value), cmp.Compare(a.As, b.As), cmp.Compare(a.Why, b.Why))
	}
	slices.SortFunc(out.Replaced, order)
	slices.SortFunc(out.Kept, order)
	for _, f := range m.report.look {
		out.Look = append(out.Look, *f)
	}
	slices.SortFunc(out.Look, order)
	out.MoreLook = m.report.moreStrange
	for name := range m.known.common {
		if !isCommon(name) || len(m.known.common) < 50 {
			out.Common = append(out.Common, name)
		}
	}
	slices.Sort(out.Common)
	return out
}

// Put are what stands in the place of something, each once.
func (r Report) Put() []string {
	var out []string
	for _, f := range r.Replaced {
		if f.Kind != Time && f.Kind != Count {
			out = append(out, f.As)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Text is the report for a terminal: safe to show as it is.
func (r Report) Text() string {
	var b strings.Builder
	profile := cmp.Or(string(r.Profile), "full")
	if len(r.Replaced) == 0 {
		fmt.Fprintf(&b, "profile %s: nothing was replaced\n", profile)
	} else {
		fmt.Fprintf(&b, "profile %s: replaced\n", profile)
		r.list(&b, r.Replaced)
	}
	if len(r.Kept) > 0 {
		b.WriteString("found, and shown as it is\n")
		r.list(&b, r.Kept)
	}
	if len(r.Common) > 0 {
		fmt.Fprintf(&b, "names that are ordinary words, and were not searched for: %s\n", term.Safe(strings.Join(r.Common, ", ")))
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	b.WriteString(r.LookText())
	b.WriteString("A name in a sentence that nobody ever gave the incident is not known to it: read what leaves.\n")
	return b.String()
}

// LookText lists the words that somebody should look at, "" where there are none.
func (r Report) LookText() string {
	if len(r.Look) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("words that look like names, and that nobody gave the incident: they stay as they are. Name those that are: firebreak subject INCIDENT KIND VALUE\n")
	for _, f := range r.Look {
		fmt.Fprintf(&b, "  %-8s %s, %s, as in #%d: %s\n", f.Kind, term.Safe(f.Value), times(f.Count), f.Seen[0].Seq, term.Safe(f.Seen[0].Text))
	}
	if r.MoreLook {
		b.WriteString("  and others\n")
	}
	return b.String()
}

func (r Report) list(b *strings.Builder, all []Finding) {
	for _, f := range all {
		fmt.Fprintf(b, "  %-8s %s", f.Kind, term.Safe(f.Value))
		if f.Why == "" {
			fmt.Fprintf(b, " → %s", term.Safe(f.As))
		} else {
			fmt.Fprintf(b, ": %s", f.Why)
		}
		fmt.Fprintf(b, ", %s", times(f.Count))
		for i, s := range f.Seen {
			if i == 0 {
				b.WriteString(", in ")
			} else {
				b.WriteString(", ")
			}
			if s.Seq > 0 {
				fmt.Fprintf(b, "#%d ", s.Seq)
			}
			b.WriteString(term.Safe(s.Field))
		}
		if f.Count > len(f.Seen) {
			b.WriteString(", …")
		}
		b.WriteByte('\n')
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
