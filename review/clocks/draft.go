package clocks

import (
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// Draft is a notification before a person has worked on it: what the regime wants
// to be told, answered from the record as far as that goes. What the record does not
// say is marked. Nothing sends it.
type Draft struct {
	Incident incident.ID    `json:"incident"`
	Clock    string         `json:"clock"`
	Drill    bool           `json:"drill,omitempty"`
	Regime   string         `json:"regime"`
	Duty     string         `json:"duty"`
	To       string         `json:"to"`
	Profile  record.Profile `json:"profile"` // what its readers may see
	Made     time.Time      `json:"made"`
	Head     string         `json:"head,omitempty"` // the seal of the record that it was made of
	State    State          `json:"state"`
	Due      time.Time      `json:"due,omitzero"`
	Items    []DraftItem    `json:"items"`
	Missing  []string       `json:"missing"` // what a person has to find out
	Text     string         `json:"text"`
	Masked   []string       `json:"masked,omitempty"` // what stands in the place of something that they may not see
}

// DraftItem is one thing that is asked for, and the answers.
type DraftItem struct {
	Ask     string   `json:"ask"`
	Says    []string `json:"says,omitempty"`
	Missing []string `json:"missing,omitempty"`
}

// NewDraft writes the draft for a deadline out of a review, and of facts, that were
// made for the profile of its readers: what they may not see is in neither.
func NewDraft(l Line, f Facts, r review.Review) Draft {
	d := Draft{
		Incident: r.Incident.ID, Drill: r.Incident.Drill, Clock: l.Clock, Regime: l.Regime, Duty: l.Duty, To: l.To, Profile: l.rule.Profile(), Made: r.Made,
		Head: r.Integrity.Seal, State: l.State, Due: l.Due, Missing: []string{}, Items: []DraftItem{},
	}
	src := source{l, f, r}
	asks := l.rule.Content
	if len(asks) == 0 {
		asks = []Ask{{"what happened", []string{"what", "when"}}, {"what is done about it", []string{"measures"}}, {"contact point", []string{"contact"}}}
	}
	for _, a := range asks {
		if item, wanted := src.answer(a); wanted {
			for i, s := range item.Says {
				item.Says[i] = review.Harmless(s)
			}
			d.Items = append(d.Items, item)
			d.Missing = append(d.Missing, item.Missing...)
		}
	}
	d.Text = d.write(l)
	return d
}

// write is the draft as text.
func (d Draft) write(l Line) string {
	var w strings.Builder
	if d.Drill {
		w.WriteString("DRILL: nothing of this has happened.\n")
	}
	fmt.Fprintf(&w, "DRAFT, not sent. A person completes it, decides on it and sends it. This is advice, not legal advice.\n\n")
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&w, "%-13s %s\n", name+":", text)
		}
	}
	row("Notification", d.Duty)
	row("To", d.To)
	law := d.Regime
	if l.Citation != "" {
		law += ", " + l.Citation
	}
	row("By", law)
	if l.State == NotApplicable {
		row("But", "somebody said that it does not apply here: "+review.Harmless(l.Why))
	}
	row("Incident", string(d.Incident))
	if !l.Started.IsZero() {
		row("Counted from", fmt.Sprintf("%s at %s", l.Start, utc(l.Started)))
	}
	switch {
	case d.Due.IsZero():
		row("Limit", l.Limit)
	default:
		local := ""
		if l.DueLocal != "" {
			local = " (" + l.DueLocal + ")"
		}
		row("Limit", fmt.Sprintf("%s, which is %s%s", l.Limit, utc(d.Due), local))
		if l.days != "" {
			row("Days", l.days)
		}
	}
	row("Made", fmt.Sprintf("%s for readers of profile %s", utc(d.Made), d.Profile))
	row("Record", d.Head)
	if l.rule.Phased {
		w.WriteString("\nIt may be given in parts: what is missing can follow.\n")
	}
	for i, item := range d.Items {
		fmt.Fprintf(&w, "\n%d. %s\n", i+1, item.Ask)
		for _, s := range item.Says {
			fmt.Fprintf(&w, "   - %s\n", strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n     "))
		}
		for _, m := range item.Missing {
			fmt.Fprintf(&w, "   [MISSING: %s]\n", m)
		}
	}
	return w.String()
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// source is what answers are taken from.
type source struct {
	l Line
	f Facts
	r review.Review
}

// answer gathers what the record says to one thing that is asked; wanted is false
// for what is asked for in another case only.
func (s source) answer(a Ask) (item DraftItem, wanted bool) {
	item.Ask = a.Text
	for _, key := range a.From {
		if key == "late" && s.l.State != Late && s.l.State != MetLate {
			return item, false
		}
		says := s.of(key)
		item.Says = append(item.Says, says...)
		if word, must := numbers[key]; must && len(says) == 0 {
			item.Missing = append(item.Missing, word)
		}
	}
	if len(item.Says) == 0 {
		item.Missing = []string{a.Text}
	}
	return item, true
}

// numbers are answers that are missing even where another one is there.
var numbers = map[string]string{
	"people": "how many people, and of which kinds", "records": "how many records, and of which kinds", "money": "how much money",
}

// answers are the keys of what the record can say; unanswered are those that only
// a person can.
func answers() []string {
	return append([]string{
		"what", "when", "severity", "impact", "people", "records", "systems", "places", "consequences", "downtime", "money", "measures", "open",
		"contact", "cause", "techniques", "indicators", "detection", "classified", "decisions", "paid", "notices", "recovery", "reference", "evidence", "late",
	}, unanswered...)
}

var unanswered = []string{"malicious", "continuity", "unknown", "advice", "sanctions", "negotiation", "recoveries", "resolution"}

func (s source) of(key string) []string {
	r := s.r
	switch key {
	case "what":
		return s.what()
	case "when":
		return s.when()
	case "severity":
		return present(r.Incident.Severity.String())
	case "impact":
		return append(s.impact(), present(r.Incident.Impact)...)
	case "people", "records", "downtime", "money":
		return s.impact(key)
	case "systems":
		return s.impact("systems", "service")
	case "consequences":
		return append(s.impact("other"), present(r.Incident.Impact)...)
	case "places":
		return s.places()
	case "measures":
		return s.measures()
	case "open":
		return s.open()
	case "contact":
		return s.contact()
	case "cause":
		return s.cause()
	case "techniques":
		return s.techniques()
	case "indicators":
		return s.indicators()
	case "detection":
		return s.detection()
	case "classified":
		return append(s.begun(Classified), s.begun(Determined)...)
	case "paid":
		return s.begun(Paid)
	case "decisions":
		return s.decisions()
	case "notices":
		return s.notices()
	case "recovery":
		return s.moments("contained", "eradicated", "recovered")
	case "reference":
		return present(string(r.Incident.ID))
	case "evidence":
		return s.evidence()
	}
	return nil // only a person can say it
}

// present is the texts that say something.
func present(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" && !strings.Contains(t, record.WithheldMark) && !strings.Contains(t, record.ErasedMark) {
			out = append(out, t)
		}
	}
	return out
}

