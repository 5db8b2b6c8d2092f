package audience

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"firebreak/playbooks"
	"firebreak/record"
)

// Entries are the entries as the readers see them. Those given are not changed.
func (m *Mask) Entries(entries []record.Entry) []record.Entry {
	out := make([]record.Entry, len(entries))
	for i, e := range entries {
		out[i] = m.entry(e)
	}
	m.kinds(entries, out)
	return out
}

// Held are the fields of an entry that the profile lets out and that hold something
// which its readers may not see: an export that cannot change them has to withhold
// them. The time of an entry stands in its line anyway, so times alone hold nothing.
func (m *Mask) Held(e record.Entry) []string {
	m.exact = true
	masked := m.entry(e)
	m.exact = false
	var out []string
	for name, raw := range e.Fields {
		if m.discloses(e, name) && !bytes.Equal(raw, masked.Fields[name]) {
			out = append(out, name)
		}
	}
	if masked.Actor.Name != e.Actor.Name && m.shows(e.Kind, record.ActorName) {
		out = append(out, record.ActorName)
	}
	slices.Sort(out)
	return out
}

func (m *Mask) entry(e record.Entry) record.Entry {
	m.at = Place{Seq: e.Seq}
	out := e
	out.Fields = make(map[string]json.RawMessage, len(e.Fields))
	out.Erased, out.Withheld = slices.Clone(e.Erased), slices.Clone(e.Withheld)
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		if !m.discloses(e, name) {
			out.Withheld = append(out.Withheld, name)
			continue
		}
		m.at = Place{e.Seq, name}
		m.field = fieldOf(e.Kind, name)
		masked, ok := m.value(e, name, e.Fields[name])
		if !ok {
			out.Withheld = append(out.Withheld, name)
			continue
		}
		out.Fields[name] = masked
	}
	m.field = field{ofPeople: true}
	out.Actor.ID, out.Actor.Name = m.person(e.Actor.ID, e.Actor.Name)
	m.at, m.field = Place{e.Seq, "step"}, field{exact: true}
	out.Step = m.text(e.Step)
	m.field = field{}
	if m.rules.coarse {
		m.coarse(&out)
	}
	slices.Sort(out.Withheld)
	out.Withheld = slices.Compact(out.Withheld)
	return out
}

// profiles are those of all readers.
func (m *Mask) profiles() []record.Profile {
	if m.o.Profile == "" {
		return m.o.Also
	}
	return append([]record.Profile{m.o.Profile}, m.o.Also...)
}

// discloses says whether the readers get a field. An indicator of the attacker is
// shown to all of them, and what is whose in the place of a name.
func (m *Mask) discloses(e record.Entry, name string) bool {
	if e.Kind == record.SubjectNamed && name == "value" {
		return true // it is masked, or the attacker's
	}
	for _, p := range m.profiles() {
		if !p.Discloses(e.Kind, name) {
			return false
		}
	}
	return len(m.profiles()) > 0 || record.FullProfile.Discloses(e.Kind, name)
}

// structural are fields whose texts the record is held together by: they are looked
// through for names, not for what has the shape of something.
var structural = set(`
	run step branch guard id exhibit exhibits kind playbook version format parser collector tool origin within action actions key reverts part
	release audience profile tlp phase role severity state danger update transfer erasure moment measure category certainty held refs
	technique techniques clock clocks event zone scenario inject seed strength item factor control decision to_phase
`)

// untouched are fields that are proofs, or what proofs are over.
var untouched = set(`signature from_signature to_signature statement token sha256 root digest blob tool_sha256 size`)

func fieldOf(k record.Kind, name string) field {
	f := field{ofPeople: record.OfPeople(k, name)}
	f.exact = !f.ofPeople && (structural[name] || name == "name" && k == record.ActionPlanned)
	return f
}

// proof says that a field is not touched. The root of an image is a path.
func proof(k record.Kind, name string) bool {
	if name == "root" && (k == record.EvidenceSealed || k == record.CollectionFinished) {
		return false
	}
	return untouched[name]
}

