package review

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"reflect"
	"strings"
	"time"

	"firebreak/record"
	"firebreak/review/look"
)

//go:embed custody.html.tmpl
var custodyText string

//go:embed custody.css
var custodyStyle string

// Fact is a line of the form. Missing says that nobody recorded it.
type Fact struct {
	Label   string
	Value   string
	Missing bool
	Mono    bool
}

// Facts are what the form says of an exhibit, in the order of the form.
func (x Chain) Facts() []Fact {
	var out []Fact
	say := func(label, value string) { out = append(out, Fact{Label: label, Value: value}) }
	mono := func(label, value, missing string) {
		out = append(out, Fact{Label: label, Value: first(value, missing), Missing: value == "", Mono: value != ""})
	}
	ask := func(label, value, missing string) {
		out = append(out, Fact{Label: label, Value: first(value, missing), Missing: value == ""})
	}
	say("What", given(x.Title)+" ("+given(x.Kind)+")")
	mono("SHA-256", x.SHA256, withheld)
	bytes := counted64(x.Size, "byte", "bytes")
	if x.Size == 0 && record.Gone(x.SHA256) {
		bytes = x.SHA256
	}
	ask("Size", bytes, withheld)
	say("Taken from", whereFrom(x.Exhibit))
	ask("Host", x.Host, x.or("host", "not said"))
	switch m := x.Machine; {
	case m != nil:
		say("Kernel and boot", first(m.System, "unknown")+", boot "+first(m.Boot, "unknown"))
	case x.Origin == record.OriginLive || x.Origin == "":
		ask("Kernel and boot", "", x.or("machine", "not recorded"))
	default:
		say("Kernel and boot", "does not apply: it was not taken from a running machine")
	}
	say("Taken by", given(x.SealedBy))
	ask("On the authority of", x.Authority, x.or("authority", "NOT SAID: nobody was named when it was taken"))
	say("Taken with", given(x.Tool)+", collector "+given(x.Collector))
	mono("Program's SHA-256", x.ToolSHA256, x.or("tool_sha256", "not recorded"))
	mono("Command line", quoteArgv(x.Argv), x.or("argv", "not recorded"))
	ask("How it was read", x.Method, x.or("method", "not recorded"))
	say("Started", x.or("started", exactly(x.Started)))
	say("Finished", x.or("finished", exactly(x.Finished)))
	say("Clock against UTC", x.or("clock", x.Clock.String()))
	say("Clock of the source", sourceClock(x.Exhibit))
	if x.Before == nil && x.After == nil && x.Origin != record.OriginFile && !strings.Contains(x.Method, "descriptor") {
		say("State of the file", x.or("before", "does not apply: not a file"))
	} else {
		ask("State before reading", statWords(x.Before), x.or("before", "not recorded"))
		ask("State after reading", statWords(x.After), x.or("after", "not recorded"))
	}
	say("Sealed", fmt.Sprintf("%s by %s, entry %d of the record", exactly(x.SealedAt), given(x.SealedBy), x.Seq))
	ask("Kept", place(x.Exhibit), withheld)
	say("Held now by", given(x.Holder)+", since "+exactly(x.Since))
	return out
}

func place(x record.Exhibit) string {
	if x.Elsewhere {
		return "not in the incident's folder: known by its hash, its bytes were at " + given(x.Source) + " on " + first(x.Stored, "a machine that was not recorded")
	}
	if x.Blob == "" {
		return ""
	}
	return "evidence/" + x.Blob[:min(2, len(x.Blob))] + "/" + x.Blob + " in the incident's folder, sealed on " + first(x.Stored, "a machine that was not recorded")
}

func sourceClock(x record.Exhibit) string {
	switch {
	case x.ClockOffset != 0:
		return fmt.Sprintf("%s off ours when it was taken", x.ClockOffset)
	case x.Origin == record.OriginLive:
		return "the same clock: it was taken on its own machine"
	}
	return "unknown"
}

func exactly(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05.000Z")
}

// statWords is what the file system said, in one line.
func statWords(s *record.Stat) string {
	if s == nil {
		return ""
	}
	words := []string{counted64(s.Size, "byte", "bytes"), s.Mode, fmt.Sprintf("owner %d:%d", s.UID, s.GID), fmt.Sprintf("inode %d", s.Inode)}
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"modified", s.Modified}, {"accessed", s.Accessed}, {"changed", s.Changed}, {"born", s.Born}} {
		if !t.at.IsZero() {
			words = append(words, t.name+" "+t.at.UTC().Format("2006-01-02T15:04:05.000000000Z"))
		}
	}
	return strings.Join(words, ", ")
}

// quoteArgv writes a command line so that its words can be told apart.
func quoteArgv(argv []string) string {
	words := make([]string, len(argv))
	for i, a := range argv {
		if words[i] = a; a == "" || strings.ContainsAny(a, " \t\n'\"\\") {
			words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// Words says in one line how a side is known.
func (s Signer) Words() string {
	who := map[string]string{"gives": "given by ", "takes": "taken by ", "refuses": "refused by "}[s.Side] + given(s.Person)
	switch {
	case s.Absent != "":
		return who + ": its signature is " + strings.Trim(s.Absent, "()")
	case !s.Signed:
		return who + ": NOT signed, known by name only"
	case s.Problem != "":
		return fmt.Sprintf("%s: SIGNATURE DOES NOT HOLD: %s", who, s.Problem)
	case s.Stranger:
		return fmt.Sprintf("%s: signed as %s by a key that nobody here vouches for, %s %s", who, given(s.Principal), s.Type, s.Key)
	case !s.Holds:
		return fmt.Sprintf("%s: signed by %s, %s %s; NOT checked: there is no roster here", who, given(s.Principal), s.Type, s.Key)
	}
	return fmt.Sprintf("%s: signed by %s, %s %s, %s", who, given(s.Principal), s.Type, s.Key, s.Strength)
}

// shown is a copy in which every text may be shown, as Review.shown.
func (c Custody) shown() Custody {
	out, ok := harmless(reflect.ValueOf(c), Harmless).Interface().(Custody)
	if !ok {
		return Custody{} // a copy of a Custody is a Custody
	}
	return out
}

// custodyPage is what the template reads. C is already harmless.
type custodyPage struct {
	C     Custody
	Head  template.HTML
	Blank []int // lines for signatures by hand
}

// HTML writes the form as one self-contained page, an exhibit on each sheet of
// paper: no script, nothing loaded, light and dark.
func (c Custody) HTML() ([]byte, error) {
	t, err := template.New("custody").Funcs(template.FuncMap{"exactly": exactly, "given": given}).Parse(custodyText)
	if err != nil {
		return nil, fmt.Errorf("parse custody form: %w", err)
	}
	style := custodyStyle
	if seal, err := record.ParseSeal(c.Integrity.Seal); err == nil { // of digits and letters alone
		style += "@media print { @page { @bottom-left { content: \"" + seal.Seal() + "\"; font: 7pt monospace; color: #444; } } }\n"
	}
	var b bytes.Buffer
	p := custodyPage{C: c.shown(), Blank: make([]int, 3)}
	p.Head = look.Head("Chain of custody "+string(p.C.Incident.ID), look.Base(), style)
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write custody form: %w", err)
	}
	return b.Bytes(), nil
}
