package audience

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"firebreak/internal/redact"
	"firebreak/record"
)

const hidden = redact.Hidden

// shapes are what stands, in a message, in the place of what nobody is known by.
var shapes = map[Kind]string{
	Mail: "(mail address)", Address: "(address)", MAC: "(address)", Host: "(host)", Domain: "(host)", Phone: "(phone number)",
	IBAN: "(bank account)", Card: "(card number)", Account: "(account)",
}

// Mask takes out of entries and texts what its readers may not see, and keeps what
// it did for the report. It is not for use by several goroutines.
type Mask struct {
	o      Options
	rules  rules
	known  *known
	names  *pseudonyms
	report reporter
	given  []*who // of the names in the options, nil for those that are nobody's
	met    map[*who]bool

	exact bool  // times stay as they are
	at    Place // where the text stands that is looked at
	field field
}

// field says what is special about the texts of a field.
type field struct {
	ofPeople bool // it holds names of people, as the profile table has it
	typed    bool // somebody wrote it for its readers
	exact    bool // it is part of the record's structure: names and secrets only
}

// New makes a mask that knows the names of all of these entries.
func New(entries []record.Entry, o Options) *Mask {
	m := &Mask{o: o, rules: rulesOf(o.Profile), known: newKnown(), names: newPseudonyms(o.Key)}
	for _, p := range o.Also {
		m.rules = m.rules.narrower(rulesOf(p))
	}
	m.report.start(o.Profile)
	m.met = map[*who]bool{}
	for _, n := range o.Names {
		m.given = append(m.given, m.known.add(n))
	}
	m.known.learn(entries)
	return m
}

// Text masks a text that was put together from the record. place says where it
// stands, for the report.
func (m *Mask) Text(text, place string) string {
	m.at, m.field = Place{Field: place}, field{}
	return m.text(text)
}

// Typed masks a text that somebody wrote for its readers: a mail address or a
// telephone number that is nobody's known one stays, as it may be where they can
// ask.
func (m *Mask) Typed(text, place string) string {
	m.at, m.field = Place{Field: place}, field{typed: true}
	return m.text(text)
}

// text masks one text, wherever it stands.
func (m *Mask) text(text string) string {
	if len(text) < leastName {
		return text
	}
	text = m.secrets(text)
	whole := text
	if !norm.NFC.IsNormalString(whole) {
		whole = norm.NFC.String(whole)
	}
	all := m.known.find(whole, m.rules.coarse && !m.o.Words && !m.exact)
	m.look(whole, all)
	if len(all) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, x := range all {
		put, why := m.standIn(x)
		m.met[x.who] = true
		m.report.note(x, put, why, m.at, whole)
		if why != "" || put == whole[x.from:x.to] {
			continue
		}
		b.WriteString(whole[at:x.from])
		b.WriteString(put)
		at = x.to
	}
	if at == 0 {
		return text
	}
	b.WriteString(whole[at:])
	return b.String()
}

// secrets takes credentials out, whoever reads.
func (m *Mask) secrets(text string) string {
	out := redact.Shaped(text)
	if m.o.Secrets != nil {
		out = m.o.Secrets(out)
	}
	if out != text {
		m.report.note(found{kind: Secret, value: "a credential"}, hidden, "", m.at, out)
	}
	return out
}

// standIn is what stands in the place of what was found, or why it stays.
func (m *Mask) standIn(x found) (put, why string) {
	switch {
	case x.kind == Secret:
		return x.put, ""
	case x.kind == Time || x.kind == Count:
		return x.put, ""
	case m.theirs(x):
		return "", "the attacker's"
	case !m.rules.hidden[x.kind]:
		return "", "the profile shows it"
	case m.field.exact && (x.who == nil || utf8.RuneCountInString(x.value) < leastFold):
		return "", "part of the record's structure"
	case m.field.typed && x.who == nil && (x.kind == Mail || x.kind == Phone || x.kind == Domain || x.kind == Host || x.kind == Account):
		return "", "somebody wrote it for the readers"
	case x.put != "":
		return x.put, ""
	}
	w := x.who
	if w == nil {
		if m.o.Words {
			return shapes[x.kind], ""
		}
		return m.names.of(x.kind, x.value), ""
	}
	if w.responder && m.rules.named && (m.field.ofPeople || m.field.typed || m.o.Words) {
		return "", "the profile names who answers for it"
	}
	return m.called(w), ""
}

// theirs says whether it is an indicator of the attacker, which stays.
func (m *Mask) theirs(x found) bool {
	if x.who != nil && !x.who.shape {
		return x.who.attacker
	}
	return m.known.isTheirs(x.kind, x.value)
}

// called is what a known name is shown as.
func (m *Mask) called(w *who) string {
	switch {
	case w.as != "" && m.rules.as:
		return m.plainly(w)
	case w.word != "" && m.rules.roles && !m.o.Words:
		return w.word
	case w.shape && m.o.Words:
		return shapes[w.kind]
	}
	return m.names.of(w.kind, w.value)
}

// plainly is a person's own words for somebody, themselves without names.
func (m *Mask) plainly(w *who) string {
	as := w.as
	w.as = "" // it may hold the very name that it is to stand for
	defer func() { w.as = as }()
	all := m.known.find(as, false)
	for i := len(all) - 1; i >= 0; i-- {
		if put, why := m.standIn(all[i]); why == "" {
			as = as[:all[i].from] + put + as[all[i].to:]
		}
	}
	return as
}

// person is what somebody who acted is shown as, by the pseudonym that the record
// has and the name.
func (m *Mask) person(id, name string) (string, string) {
	w := m.known.byID[id]
	if w == nil {
		w = &who{kind: Person, value: firstOf(id, name)}
	}
	out := id
	if !m.rules.ids {
		out = m.names.of(Person, w.value)
	}
	if record.Gone(name) || strings.HasPrefix(name, record.ErasedMark) || name == itself {
		return out, name
	}
	m.at.Field = record.ActorName
	if w.responder && m.rules.named || !m.rules.hidden[Person] {
		return out, m.text(name)
	}
	put := m.called(w)
	m.met[w] = true
	m.report.note(found{kind: Person, value: name, to: len(name)}, put, "", m.at, name)
	return out, put
}

// Used are the names of the options that made a difference so far: with them alone,
// the same entries give the same again.
func (m *Mask) Used() []Name {
	firsts := map[string]int{}
	for _, w := range m.given {
		if w != nil && (w.kind == Host || w.kind == Domain) {
			firsts[firstLabel(w.value)]++
		}
	}
	out := []Name{}
	for i, w := range m.given {
		if w != nil && (m.met[w] || (w.kind == Host || w.kind == Domain) && firsts[firstLabel(w.value)] > 1) {
			out = append(out, m.o.Names[i])
		}
	}
	return out
}

func firstLabel(host string) string {
	first, _, _ := strings.Cut(strings.ToLower(host), ".")
	return first
}

// incident is what stands for the incident's id.
func (m *Mask) incident(id string) string {
	if !m.rules.coarse || id == "" {
		return id
	}
	return m.names.of(Group, id)
}

// clip is the part of a text around a place, for people to know it again.
func clip(text string, from, to int) string {
	const around = 32
	a, b := max(0, from-around), min(len(text), to+around)
	for a > 0 && !utf8.RuneStart(text[a]) {
		a--
	}
	for b < len(text) && !utf8.RuneStart(text[b]) {
		b++
	}
	s := text[a:b]
	if a > 0 {
		s = "…" + s
	}
	if b < len(text) {
		s += "…"
	}
	return strings.Join(strings.Fields(s), " ")
}