// free are fields that hold whatever a system or a person put there, numbers of
// cards included.
var free = set(`result answers set vars receipt plan items`)

// value masks the value of one field. ok is false where it cannot be masked, and so
// has to be withheld.
func (m *Mask) value(e record.Entry, name string, raw json.RawMessage) (json.RawMessage, bool) {
	if proof(e.Kind, name) {
		return raw, true
	}
	if name == "value" && e.Kind == record.SubjectNamed {
		return m.subject(e, raw), true
	}
	if !bytes.ContainsAny(raw, `"`) && !free[name] {
		return raw, true
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, false
	}
	source := name == "source" && (e.Kind == record.RunStarted || e.Kind == record.StepStarted)
	masked, changed := m.deep(v, free[name], 0)
	if !changed {
		return raw, true
	}
	if text, ok := masked.(string); ok && source && !readable(text, v) {
		return nil, false
	}
	out, err := marshal(masked)
	return out, err == nil
}

// readable says whether a masked playbook is one still, where it was one.
func readable(masked string, before any) bool {
	text, ok := before.(string)
	if !ok {
		return true
	}
	if _, err := playbooks.Parse("playbook.yaml", []byte(text)); err != nil {
		return true
	}
	_, err := playbooks.Parse("playbook.yaml", []byte(masked))
	return err == nil
}

// marshal is JSON without the escapes for HTML, as the record has it.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("mask field: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// deep masks all texts in a value, and names of members that are somebody's.
func (m *Mask) deep(v any, free bool, depth int) (any, bool) {
	switch v := v.(type) {
	case string:
		out := m.text(v)
		return out, out != v
	case json.Number:
		if s := v.String(); free && len(s) >= 13 && m.rules.hidden[Card] {
			if out := m.text(s); out != s {
				return out, true
			}
		}
		return v, false
	case []any:
		var out []any
		for i, x := range v {
			masked, changed := m.deeper(x, free, depth)
			if changed && out == nil {
				out = slices.Clone(v)
			}
			if changed {
				out[i] = masked
			}
		}
		if out == nil {
			return v, false
		}
		return out, true
	case map[string]any:
		return m.object(v, free, depth)
	}
	return v, false
}

// mostNested is how deep a value may go: what is deeper nobody reads.
const mostNested = 200

func (m *Mask) deeper(v any, free bool, depth int) (any, bool) {
	if depth >= mostNested {
		return record.WithheldMark, true
	}
	return m.deep(v, free, depth+1)
}

func (m *Mask) object(v map[string]any, free bool, depth int) (any, bool) {
	place := m.at.Field
	defer func() { m.at.Field = place }()
	out := make(map[string]any, len(v))
	changed := false
	for _, key := range slices.Sorted(maps.Keys(v)) {
		m.at.Field = place + "." + key
		if len(m.at.Field) > 200 {
			m.at.Field = place
		}
		shown := key
		if !members[key] {
			shown = m.text(key)
		}
		for n := 2; out[shown] != nil; n++ {
			shown = fmt.Sprintf("%s (%d)", m.text(key), n)
		}
		if depth == 0 && untouched[key] && !free {
			out[shown] = v[key]
			continue
		}
		masked, different := m.deeper(v[key], free, depth)
		out[shown] = masked
		changed = changed || different || shown != key
	}
	if !changed {
		return v, false
	}
	return out, true
}

// members are names of members that plans, receipts and payloads have: they are
// nobody's, whoever is called so.
var members = set(`
	call action connection params key incident step seal state identity base target targets effects requests prior undo inverse proof unchanged
	warnings timer bound kind id name of method url headers argv env body ref at data says ok final unread tool playbook version count limits
	time_box reverts typed second overrides principal type namespace text armored strength verified title value values result error host user
	address path source exhibit collector reason size mode uid gid inode links modified accessed changed born role person seat from to by
	scope new closed resolved reopened gone zone year skew
`)

