package clocks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"firebreak/internal/lazyre"
	"firebreak/internal/problem"
	"firebreak/record"
)

// Problems is all that is wrong with a file of rules.
type Problems = problem.Problems

// Limits of a file. They are far above what people write and far below what hurts.
const (
	MaxSize   = 256 << 10 // bytes of a file
	maxDepth  = 12
	maxRules  = 200 // of a file
	maxText   = 2000
	maxList   = 40
	maxValues = 20_000
)

// Parse reads a file of rules. The error is Problems, each with its place in the
// file. Without ours it is a file of one's own: there a rule needs no source, its
// confidence is Own, and it is on.
func Parse(file string, src []byte, ours bool) ([]Rule, error) {
	d := &decoder{file: file, ours: ours}
	rules := d.read(src)
	if len(d.problems) > 0 {
		return nil, d.problems.Sorted()
	}
	return rules, nil
}

type decoder struct {
	file     string
	ours     bool
	problems Problems
	values   int
}

func (d *decoder) at(n *yaml.Node, hint, format string, args ...any) {
	const most = 50 // nobody reads more
	if len(d.problems) < most {
		d.problems = append(d.problems, problem.Problem{File: d.file, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
}

var errTooDeep = errors.New("nested too deeply")

// read is the one document of a file.
func (d *decoder) read(src []byte) []Rule {
	top := &yaml.Node{Line: 1, Column: 1}
	switch {
	case len(src) > MaxSize:
		d.at(top, "", "the file has %d bytes; the limit is %d", len(src), MaxSize)
		return nil
	case !utf8.Valid(src):
		d.at(top, "save the file as UTF-8", "the file is not valid UTF-8")
		return nil
	}
	root := d.load(src)
	if root == nil || !d.tidy(root) {
		return nil
	}
	return d.document(root)
}

func (d *decoder) load(src []byte) *yaml.Node {
	top := &yaml.Node{Line: 1, Column: 1}
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(func(depth int, _ *yaml.DepthContext) error {
			if depth > maxDepth {
				return errTooDeep
			}
			return nil
		}))))
	var doc, more yaml.Node
	if err == nil {
		err = loader.Load(&doc)
	}
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		d.at(top, "", "the file is empty")
		return nil
	}
	if err == nil {
		if err = loader.Load(&more); err == nil {
			d.at(&more, "", "the file holds more than one document")
			return nil
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	var load *yaml.LoadError
	switch {
	case errors.Is(err, errTooDeep) || err != nil && strings.Contains(err.Error(), errTooDeep.Error()):
		d.at(top, "", "nested more than %d levels deep", maxDepth)
	case errors.As(err, &load):
		d.at(&yaml.Node{Line: max(load.Mark.Line, 1), Column: max(load.Mark.Column, 1)}, "", "not YAML: %s", load.Message)
	case err != nil:
		d.at(top, "", "not YAML: %v", err)
	default:
		return doc.Content[0]
	}
	return nil
}

// tidy refuses what the format leaves out of YAML, everywhere in the tree.
func (d *decoder) tidy(n *yaml.Node) bool {
	if d.values++; d.values > maxValues {
		d.at(n, "", "more than %d values in one file", maxValues)
		return false
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.at(n, "write the value out", "anchors and aliases are not used here")
		return false
	}
	for _, c := range n.Content {
		if !d.tidy(c) {
			return false
		}
	}
	return true
}

func (d *decoder) document(root *yaml.Node) []Rule {
	var out []Rule
	checked, version := "", ""
	var list *yaml.Node
	d.mapping(root, "the file", map[string]func(*yaml.Node){
		"clocks":  func(n *yaml.Node) { version = d.text(n, "clocks") },
		"checked": func(n *yaml.Node) { checked = d.day(n, "checked") },
		"rules":   func(n *yaml.Node) { list = n },
	})
	switch {
	case root.Kind != yaml.MappingNode:
		return nil
	case version != "1":
		d.at(root, "begin the file with clocks: 1", "not the first version of the format")
		return nil
	case list == nil || list.Kind != yaml.SequenceNode || len(list.Content) == 0:
		d.at(root, "as in rules: followed by - id: acme-24h", "there are no rules")
		return nil
	case len(list.Content) > maxRules:
		d.at(list, "", "more than %d rules", maxRules)
		return nil
	}
	for i, n := range list.Content {
		r := d.rule(n, fmt.Sprintf("rules[%d]", i))
		if r.Checked == "" {
			r.Checked = checked
		}
		if j := slices.IndexFunc(out, func(o Rule) bool { return o.ID == r.ID && r.ID != "" }); j >= 0 {
			d.at(n, "", "%s is there twice, first in line %d", r.ID, out[j].Line)
		}
		out = append(out, r)
	}
	return out
}

var (
	idShape     = lazyre.New(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	regimeShape = lazyre.New(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$`)
	clockShape  = lazyre.New(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

func (d *decoder) rule(n *yaml.Node, at string) Rule {
	r := Rule{Line: n.Line, Rest: Keep, Confidence: Own}
	if !d.ours {
		r.File = d.file
	}
	if n.Kind != yaml.MappingNode {
		d.at(n, "as in - id: acme-24h", "%s: want keys with values", at)
		return r
	}
	nodes := map[string]*yaml.Node{}
	keys := d.ruleKeys(&r)
	read := make(map[string]func(*yaml.Node), len(keys))
	for key, do := range keys {
		read[key] = func(v *yaml.Node) {
			nodes[key] = v
			do(v, at+"."+key)
		}
	}
	d.mapping(n, at, read)
	d.whole(n, at, &r, nodes)
	return r
}

// ruleKeys says what each key of a rule sets.
func (d *decoder) ruleKeys(r *Rule) map[string]func(*yaml.Node, string) {
	text := func(to *string) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) { *to = d.text(n, at) }
	}
	keys := map[string]func(*yaml.Node, string){
		"place": text(&r.Place), "duty": text(&r.Duty), "who": text(&r.Who), "when": text(&r.When), "after": text(&r.After), "soft": text(&r.Soft),
		"to": text(&r.To), "also": text(&r.Also), "counting": text(&r.Counting), "notes": text(&r.Notes), "watch": text(&r.Watch), "citation": text(&r.Citation),
		"id": func(n *yaml.Node, at string) {
			if r.ID = d.text(n, at); !idShape.MatchString(r.ID) || len(r.ID) > 60 {
				d.at(n, "small letters and digits with hyphens, as in acme-24h", "%s: %q is no name of a clock", at, r.ID)
			}
		},
		"regime": func(n *yaml.Node, at string) {
			if r.Regime = d.text(n, at); !regimeShape.MatchString(r.Regime) {
				d.at(n, "as in Contract ACME", "%s: %q is no name of a regime", at, r.Regime)
			}
		},
		"start":  func(n *yaml.Node, at string) { r.Start = Event(d.word(n, at, fileEvents()...)) },
		"of":     func(n *yaml.Node, at string) { r.OfLast = d.word(n, at, "first", "last") == "last" },
		"within": func(n *yaml.Node, at string) { r.Within = d.period(n, at) },
		"backstop": func(n *yaml.Node, at string) {
			r.Backstop = &Backstop{}
			d.mapping(n, at, map[string]func(*yaml.Node){
				"start":  func(v *yaml.Node) { r.Backstop.Start = Event(d.word(v, at+".start", fileEvents()...)) },
				"within": func(v *yaml.Node) { r.Backstop.Within = d.period(v, at+".within") },
			})
			if r.Backstop.Start == "" || r.Backstop.Within.IsZero() {
				d.at(n, "as in {start: aware, within: 24h}", "%s: want a start and a time", at)
			}
		},
		"non_working_day": func(n *yaml.Node, at string) {
			r.Rest = Rest(d.word(n, at, string(Keep), string(Move), string(Unsure)))
		},
		"ends": func(n *yaml.Node, at string) {
			if r.Ends = d.text(n, at); !clockShape.MatchString(r.Ends) {
				d.at(n, `as in "17:30"`, "%s: %q is no time of the day", at, r.Ends)
			}
		},
		"zone": func(n *yaml.Node, at string) {
			r.Zone = d.text(n, at)
			loc, err := time.LoadLocation(r.Zone)
			if err != nil || r.Zone == "" || r.Zone == "Local" {
				d.at(n, "as in America/New_York", "%s: zone %q is not known", at, r.Zone)
				return
			}
			r.loc = loc
		},
		"readers": func(n *yaml.Node, at string) {
			var names []string
			for _, p := range record.Profiles() {
				names = append(names, string(p))
			}
			r.Readers = record.Profile(d.word(n, at, names...))
		},
		"content":    func(n *yaml.Node, at string) { r.Content = d.content(n, at) },
		"exceptions": func(n *yaml.Node, at string) { r.Exceptions = d.texts(n, at) },
		"phased":     func(n *yaml.Node, at string) { r.Phased = d.word(n, at, "true", "false") == "true" },
		"since":      func(n *yaml.Node, at string) { r.Since = d.day(n, at) },
		"checked":    func(n *yaml.Node, at string) { r.Checked = d.day(n, at) },
		"sources":    func(n *yaml.Node, at string) { r.Sources = d.texts(n, at) },
	}
	if d.ours {
		keys["confidence"] = func(n *yaml.Node, at string) {
			r.Confidence = Confidence(d.word(n, at, string(Primary), string(Secondary), string(Remembered)))
		}
	}
	return keys
}

// whole says what is missing, and what does not go together.
func (d *decoder) whole(n *yaml.Node, at string, r *Rule, nodes map[string]*yaml.Node) {
	need := []string{"id", "regime", "duty", "start", "to"}
	if d.ours {
		need = append(need, "citation", "confidence")
	}
	for _, key := range need {
		if nodes[key] == nil {
			d.at(n, "", "%s has no %s", at, key)
		}
	}
	if d.ours && r.Confidence != Remembered && len(r.Sources) == 0 && nodes["confidence"] != nil {
		d.at(n, "", "%s has no sources", at)
	}
	switch {
	case r.Start == Previous && r.After == "":
		d.at(n, "after: names the clock whose submission it counts from", "%s starts with a previous submission and names none", at)
	case r.After != "" && r.Start != Previous && r.Start != NotifiedPeople:
		d.at(nodes["after"], "start: previous", "%s: after goes with start: previous or notified_people", at)
	case r.OfLast && r.Start != Previous:
		d.at(nodes["of"], "start: previous", "%s: of goes with start: previous", at)
	}
	if r.Within.IsZero() && r.Soft == "" && nodes["within"] == nil {
		d.at(n, "within: 24h, or soft: without undue delay", "%s says not until when", at)
	}
	if r.Ends != "" && r.Within.Time != 0 {
		d.at(nodes["ends"], "", "%s: hours end when they are over, not at a time of the day", at)
	}
	if r.Backstop != nil && r.Within.IsZero() {
		d.at(nodes["backstop"], "", "%s: a backstop needs a limit that it stands behind", at)
	}
	if r.Zone != "" && r.loc == nil {
		r.Zone = ""
	}
}

func (d *decoder) content(n *yaml.Node, at string) []Ask {
	var out []Ask
	for i, item := range d.list(n, at) {
		place := fmt.Sprintf("%s[%d]", at, i)
		var a Ask
		if item.Kind == yaml.ScalarNode {
			a.Text = d.text(item, place)
		} else {
			d.mapping(item, place, map[string]func(*yaml.Node){
				"ask": func(v *yaml.Node) { a.Text = d.text(v, place+".ask") },
				"from": func(v *yaml.Node) {
					for _, w := range d.list(v, place+".from") {
						a.From = append(a.From, d.word(w, place+".from", answers()...))
					}
				},
			})
		}
		if strings.TrimSpace(a.Text) == "" {
			d.at(item, "as in {ask: nature of the breach, from: [what]}", "%s asks nothing", place)
		}
		out = append(out, a)
	}
	return out
}

func (d *decoder) mapping(n *yaml.Node, at string, keys map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.at(n, "", "%s: want keys with values", at)
		return
	}
	known := make([]string, 0, len(keys))
	for k := range keys {
		known = append(known, k)
	}
	slices.Sort(known)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		read, ok := keys[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge":
			d.at(k, "", "%s: a key must be a plain word", at)
		case seen[k.Value]:
			d.at(k, "", "%s: %s is there twice", at, brief(k.Value))
		case !ok:
			d.at(k, problem.DidYouMean(k.Value, known), "%s has no key %s", at, brief(k.Value))
		default:
			seen[k.Value] = true
			read(v)
		}
	}
}

func brief(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

// plainTags are what YAML takes an untagged word for; all are text here.
var plainTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}

func (d *decoder) text(n *yaml.Node, at string) string {
	switch {
	case n.Kind != yaml.ScalarNode || !slices.Contains(plainTags, n.ShortTag()):
		d.at(n, "", "%s: want text", at)
		return ""
	case len(n.Value) > maxText:
		d.at(n, "", "%s has %d bytes; the limit is %d", at, len(n.Value), maxText)
		return ""
	case strings.ContainsFunc(n.Value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		d.at(n, "", "%s has a character that cannot be seen", at)
		return ""
	}
	return strings.TrimSpace(n.Value)
}

func (d *decoder) list(n *yaml.Node, at string) []*yaml.Node {
	switch {
	case n.Kind != yaml.SequenceNode:
		d.at(n, "as in [one, two]", "%s: want a list", at)
		return nil
	case len(n.Content) > maxList:
		d.at(n, "", "%s has more than %d members", at, maxList)
		return nil
	}
	return n.Content
}

func (d *decoder) texts(n *yaml.Node, at string) []string {
	var out []string
	for _, item := range d.list(n, at) {
		out = append(out, d.text(item, at))
	}
	return out
}

func (d *decoder) word(n *yaml.Node, at string, of ...string) string {
	s := d.text(n, at)
	if s != "" && !slices.Contains(of, s) {
		d.at(n, problem.DidYouMean(s, of), "%s: %s is not known", at, brief(s))
		return ""
	}
	return s
}

func (d *decoder) day(n *yaml.Node, at string) string {
	s := d.text(n, at)
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		d.at(n, "year, month and day, as in 2026-12-25", "%s: %s is no date", at, brief(s))
		return ""
	}
	return s
}

func (d *decoder) period(n *yaml.Node, at string) Period {
	s := d.text(n, at)
	p, ok := ParsePeriod(s)
	if !ok {
		d.at(n, "as in 72h, 30d, 4bd (business days) or 1mo", "%s: %s is no time", at, brief(s))
	}
	return p
}
