// Package navigator writes a review as a layer for the ATT&CK Navigator (layer
// format 4.5): which techniques were seen, how often the record says so, and what
// the controls against them did.
//
// It is pure. The format is that of layers/spec/v4.5/layerformat.md of MITRE's
// attack-navigator.
package navigator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/internal/lazyre"
	"firebreak/record"
	"firebreak/review"
)

// The format of the layer, and the oldest Navigator that reads it in full.
const (
	Format    = "4.5"
	Navigator = "5.1.0"
)

type object = map[string]any

var technique = lazyre.New(`^T([0-9])[0-9]{3}(\.[0-9]{3})?$`)

// held are the colours of what controls did, with their words.
var held = []struct{ held, colour, label string }{
	{"held", "#5aa469", "controls held"},
	{"partly", "#e6b94c", "controls held in part"},
	{"failed", "#d1495b", "controls failed"},
	{"missing", "#8d5a97", "no control"},
}

// Layer is the review as a layer. Techniques of the matrix for industrial control
// systems, whose numbers begin with T0, are a layer of their own: the file is then
// a list of both, as the Navigator reads it.
func Layer(r review.Review) ([]byte, error) {
	w := writer{r, r.Nameless()}
	var enterprise, ics []review.TechniqueUse
	for _, t := range r.Techniques {
		switch m := technique.FindStringSubmatch(t.ID); {
		case m == nil:
		case m[1] == "0":
			ics = append(ics, t)
		default:
			enterprise = append(enterprise, t)
		}
	}
	var out any = w.layer("enterprise-attack", enterprise)
	if len(ics) > 0 {
		out = []object{w.layer("enterprise-attack", enterprise), w.layer("ics-attack", ics)}
		if len(enterprise) == 0 {
			out = w.layer("ics-attack", ics)
		}
	}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the ATT&CK layer: %w", err)
	}
	return append(data, '\n'), nil
}

type writer struct {
	r    review.Review
	text func(string) string // for people: see review.Nameless
}

func (w writer) layer(domain string, seen []review.TechniqueUse) object {
	r := w.r
	name := cmp.Or(r.Incident.Title, string(r.Incident.ID), "incident")
	if r.Incident.Drill {
		name = "DRILL: " + name
	}
	most := 1
	list := []object{}
	parents := map[string]bool{}
	for _, t := range seen {
		most = max(most, score(t))
		if whole, part, _ := strings.Cut(t.ID, "."); part != "" {
			parents[whole] = true
		}
		list = append(list, w.use(t))
	}
	for _, o := range list {
		if id, _ := o["techniqueID"].(string); parents[id] {
			o["showSubtechniques"] = true
			delete(parents, id)
		}
	}
	for _, id := range sorted(parents) { // a technique that was not seen itself, only a part of it
		list = append(list, object{"techniqueID": id, "showSubtechniques": true})
	}
	legend := []object{}
	for _, h := range held {
		legend = append(legend, object{"label": h.label, "color": h.colour})
	}
	meta := []object{w.pair("incident", cmp.Or(string(r.Incident.ID), "unknown")), w.pair("made", at(r.Made)), w.pair("made by", cmp.Or(r.Tool, "Firebreak"))}
	if l := r.Label(); l != "" {
		meta = append(meta, w.pair("TLP", strings.ToUpper(string(l))))
	}
	for _, line := range r.Overhead() {
		meta = append(meta, w.pair("for", line))
	}
	if r.Withheld > 0 {
		meta = append(meta, w.pair("withheld", fmt.Sprintf("%d fields of the record are withheld from the reader", r.Withheld)))
	}
	return object{
		"name": w.brief(name, 200), "domain": domain,
		"versions":    object{"navigator": Navigator, "layer": Format},
		"description": "Techniques that were seen in the incident. The score is the number of entries of its record that say so; a colour says what the controls against it did.",
		"techniques":  list, "sorting": 3, "hideDisabled": false, "legendItems": legend, "metadata": meta,
		"gradient": object{"colors": []string{"#ffffff", "#6fa8dc"}, "minValue": 0, "maxValue": most},
		"layout":   object{"layout": "side", "showID": true, "showName": true, "expandedSubtechniques": "annotated"},
	}
}

func sorted(set map[string]bool) []string {
	var out []string
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func score(t review.TechniqueUse) int { return max(len(t.Seqs), 1) }

func (w writer) use(t review.TechniqueUse) object {
	o := object{
		"techniqueID": t.ID, "score": score(t), "enabled": true,
		"links": []object{{"label": "attack.mitre.org", "url": "https://attack.mitre.org/techniques/" + strings.ReplaceAll(t.ID, ".", "/")}},
	}
	var texts []string
	for _, x := range t.Texts {
		if !record.Gone(x) {
			texts = append(texts, x)
		}
	}
	if len(texts) > 0 {
		o["comment"] = w.brief(strings.Join(texts, "\n"), 2000)
	}
	for _, h := range held {
		if h.held == t.Held {
			o["color"] = h.colour
		}
	}
	var meta []object
	add := func(name, value string) {
		if value != "" {
			meta = append(meta, w.pair(name, value))
		}
	}
	if !t.First.IsZero() {
		add("first seen", at(t.First))
	}
	if !t.Last.IsZero() && !t.Last.Equal(t.First) {
		add("last seen", at(t.Last))
	}
	add("known from", strings.Join(t.Sources, ", "))
	var refs []string
	for _, n := range t.Seqs {
		refs = append(refs, fmt.Sprintf("#%d", n))
	}
	add("entries", strings.Join(refs, ", "))
	for _, c := range w.r.Controls {
		if !c.Withdrawn && slices.Contains(c.Techniques, t.ID) {
			add("control "+cmp.Or(c.Held, "unknown"), strings.TrimSpace(strings.Join(c.Refs, ", ")+" "+c.Text))
		}
	}
	if len(meta) > 0 {
		o["metadata"] = meta
	}
	return o
}

func (w writer) pair(name, value string) object {
	return object{"name": w.brief(name, 200), "value": w.brief(value, 2000)}
}

func at(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// brief is a text for a tooltip: harmless, and not longer than one reads there.
func (w writer) brief(s string, most int) string {
	r := []rune(w.text(s))
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(r)
}
