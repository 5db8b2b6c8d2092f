package playbooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/internal/term"
)

// Amendment is a change of a playbook's file: a remark above a step, or a manual
// step at the end of a phase. Everything else stays as it is, to the byte.
type Amendment struct {
	Step   string // of a remark: the step that it stands above
	Remark string

	Phase incident.Phase // of a new step
	Title string         // "" for a remark
	Text  string
}

// ErrNotAmended says that a file is written in a way that leaves no room for a
// change: several steps stand in one line, or the playbook would not be the same.
var ErrNotAmended = errors.New("the file's form leaves no room for it")

// Amend changes a playbook's file. What comes out is read again: remarks change
// nothing of the playbook, and new steps are all that is new. Amendments for which
// there is no room come back in left. The error is that the file cannot be read.
func Amend(name string, src []byte, list []Amendment) (out []byte, left []Amendment, err error) {
	book, err := Parse(name, src)
	if err != nil {
		return nil, nil, err
	}
	if out, err := amend(book, list); err == nil {
		return out, nil, nil
	}
	var good []Amendment
	for _, a := range list {
		if _, err := amend(book, append(slices.Clone(good), a)); err != nil {
			left = append(left, a)
			continue
		}
		good = append(good, a)
	}
	out, err = amend(book, good)
	if err != nil {
		return bytes.Clone(src), list, nil // each of them fits, and together they do not
	}
	return out, left, nil
}

// amend makes all the changes, or says why not.
func amend(book *Playbook, list []Amendment) ([]byte, error) {
	f := amending{book: book, lines: splitLines(string(book.Source)), at: map[int][]string{}, ids: map[string]bool{}}
	for _, s := range book.Steps() {
		f.ids[s.ID] = true
	}
	added := 0
	for _, a := range list {
		var err error
		if a.Title == "" {
			err = f.remark(a)
		} else {
			added++
			err = f.step(a)
		}
		if err != nil {
			return nil, err
		}
	}
	out := f.written()
	after, err := Parse(book.File, out)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAmended, err)
	}
	if n := len(Diff(book, after)); n != added || len(after.order) != len(book.order)+added {
		return nil, ErrNotAmended
	}
	return out, nil
}

// amending is a file while lines are put between its lines.
type amending struct {
	book  *Playbook
	lines []string         // with their ends
	at    map[int][]string // what stands before a line
	ids   map[string]bool
}

// splitLines parts a text behind each line feed.
func splitLines(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if n := len(lines); lines[n-1] == "" {
		lines = lines[:n-1]
	}
	return lines
}

// end is how the file ends its lines.
func (f *amending) end() string {
	if len(f.lines) > 0 && strings.HasSuffix(f.lines[0], "\r\n") {
		return "\r\n"
	}
	return "\n"
}

