package parse

import (
	"strconv"
	"strings"

	"firebreak/forensics/formats/evtx"
	"firebreak/timeline"
)

// winMessage says what one kind of Windows event tells: a line for a person, and
// which of its fields are which of our attributes.
//
// In the line {Name} is a field and {Name:codes} its code in words; a stretch in
// square brackets falls away when one of its fields is empty or "-".
type winMessage struct {
	id              int
	action, outcome string
	text            string
	user            string // fields of the user's name: "TargetDomainName\TargetUserName"
	set             string // further attributes: "src_ip=IpAddress exe=NewProcessName"

	line []winPiece
	who  []string
	sets []winSet
}

// winPiece is a stretch of the line: words, or a field; optional ones have more
// pieces in them.
type winPiece struct {
	words, field, codes string
	optional            []winPiece
}

type winSet struct{ name, field string }

// winEvent is an event that is told.
type winEvent struct {
	e                      *timeline.Event
	provider, id, keywords string
	fields                 []evtx.Field
	room                   *arena
	knows                  bool // which field names the user
	bare                   bool // the fields have no names
}

// of is a field of the event, the first of "one|other" that has a text; "-"
// stands for none.
func (w *winEvent) of(names string) string {
	for name := range strings.SplitSeq(names, "|") {
		if v := w.field(name); v != "" {
			return v
		}
	}
	return ""
}

func (w *winEvent) field(name string) string {
	for i := range w.fields {
		if w.fields[i].Name == name {
			if v := w.fields[i].Value; v != "-" {
				return v
			}
			return ""
		}
	}
	return ""
}

// tell writes message, user and mapped attributes.
func (w *winEvent) tell(messages map[string]map[int]*winMessage) {
	a := &w.e.Attributes
	n, err := strconv.Atoi(w.id)
	var m *winMessage
	if err == nil {
		m = messages[w.provider][n]
	}
	if m == nil {
		w.plain()
		return
	}
	for _, s := range m.sets {
		v := w.of(s.field)
		if s.name == "pid" && v != "" {
			if was := a.Get("pid"); was != "" {
				a.Set("logger_pid", was)
			}
			v = w.decimal(v)
		}
		if s.name == "ppid" || strings.HasSuffix(s.name, "_port") {
			v = w.decimal(v)
		}
		if strings.HasSuffix(s.name, "_ip") {
			v = winAddress(v)
		}
		setText(a, s.name, v)
	}
	setText(a, attrAction, m.action)
	outcome := m.outcome
	if k, err := strconv.ParseUint(strings.TrimPrefix(w.keywords, "0x"), 16, 64); outcome == "" && err == nil {
		switch {
		case k&(1<<52) != 0:
			outcome = "failure"
		case k&(1<<53) != 0:
			outcome = "success"
		}
	}
	setText(a, attrOutcome, outcome)
	w.user(m)
	w.knows = m.who != nil
	if w.bare {
		w.plain()
		return
	}
	from := len(w.room.text)
	w.write(m.line)
	w.e.Message = view(w.room.text[from:])
}

// user fills the user's column.
func (w *winEvent) user(m *winMessage) {
	switch len(m.who) {
	case 1:
		w.e.User = w.of(m.who[0])
	case 2:
		domain, name := w.of(m.who[0]), w.of(m.who[1])
		switch {
		case name == "":
		case domain == "" || strings.Contains(name, "@"):
			w.e.User = name
		default:
			w.e.User = w.room.join(domain, `\`, name)
		}
	}
}

// write appends the pieces.
func (w *winEvent) write(pieces []winPiece) {
	for i := range pieces {
		p := &pieces[i]
		switch {
		case p.optional != nil:
			if w.full(p.optional) {
				w.write(p.optional)
			}
		case p.field == "":
			w.room.text = append(w.room.text, p.words...)
		case p.field == "user":
			w.short(named(w.e.User))
		default:
			v := w.of(p.field)
			if p.codes != "" && v != "" {
				v = winCode(p.codes, v)
			}
			w.short(named(v))
		}
	}
}

// maxWinField is how much of one field is shown in the line.
const maxWinField = 512

// short appends a field in one line.
func (w *winEvent) short(v string) {
	cut := len(v) > maxWinField
	if cut {
		v = strings.ToValidUTF8(v[:maxWinField], "")
	}
	for i := range len(v) {
		c := v[i]
		if c == '\n' || c == '\r' || c == '\t' {
			c = ' '
		}
		w.room.text = append(w.room.text, c)
	}
	if cut {
		w.room.text = append(w.room.text, "…"...)
	}
}

// full says whether all fields of a stretch have a text.
func (w *winEvent) full(pieces []winPiece) bool {
	for i := range pieces {
		if f := pieces[i].field; f == "user" && w.e.User == "" || f != "" && f != "user" && w.of(f) == "" {
			return false
		}
	}
	return true
}

// decimal is a number that is written as 0x….
func (w *winEvent) decimal(v string) string {
	hex, ok := strings.CutPrefix(v, "0x")
	if !ok {
		return v
	}
	n, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		return v
	}
	from := len(w.room.text)
	w.room.text = strconv.AppendUint(w.room.text, n, 10)
	return view(w.room.text[from:])
}

// plain tells an event that the table does not know: its provider, number and
// first fields.
func (w *winEvent) plain() {
	from := len(w.room.text)
	provider := w.provider
	if provider == "" {
		provider = "(no provider)"
	}
	w.room.text = append(append(append(w.room.text, provider...), ' '), named(w.id)...)
	between := ": "
	for _, f := range w.fields {
		if len(w.room.text)-from > maxWinField {
			w.room.text = append(w.room.text, ", …"...)
			break
		}
		w.room.text = append(append(append(w.room.text, between...), f.Name...), '=')
		w.short(f.Value)
		between = ", "
	}
	w.e.Message = view(w.room.text[from:])
}

// compile cuts the line and the lists of a message into what tell goes through.
func (m *winMessage) compile() {
	m.line, _ = winPieces(m.text)
	if m.user != "" {
		m.who = strings.Split(m.user, `\`)
	}
	for _, pair := range strings.Fields(m.set) {
		name, field, _ := strings.Cut(pair, "=")
		m.sets = append(m.sets, winSet{name, field})
	}
}

// winPieces reads a line up to its end or the closing bracket; rest is behind it.
func winPieces(text string) (pieces []winPiece, rest string) {
	for text != "" {
		i := strings.IndexAny(text, "{[]")
		if i < 0 {
			return append(pieces, winPiece{words: text}), ""
		}
		if i > 0 {
			pieces = append(pieces, winPiece{words: text[:i]})
		}
		c := text[i]
		text = text[i+1:]
		switch c {
		case ']':
			return pieces, text
		case '[':
			var in []winPiece
			in, text = winPieces(text)
			pieces = append(pieces, winPiece{optional: in})
		default:
			field, behind, _ := strings.Cut(text, "}")
			field, codes, _ := strings.Cut(field, ":")
			pieces = append(pieces, winPiece{field: field, codes: codes})
			text = behind
		}
	}
	return pieces, ""
}

// winMessages is the table, by provider and number.
func winMessages() map[string]map[int]*winMessage {
	all := map[string]map[int]*winMessage{}
	for _, g := range winProviders() {
		known := make(map[int]*winMessage, len(g.messages))
		for i := range g.messages {
			m := &g.messages[i]
			m.compile()
			known[m.id] = m
		}
		for _, name := range g.names {
			if all[name] == nil {
				all[name] = known
				continue
			}
			for id, m := range known {
				all[name][id] = m
			}
		}
	}
	return all
}
