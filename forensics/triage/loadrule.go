package triage

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
	"firebreak/timeline"
)

var (
	isID        = lazyre.New(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	isTechnique = lazyre.New(`^T[0-9]{4}(\.[0-9]{3})?$`)
)

// most is how many findings of one rule stand by themselves.
const most = 12

// keys is what a mapping may have, each with what reads it.
type keys map[string]func(*yaml.Node)

// mapping reads a mapping; needed keys have to be there.
func (l *loader) mapping(n *yaml.Node, known keys, needed ...string) bool {
	if n.Kind != yaml.MappingNode {
		l.fail(n, "", "want a mapping")
		return false
	}
	before := len(l.problems)
	there := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		read := known[key.Value]
		if read == nil {
			l.fail(key, "docs/triage.md lists the keys", "unknown key %q", key.Value)
			continue
		}
		there[key.Value] = true
		read(n.Content[i+1])
	}
	for _, name := range needed {
		if !there[name] {
			l.fail(n, "", "%s: is missing", name)
		}
	}
	return len(l.problems) == before
}

func (l *loader) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
		l.fail(n, "", "want a text")
		return ""
	}
	for _, r := range n.Value {
		if r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			l.fail(n, "", "a control character")
			return ""
		}
	}
	return strings.TrimSpace(n.Value)
}

func (l *loader) texts(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{l.text(n)}
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		l.fail(n, "", "want a text or a list of texts")
		return nil
	}
	var out []string
	for _, c := range n.Content {
		out = append(out, l.text(c))
	}
	return out
}

func (l *loader) number(n *yaml.Node, least int) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < least || i > 1_000_000 {
		l.fail(n, "", "want a whole number from %d to 1000000", least)
	}
	return i
}

func (l *loader) length(n *yaml.Node) time.Duration {
	d, ok := timeline.ReadDuration(n.Value)
	if n.Kind != yaml.ScalarNode || !ok || d <= 0 {
		l.fail(n, "", "want a length of time, as in 90s, 10m, 2h or 7d")
	}
	return d
}

func (l *loader) field(n *yaml.Node) Field {
	f, err := ParseField(l.text(n))
	if err != nil {
		l.fail(n, "fields are those of the filter language; attributes are attr.NAME", "%s", err)
	}
	return f
}

// filter reads a filter. Relative times would make findings depend on the day.
func (l *loader) filter(n *yaml.Node) (string, timeline.Filter) {
	text := l.text(n)
	if text == "" {
		return "", timeline.Filter{}
	}
	f, err := timeline.ParseFilterAt(text, timeline.Moments{})
	var wrong *timeline.FilterError
	switch {
	case errors.As(err, &wrong):
		column := n.Column
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			column++
		}
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
			column += wrong.Offset
		}
		l.failAt(n.Line, column, wrong.Hint, "in the filter: "+wrong.Problem)
	case f.UsesMarks():
		l.fail(n, "", "star, tag and comment are people's; a rule looks at events alone")
	case f.Expr() == nil:
		l.fail(n, "", "the filter is empty")
	}
	return text, f
}

func (l *loader) where(n *yaml.Node, joined bool) []Comparison {
	var out []Comparison
	for _, text := range l.texts(n) {
		c, err := ParseComparison(text, joined)
		if err != nil {
			l.fail(n, "", "%s", err)
		}
		out = append(out, c)
	}
	return out
}

func (l *loader) joins(n *yaml.Node) []Join {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	var out []Join
	for _, c := range list {
		if j := l.join(c); j != nil {
			out = append(out, *j)
		}
	}
	return out
}

func (l *loader) join(n *yaml.Node) *Join {
	var j Join
	ok := l.mapping(n, keys{
		"find":   func(n *yaml.Node) { j.Find, j.filter = l.filter(n) },
		"within": func(n *yaml.Node) { j.Within = l.length(n) },
		"last":   func(n *yaml.Node) { j.Last = l.length(n) },
		"where":  func(n *yaml.Node) { j.Where = l.where(n, true) },
		"same": func(n *yaml.Node) {
			for _, text := range l.texts(n) {
				mine, other, two := strings.Cut(text, " = ")
				if !two {
					other = mine
				}
				a, errA := ParseField(mine)
				b, errB := ParseField(other)
				if err := errors.Join(errA, errB); err != nil {
					l.fail(n, `write a field, or "FIELD = FIELD OF THE OTHER"`, "%s", err)
				}
				j.Same = append(j.Same, Pair{a, b})
			}
		},
	}, "find")
	if !ok {
		return nil
	}
	return &j
}