func (f *amending) put(line int, texts ...string) {
	for _, t := range texts {
		f.at[line] = append(f.at[line], t+f.end())
	}
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// dash is the line on which a step's dash stands, and how far in.
func (f *amending) dash(s *Step) (line, indent int, err error) {
	line = s.Line - 1
	if line < 0 || line >= len(f.lines) {
		return 0, 0, ErrNotAmended
	}
	if text := strings.TrimLeft(f.lines[line], " "); !strings.HasPrefix(text, "- ") {
		return 0, 0, fmt.Errorf("%w: step %s does not begin its line", ErrNotAmended, s.ID)
	}
	return line, indentOf(f.lines[line]), nil
}

func (f *amending) remark(a Amendment) error {
	s, ok := f.book.Step(a.Step)
	if !ok {
		return fmt.Errorf("%w: it has no step %s", ErrNotAmended, a.Step)
	}
	line, indent, err := f.dash(s)
	if err != nil {
		return err
	}
	for _, text := range wrapped(a.Remark, 96-indent) {
		f.put(line, strings.Repeat(" ", indent)+"# "+text)
	}
	return nil
}

// wrapped breaks a text into lines of about that width, between words.
func wrapped(s string, width int) []string {
	var out []string
	line := ""
	for _, w := range strings.Fields(term.Safe(s)) {
		if line != "" && len(line)+1+len(w) > max(width, 40) {
			out, line = append(out, line), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(out, line)
}

// step puts a manual step behind the last one of its phase; a phase that the file
// does not have comes behind the one before it.
func (f *amending) step(a Amendment) error {
	var before, last *Step
	for _, p := range f.book.Phases {
		switch {
		case len(p.Steps) == 0:
		case p.Phase == a.Phase:
			last = p.Steps[len(p.Steps)-1]
		case p.Phase < a.Phase:
			before = p.Steps[len(p.Steps)-1]
		}
	}
	if a.Phase == incident.NoPhase || last == nil && before == nil {
		return fmt.Errorf("%w: there is no phase to put it behind", ErrNotAmended)
	}
	anchor := last
	if last == nil {
		anchor = before
	}
	line, indent, err := f.dash(anchor)
	if err != nil {
		return err
	}
	if last == nil {
		key := f.key(line, indent)
		if key < 0 {
			return fmt.Errorf("%w: the phases are not keys of their own lines", ErrNotAmended)
		}
		f.put(f.over(line, indent), strings.Repeat(" ", indentOf(f.lines[key]))+a.Phase.String()+":")
	}
	pad := strings.Repeat(" ", indent)
	f.put(f.over(line, indent), pad+"- id: "+f.id(a.Title), pad+"  title: "+quotedYAML(a.Title), pad+"  manual: "+quotedYAML(first(a.Text, a.Title)))
	return nil
}

// over is the line behind all that belongs to the item whose dash stands there.
func (f *amending) over(line, indent int) int {
	end := line + 1
	for i := line + 1; i < len(f.lines); i++ {
		text := strings.TrimSpace(f.lines[i])
		if text == "" {
			continue
		}
		if in := indentOf(f.lines[i]); in <= indent || strings.HasPrefix(text, "#") && in < indent+2 {
			break
		}
		end = i + 1
	}
	return end
}

// key is the line of the key under which the list of that item stands.
func (f *amending) key(line, indent int) int {
	for i := line - 1; i >= 0; i-- {
		text := strings.TrimSpace(f.lines[i])
		if text == "" || strings.HasPrefix(text, "#") || indentOf(f.lines[i]) > indent || strings.HasPrefix(text, "- ") {
			continue
		}
		for _, p := range incident.Phases() {
			if text == p.String()+":" {
				return i
			}
		}
		return -1
	}
	return -1
}

// id makes an id of a title, which the playbook does not have yet.
func (f *amending) id(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	const most = 40
	id := strings.Trim(b.String(), "-")
	if len(id) > most {
		id = strings.Trim(id[:max(strings.LastIndexByte(id[:most+1], '-'), 1)], "-")
	}
	if !slugShape.MatchString(id) {
		id = strings.TrimSuffix("step-"+id, "-")
	}
	base := id
	for n := 2; f.ids[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	f.ids[id] = true
	return id
}

// quotedYAML writes a text as a double-quoted scalar: JSON is one. Nothing in it
// is a template.
func quotedYAML(s string) string {
	s = strings.ReplaceAll(s, "{{", "{ {")
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(term.SafeLines(s)); err != nil {
		return `""` // a string can be encoded
	}
	return strings.TrimSpace(b.String())
}

func first(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// written is the file with what was put into it.
func (f *amending) written() []byte {
	var b bytes.Buffer
	for i, l := range f.lines {
		for _, t := range f.at[i] {
			b.WriteString(t)
		}
		b.WriteString(l)
	}
	tail := f.at[len(f.lines)]
	if len(tail) > 0 && !bytes.HasSuffix(b.Bytes(), []byte("\n")) {
		b.WriteString(f.end())
	}
	for _, t := range tail {
		b.WriteString(t)
	}
	return b.Bytes()
}

// around is how many lines a difference shows around what changed.
const around = 3

// Insertions writes the difference of a file and one that Amend made of it in the
// form of diff -u, for patch -p1; "" when they are the same. It finds what was put
// in, not what was taken away: Amend takes nothing away.
func Insertions(file string, from, to []byte) string {
	a, b := splitLines(string(from)), splitLines(string(to))
	in := map[int][]string{} // before which line of a
	i := 0
	var lost bool // the last line got an end
	for _, l := range b {
		switch {
		case i < len(a) && a[i] == l:
			i++
		case i == len(a)-1 && a[i]+"\n" == l || i == len(a)-1 && a[i]+"\r\n" == l:
			lost = true
			in[i+1] = append(in[i+1], l)
			i++
		default:
			in[i] = append(in[i], l)
		}
	}
	if len(in) == 0 {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- a/%s\n+++ b/%s\n", file, file)
	at := slices.Sorted(maps.Keys(in))
	shift := 0
	for n := 0; n < len(at); {
		m := n
		for m+1 < len(at) && at[m+1]-at[m] <= 2*around {
			m++
		}
		begin, end := max(at[n]-around, 0), min(at[m]+around, len(a))
		added, gone := 0, 0
		var body strings.Builder
		for i := begin; i <= end; i++ {
			for _, l := range in[i] {
				body.WriteString("+" + l)
				added++
			}
			if i == end {
				break
			}
			sign := " "
			if lost && i == len(a)-1 {
				sign = "-"
				gone++
			}
			body.WriteString(sign + a[i])
			if !strings.HasSuffix(a[i], "\n") {
				body.WriteString("\n\\ No newline at end of file\n")
			}
		}
		fmt.Fprintf(&out, "@@ -%s +%s @@\n", stretch(begin, end-begin), stretch(begin+shift, end-begin-gone+added))
		out.WriteString(body.String())
		shift += added - gone
		n = m + 1
	}
	return out.String()
}

// stretch is a range of lines as diff -u writes it.
func stretch(begin, n int) string {
	if n > 0 {
		begin++
	}
	return fmt.Sprintf("%d,%d", begin, n)
}
