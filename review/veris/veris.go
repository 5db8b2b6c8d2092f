// Package veris writes a review as a record of VERIS 1.4 (the Vocabulary for Event
// Recording and Incident Sharing), for those who compare incidents over many
// organisations: the four As (actor, action, asset, attribute), the timeline, how
// it was discovered, the impact.
//
// It is pure, and it guesses nothing. Most of what VERIS asks is not in a record of
// a response: that is "Unknown", as VERIS wants it, and Notes say so. People who
// contribute a record fill in the rest.
package veris

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"firebreak/record"
	"firebreak/review"
	"firebreak/review/indicators"
)

// Version is the version of VERIS whose words are used. All of them are words of
// 1.4.1, too.
const Version = "1.4.0"

type object = map[string]any

const unknown = "Unknown"

// Record is the review as a record of VERIS.
func Record(r review.Review) ([]byte, error) {
	w := writer{r: r, text: r.Nameless(), notes: r.Overhead()}
	out := object{
		"schema_name": "verisc", "schema_version": Version,
		"incident_id":       cmp.Or(string(r.Incident.ID), review.UUID(r.Namespace("veris"), "incident")),
		"security_incident": w.certain(),
		"summary":           w.text(cmp.Or(strings.Join(r.Summary, " "), r.Incident.Title, unknown)),
		"timeline":          w.timeline(),
		"actor":             object{"unknown": object{}},
		"action":            w.action(),
		"asset":             w.asset(),
		"attribute":         w.attribute(),
		"discovery_method":  object{"unknown": true},
		"targeted":          unknown,
		"victim":            object{"country": []string{unknown}, "employee_count": unknown, "government": []string{unknown}, "industry": "00"},
		"impact":            w.impact(),
	}
	if w.social() { // VERIS' own rule for phishing by mail
		out["value_chain"] = object{
			"development": object{"variety": []string{"Email"}}, "targeting": object{"variety": []string{"Email addresses"}},
			"distribution": object{"variety": []string{"Email"}},
		}
	}
	if text := w.discovered(); text != "" {
		out["discovery_notes"] = w.text(text)
	}
	if list := w.indicators(); len(list) > 0 {
		out["ioc"] = list
	}
	if text := w.failed(); text != "" {
		out["control_failure"] = w.text(text)
	}
	if text := w.corrective(); text != "" {
		out["corrective_action"] = w.text(text)
	}
	if len(w.notes) > 0 {
		out["notes"] = w.text(strings.Join(w.notes, "\n"))
	}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the VERIS record: %w", err)
	}
	return append(data, '\n'), nil
}

type writer struct {
	r     review.Review
	text  func(string) string // for people: see review.Nameless
	notes []string
}