func (l *loader) rule(n *yaml.Node) *Rule {
	r := &Rule{File: fmt.Sprintf("%s:%d", l.file, n.Line), Most: most}
	var reason *yaml.Node
	known := keys{
		"title":          func(n *yaml.Node) { r.Title = l.text(n) },
		"false_positive": func(n *yaml.Node) { r.FalsePositive = l.text(n) },
		"next":           func(n *yaml.Node) { r.Next = l.texts(n) },
		"reason":         func(n *yaml.Node) { reason = n },
		"find":           func(n *yaml.Node) { r.Find, r.filter = l.filter(n) },
		"last":           func(n *yaml.Node) { r.Last = l.length(n) },
		"most":           func(n *yaml.Node) { r.Most = l.number(n, 1) },
		"where":          func(n *yaml.Node) { r.Where = l.where(n, false) },
		"with":           func(n *yaml.Node) { r.With = l.joins(n) },
		"without":        func(n *yaml.Node) { r.Not = l.joins(n) },
		"followed_by":    func(n *yaml.Node) { r.Then = l.join(n) },
		"crowd":          func(n *yaml.Node) { r.Crowd = l.crowd(n) },
		"count":          func(n *yaml.Node) { r.Count = l.count(n) },
		"gap":            func(n *yaml.Node) { r.Gap = l.gap(n) },
		"id": func(n *yaml.Node) {
			r.ID = l.text(n)
			if !isID.MatchString(r.ID) || len(r.ID) > 64 {
				l.fail(n, "lower-case words with hyphens, as in cron-downloads", "%q is no id", r.ID)
			} else if at, twice := l.seen[r.ID]; twice {
				l.fail(n, "", "the rule %s is already at %s", r.ID, at)
			}
			l.seen[r.ID] = r.File
		},
		"severity": func(n *yaml.Node) {
			if r.Severity = Severity(l.text(n)); r.Severity.Rank() < 0 {
				l.fail(n, "", "want info, low, medium, high or critical")
			}
		},
		"technique": func(n *yaml.Node) {
			if r.Technique = l.text(n); !isTechnique.MatchString(r.Technique) {
				l.fail(n, "", "want an id of ATT&CK, as in T1053.003")
			}
		},
		"by": func(n *yaml.Node) {
			list := []*yaml.Node{n}
			if n.Kind == yaml.SequenceNode {
				list = n.Content
			}
			for _, c := range list {
				r.By = append(r.By, l.field(c))
			}
		},
		"first_seen": func(n *yaml.Node) {
			r.First = &First{}
			l.mapping(n, keys{"in_last": func(n *yaml.Node) { r.First.After = l.length(n) }}, "in_last")
		},
		"rare": func(n *yaml.Node) {
			r.Rare = &Rare{}
			l.mapping(n, keys{
				"at_most": func(n *yaml.Node) { r.Rare.AtMost = l.number(n, 1) },
				"among":   func(n *yaml.Node) { r.Rare.Among = l.number(n, 1) },
			}, "at_most", "among")
		},
	}
	if !l.mapping(n, known, "id", "title", "severity", "find", "reason", "false_positive", "next") {
		return nil
	}
	joined := len(r.With) > 0 || r.Then != nil
	t, err := ParseTemplate(l.text(reason), joined)
	if err != nil {
		l.fail(reason, "", "%s", err)
		return nil
	}
	r.Reason = t
	if why := r.odd(); why != "" {
		l.fail(n, "", "%s", why)
		return nil
	}
	return r
}

// odd says what does not go together.
func (r *Rule) odd() string {
	switch {
	case r.Crowd != nil && r.Count != nil:
		return "crowd: and count: do not go together"
	case r.Gap != nil && (r.Crowd != nil || r.Count != nil || r.First != nil || r.Rare != nil || len(r.joins()) > 0 || len(r.By) > 0):
		return "gap: stands alone: its events are silent"
	case (r.First != nil || r.Rare != nil) && len(r.By) == 0:
		return "first_seen: and rare: need by:, whose values they look at"
	case r.First != nil && r.Last > 0:
		return "first_seen: looks at all of the evidence: leave out last:"
	case r.Rare != nil && r.Last > 0:
		return "rare: looks at all of the evidence: leave out last:"
	}
	return ""
}

func (l *loader) count(n *yaml.Node) *Count {
	c := &Count{}
	l.mapping(n, keys{
		"at_least": func(n *yaml.Node) { c.AtLeast = l.number(n, 2) },
		"within":   func(n *yaml.Node) { c.Within = l.length(n) },
		"of": func(n *yaml.Node) {
			f := l.field(n)
			c.Of = &f
		},
	}, "at_least")
	return c
}

func (l *loader) crowd(n *yaml.Node) *Crowd {
	c := &Crowd{}
	l.mapping(n, keys{
		"find":    func(n *yaml.Node) { c.Find, c.filter = l.filter(n) },
		"within":  func(n *yaml.Node) { c.Within = l.length(n) },
		"at_most": func(n *yaml.Node) { c.AtMost = l.number(n, 1) },
	}, "find", "within", "at_most")
	return c
}

func (l *loader) gap(n *yaml.Node) *Gap {
	g := &Gap{Events: 1}
	l.mapping(n, keys{
		"of": func(n *yaml.Node) {
			g.Of = l.field(n)
			if g.Of.attribute != "" || g.Of.field < timeline.FieldHost || g.Of.field > timeline.FieldExhibit || g.Of.part != "" {
				l.fail(n, "", "gaps are looked for by host, user, source, parser or exhibit")
			}
		},
		"at_least": func(n *yaml.Node) { g.AtLeast = l.length(n) },
		"while":    func(n *yaml.Node) { g.While, g.filter = l.filter(n) },
		"events":   func(n *yaml.Node) { g.Events = int64(l.number(n, 1)) },
		"unusual":  func(n *yaml.Node) { g.Unusual = l.number(n, 2) },
	}, "of", "at_least", "while")
	return g
}