// subject is whose a name is: the name of the attacker's, what stands for the
// others'.
func (m *Mask) subject(e record.Entry, raw json.RawMessage) json.RawMessage {
	var p record.Subject
	if e.Decode(&p) != nil || record.Gone(p.Value) {
		return raw
	}
	x := found{to: len(p.Value), kind: Kind(p.Kind), value: p.Value}
	id := prefixes[x.kind] + "\x00" + Normal(x.kind, p.Value)
	if w, to := m.known.words.at(p.Value, 0); w != nil && to == len(p.Value) {
		x.who = w
	} else if w := m.known.all[id]; w != nil {
		x.who = w
	}
	put, why := m.standIn(x)
	if why != "" || p.Role == attackers && !slices.Contains(people, x.kind) {
		put = m.text(p.Value) // a path or a process of theirs may have the names of others in it
	} else {
		m.met[x.who] = true
		m.report.note(x, put, why, m.at, p.Value)
	}
	out, err := marshal(put)
	if err != nil {
		return raw
	}
	return out
}

// coarse takes what is finer than the public may see out of an entry.
func (m *Mask) coarse(e *record.Entry) {
	if !m.o.Words && !m.exact { // a message tells what is new, and when
		e.Time = e.Time.UTC().Truncate(time.Hour)
		e.Mono, e.Boot = 0, ""
	}
	switch e.Kind { //nolint:exhaustive // the others count nothing that would be anybody's
	case record.ImpactStated:
		m.band(e)
	case record.CollectionFinished, record.TimelineIngested, record.TimelineExported, record.AlertReceived:
		for _, name := range []string{"exhibits", "bytes", "events", "added", "rejected", "recovered", "seen", "findings", "left_out"} {
			var n int64
			if raw, ok := e.Fields[name]; ok && json.Unmarshal(raw, &n) == nil && n > 99 {
				e.Fields[name] = json.RawMessage(fmt.Sprint(int64(rounded(float64(n)))))
			}
		}
	}
}

// fewest is the number below which a count is told as a band only: with less than
// ten people or machines, who is meant can be guessed.
const (
	fewest   = 10
	fewWords = "fewer than 10"
)

// band makes a measure of what the incident did as coarse as the public may have
// it. What it cost is not told.
func (m *Mask) band(e *record.Entry) {
	var p record.Impact
	if err := e.Decode(&p); err != nil || p.Measure == "money" {
		for _, name := range []string{"low", "high", "unit"} {
			if _, ok := e.Fields[name]; ok {
				delete(e.Fields, name)
				e.Withheld = append(e.Withheld, name)
			}
		}
		return
	}
	counts := p.Measure == "systems" || p.Measure == "people" || p.Measure == "records" || p.Measure == "other"
	put := func(name string, n *float64) {
		if n == nil {
			return
		}
		if counts && *n > 0 && *n < fewest {
			*n = 0
		}
		e.Fields[name] = json.RawMessage(fmt.Sprint(rounded(*n)))
	}
	if counts && p.High != nil && *p.High > 0 && *p.High < fewest || counts && p.High == nil && p.Low != nil && *p.Low > 0 && *p.Low < fewest {
		delete(e.Fields, "low")
		delete(e.Fields, "high")
		e.Fields["text"] = json.RawMessage(`"` + fewWords + `"`)
		e.Withheld = slices.DeleteFunc(e.Withheld, func(name string) bool { return name == "text" })
		m.report.note(found{kind: Count, value: "a small number"}, fewWords, "", Place{e.Seq, "low"}, "")
		return
	}
	put("low", p.Low)
	put("high", p.High)
}

// rounded keeps two digits of a number.
func rounded(n float64) float64 {
	scale := 1.0
	for n/scale >= 100 || n/scale <= -100 {
		scale *= 10
	}
	if scale == 1 {
		return float64(int64(n + 0.5))
	}
	return float64(int64(n/scale+0.5)) * scale
}