func (s source) what() []string {
	out := present(s.r.Incident.Title, s.r.Incident.Summary)
	for _, p := range s.r.Parts {
		if p.Key == "summary" {
			out = append(out, present(p.Text)...)
		}
	}
	return out
}

func (s source) when() []string {
	out := s.moments("occurred", "detected")
	i := s.r.Incident
	if len(out) == 0 && !i.Detected.IsZero() {
		out = append(out, "the first sign was seen at "+utc(i.Detected))
	}
	if !s.l.Started.IsZero() && s.l.StartSeq > 0 {
		out = append(out, fmt.Sprintf("%s: %s", utc(s.l.Started), s.l.Start.Means()))
	}
	return append(out, "the incident was opened at "+utc(i.Opened))
}

func (s source) moments(keys ...string) []string {
	var out []string
	for _, key := range keys {
		for _, m := range s.r.Moments {
			if m.Key != key || !m.Known {
				continue
			}
			says := key + " at " + utc(m.At)
			if m.Stated && m.Reason != "" {
				says += ": " + m.Reason
			}
			out = append(out, present(says)...)
		}
	}
	return out
}

func (s source) impact(measures ...string) []string {
	var out []string
	for _, m := range s.r.Impact {
		if len(measures) > 0 && !contains(measures, m.Measure) {
			continue
		}
		says := m.Measure
		for _, of := range []string{m.Class, m.Place} {
			if of != "" {
				says += ", " + of
			}
		}
		says += ": " + m.Shown
		if m.Text != "" && m.Text != m.Shown {
			says += ", " + m.Text
		}
		out = append(out, present(says+" ("+m.Certainty+")")...)
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (s source) places() []string {
	var out []string
	for _, m := range s.r.Impact {
		if m.Place != "" && !contains(out, m.Place) {
			out = append(out, present(m.Place)...)
		}
	}
	return out
}

// measures are the actions that took effect, by what readers may know of them.
func (s source) measures() []string {
	var out []string
	for _, a := range s.r.Actions {
		if a.State != "verified" && a.State != "sent" || a.Reverts != "" {
			continue
		}
		says := present(a.Title)
		if len(says) == 0 {
			says = present(a.Name)
		}
		if len(says) == 0 {
			continue
		}
		text := says[0] + ", " + a.State
		if !a.Sent.Time.IsZero() {
			text += " at " + utc(a.Sent.Time)
		}
		if a.RevertedBy != "" {
			text += ", undone since"
		}
		out = append(out, text)
	}
	for _, t := range s.open() {
		out = append(out, "planned: "+t)
	}
	return out
}

func (s source) open() []string {
	var out []string
	for _, i := range s.r.Items {
		if i.State == "" || i.State == "open" {
			out = append(out, present(i.Text)...)
		}
	}
	return out
}

func (s source) contact() []string {
	var out []string
	for _, role := range []incident.Role{incident.Legal, incident.Comms, incident.Commander} {
		if who := present(s.r.Incident.Roles[role]); len(who) > 0 {
			out = append(out, string(role)+": "+who[0])
		}
	}
	return out
}

func (s source) cause() []string {
	var out []string
	for _, f := range s.r.Factors {
		if f.Category == "" {
			out = append(out, present(f.Text)...)
			continue
		}
		if says := present(f.Text); len(says) > 0 {
			out = append(out, f.Category+": "+says[0])
		}
	}
	return out
}

func (s source) techniques() []string {
	var out []string
	for _, t := range s.r.Techniques {
		out = append(out, present(strings.TrimSpace(t.ID+" "+t.Name))...)
	}
	return out
}

func (s source) indicators() []string {
	var out []string
	for _, i := range s.r.Indicators {
		if says := present(i.Value); len(says) > 0 {
			out = append(out, i.Kind+" "+says[0])
		}
	}
	return out
}

func (s source) detection() []string {
	var out []string
	for _, c := range s.r.Detection.Caught {
		out = append(out, present(c.Text)...)
	}
	return out
}

// begun is an event with the reason that was given for it.
func (s source) begun(e Event) []string {
	st, ok := s.f.began(e, s.l.Clock)
	if !ok {
		return nil
	}
	says := fmt.Sprintf("%s at %s", e.Means(), utc(st.At))
	if len(present(st.Reason)) > 0 {
		says += ": " + st.Reason
	}
	return []string{says}
}

func (s source) decisions() []string {
	var out []string
	for _, d := range s.r.Decisions {
		if d.Action == "" { // approvals of single actions decide nothing that is asked for
			out = append(out, present(d.What)...)
		}
	}
	return out
}

func (s source) notices() []string {
	var out []string
	for _, c := range s.r.Clocks {
		if c.Met.IsZero() || c.ID == s.l.Clock {
			continue
		}
		out = append(out, present(fmt.Sprintf("%s: %s, at %s", c.Regime, c.Duty, utc(c.Met)))...)
	}
	return out
}

func (s source) evidence() []string {
	if len(s.r.Evidence) == 0 {
		return nil
	}
	says := fmt.Sprintf("exhibits that are sealed: %d", len(s.r.Evidence))
	if s.r.Integrity.Seal != "" {
		says += ", under the record's seal " + s.r.Integrity.Seal
	}
	return []string{says}
}