func (w *writer) note(format string, args ...any) {
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

func (w *writer) certain() string {
	if w.r.Incident.Drill {
		w.note("This was a drill: nothing of it happened.")
		return "False positive"
	}
	if w.r.Confirmed() {
		return "Confirmed"
	}
	return "Suspected"
}

// moment is one of the incident's own moments, where it is known.
func (w *writer) moment(key string) (time.Time, bool) {
	for _, m := range w.r.Moments {
		if m.Key == key && m.Known && !m.At.IsZero() {
			return m.At.UTC(), true
		}
	}
	return time.Time{}, false
}

// timeline has the day of the incident and how long it took until it was
// discovered, and from then until it was contained.
func (w *writer) timeline() object {
	when := object{}
	occurred, known := w.moment("occurred")
	detected, seen := w.moment("detected")
	contained, over := w.moment("contained")
	switch {
	case known && inRange(occurred):
		when["year"], when["month"], when["day"] = occurred.Year(), int(occurred.Month()), occurred.Day()
	default:
		first := w.r.Incident.Opened
		if seen {
			first = detected
		}
		when["year"] = min(max(first.UTC().Year(), 1950), 2050)
		w.note("timeline.incident.year is that of the first sign: nobody recorded when the incident began.")
	}
	return object{
		"incident": when, "compromise": object{"unit": unknown}, "exfiltration": object{"unit": unknown},
		"discovery": span(occurred, detected, known && seen), "containment": span(detected, contained, seen && over),
	}
}

func inRange(t time.Time) bool { return t.Year() >= 1950 && t.Year() <= 2050 }

// span is a length of time in the largest unit that it fills.
func span(from, to time.Time, known bool) object {
	if !known || to.Before(from) {
		return object{"unit": unknown}
	}
	return length(to.Sub(from))
}

func length(d time.Duration) object {
	for _, u := range []struct {
		name string
		d    time.Duration
	}{{"Years", 365 * 24 * time.Hour}, {"Months", 30 * 24 * time.Hour}, {"Weeks", 7 * 24 * time.Hour}, {"Days", 24 * time.Hour}, {"Hours", time.Hour}, {"Minutes", time.Minute}} {
		if d >= u.d {
			return object{"unit": u.name, "value": math.Round(10*float64(d)/float64(u.d)) / 10}
		}
	}
	return object{"unit": "Seconds", "value": int64(d.Seconds())}
}

type sameness struct{ technique, action, variety, vector string }

// same are the techniques of ATT&CK that are by definition one variety of VERIS.
// The others are in the notes: that they are related is no statement.
var same = []sameness{
	{"T1110", "hacking", "Brute force", unknown},
	{"T1110.001", "hacking", "Brute force", unknown},
	{"T1110.003", "hacking", "Brute force", unknown},
	{"T1498", "hacking", "DoS", unknown},
	{"T1498.001", "hacking", "DoS", unknown},
	{"T1498.002", "hacking", "DoS", unknown},
	{"T1499", "hacking", "DoS", unknown},
	{"T1566.001", "social", "Phishing", "Email"},
	{"T1566.002", "social", "Phishing", "Email"},
}

func (w *writer) action() object {
	out := object{}
	var seen []string
	for _, t := range w.r.Techniques {
		if record.Gone(t.ID) {
			continue
		}
		seen = append(seen, strings.TrimSpace(t.ID+" "+t.Name))
		for _, s := range same {
			if t.ID != s.technique {
				continue
			}
			a, _ := out[s.action].(object)
			if a == nil {
				a = object{"variety": []string{}, "vector": []string{}}
				if s.action == "social" {
					a["target"] = []string{unknown}
				}
				out[s.action] = a
			}
			a["variety"], a["vector"] = with(a["variety"], s.variety), with(a["vector"], s.vector)
		}
	}
	if len(seen) > 0 {
		w.note("Techniques of ATT&CK that were seen: %s.", strings.Join(seen, "; "))
	}
	if len(out) == 0 {
		out["unknown"] = object{}
	}
	return out
}

func with(list any, word string) []string {
	words, _ := list.([]string)
	if slices.Contains(words, word) {
		return words
	}
	return append(words, word)
}

func (w *writer) asset() object {
	out := object{"assets": []object{{"variety": unknown}}, "cloud": []string{unknown}}
	for _, m := range w.r.Impact {
		if n, ok := number(m); ok && m.Measure == "systems" && m.Class == "" && m.Certainty == "confirmed" {
			out["total_amount"] = n
		}
	}
	return out
}

// number is what a measure is exactly, where it is a whole number.
func number(m review.Measured) (int64, bool) {
	if m.Low == nil || m.High == nil || *m.Low != *m.High || *m.Low < 0 || *m.Low > 1<<53 || *m.Low != math.Trunc(*m.Low) {
		return 0, false
	}
	return int64(*m.Low), true
}

// data are VERIS' varieties of data; a class of records is one of them only where
// it has the same name.
var data = []string{
	"API key", "Bank", "Classified", "Copyrighted", "Credentials", "Digital certificate", "Internal", "Medical", "Multi-factor credential", "Payment",
	"Personal", "Sensitive Personal", "Secrets", "Session key", "Source code", "System", "Virtual currency",
}

func (w *writer) attribute() object {
	out := object{}
	var lost []object
	var total int64
	disclosed := ""
	for _, m := range w.r.Impact {
		switch m.Measure {
		case "records":
			if m.Certainty == "excluded" {
				disclosed = cmp.Or(disclosed, "No")
				continue
			}
			disclosed = "Potentially"
			one := object{"variety": unknown}
			for _, v := range data {
				if strings.EqualFold(v, strings.TrimSpace(m.Class)) {
					one["variety"] = v
				}
			}
			if n, ok := number(m); ok {
				one["amount"] = n
				total = min(total+n, 1<<53)
			}
			lost = append(lost, one)
		case "downtime":
			if m.Certainty == "excluded" {
				continue
			}
			stopped := object{"variety": []string{"Interruption"}}
			if n, ok := number(m); ok && n < 1<<40 && strings.HasPrefix(m.Unit, "min") {
				stopped["duration"] = length(time.Duration(min(n, 1<<27)) * time.Minute)
			} else if d := span(m.From, m.To, !m.From.IsZero() && !m.To.IsZero()); d["unit"] != unknown {
				stopped["duration"] = d
			}
			if out["availability"] == nil {
				out["availability"] = stopped
			}
		}
	}
	if disclosed != "" {
		c := object{"data_disclosure": disclosed}
		if len(lost) > 0 {
			c["data"] = lost
		}
		if total > 0 {
			c["data_total"] = total
		}
		out["confidentiality"] = c
	}
	if w.social() {
		out["integrity"] = object{"variety": []string{"Alter behavior"}} // VERIS: a social action alters behaviour
	}
	if len(out) == 0 {
		out["unknown"] = object{}
	}
	return out
}

func (w *writer) social() bool {
	return slices.ContainsFunc(w.r.Techniques, func(t review.TechniqueUse) bool {
		return slices.ContainsFunc(same, func(s sameness) bool { return s.technique == t.ID && s.action == "social" })
	})
}

// impact has the money, where one sum is known in one currency of VERIS.
func (w *writer) impact() object {
	out := object{"overall_rating": unknown}
	var sums []review.Measured
	for _, m := range w.r.Impact {
		if m.Measure == "money" && m.Certainty != "excluded" && m.Low != nil && m.High != nil && slices.Contains(currencies, m.Unit) {
			sums = append(sums, m)
		}
	}
	switch len(sums) {
	case 0:
	case 1:
		out["iso_currency_code"] = sums[0].Unit
		if low, high := *sums[0].Low, *sums[0].High; low == high {
			out["overall_amount"] = low
		} else {
			out["overall_min_amount"], out["overall_max_amount"] = low, high
		}
	default:
		w.note("Several sums of money are recorded; whether one is part of another is not, so there is no overall amount.")
	}
	var told []string
	for _, m := range w.r.Impact {
		told = append(told, fmt.Sprintf("%s: %s, %s", strings.Join(strings.Fields(m.Measure+" "+m.Class+" "+m.Place), " "), cmp.Or(m.Shown, m.Text, "unknown"), m.Certainty))
	}
	if len(told) > 0 {
		out["notes"] = w.text(strings.Join(told, "; "))
	}
	return out
}

// discovered says what gave the incident away, first.
func (w *writer) discovered() string {
	for _, c := range w.r.Detection.Caught {
		if !record.Gone(c.Text) {
			return c.What + ": " + c.Text
		}
	}
	return ""
}

func (w *writer) indicators() []object {
	var out []object
	found, _ := indicators.Of(w.r)
	for _, i := range found {
		one := object{"indicator": i.Value}
		if !record.Gone(i.Subject.Note) {
			one["comment"] = w.text(i.Subject.Note)
		}
		out = append(out, one)
	}
	return out
}

func (w *writer) failed() string {
	var out []string
	for _, c := range w.r.Controls {
		if (c.Held == "failed" || c.Held == "missing") && !c.Withdrawn {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s: %s %s", c.Held, strings.Join(c.Refs, ", "), c.Text)))
		}
	}
	return strings.Join(out, "\n")
}

func (w *writer) corrective() string {
	var out []string
	for _, i := range w.r.Items {
		if !record.Gone(i.Text) && i.State != "dropped" {
			out = append(out, strings.TrimSpace(i.Text+" ("+cmp.Or(i.State, "open")+")"))
		}
	}
	return strings.Join(out, "\n")
}
