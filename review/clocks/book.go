package clocks

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"firebreak/internal/problem"
)

//go:embed data/*.yaml
var data embed.FS

// Known are the rules that are built in. An error is a mistake of ours.
func Known() ([]Rule, error) {
	rules, err := known()
	return slices.Clone(rules), err
}

var known = sync.OnceValues(readKnown)

func readKnown() ([]Rule, error) {
	names, err := fs.Glob(data, "data/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("read clocks: %w", err)
	}
	var out []Rule
	for _, name := range names {
		src, err := data.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read clocks: %w", err)
		}
		rules, err := Parse(name, src, true)
		if err != nil {
			return nil, err
		}
		out = append(out, rules...)
	}
	return out, nil
}

// maxOwn bounds the rules of a workspace.
const maxOwn = 1000

// NewBook puts our rules and those of a workspace together. The error says what of
// the workspace's does not fit, or which regime nobody knows.
func NewBook(own []Rule, c Choice) (*Book, error) {
	known, err := Known()
	if err != nil {
		return nil, err
	}
	b := &Book{at: map[string]int{}, on: map[string]bool{}}
	if len(own) > maxOwn {
		return nil, fmt.Errorf("more than %d clocks of your own", maxOwn)
	}
	for _, r := range slices.Concat(known, own) {
		if i, there := b.at[r.ID]; there {
			where := "is built in"
			if f := b.rules[i].File; f != "" {
				where = fmt.Sprintf("is in %s, line %d, too", f, b.rules[i].Line)
			}
			return nil, fmt.Errorf("%s:%d: clock %s %s", r.File, r.Line, r.ID, where)
		}
		b.at[r.ID] = len(b.rules)
		b.rules = append(b.rules, r)
	}
	for _, r := range own {
		if _, there := b.at[r.After]; r.After != "" && !there {
			return nil, fmt.Errorf("%s:%d: clock %s comes after %s, which nobody knows%s", r.File, r.Line, r.ID, r.After, meant(r.After, b.IDs()))
		}
	}
	return b, b.choose(c)
}

func meant(word string, known []string) string {
	if n := problem.Nearest(word, known); n != "" {
		return fmt.Sprintf(": did you mean %s?", n)
	}
	return ""
}

// choose says which rules are on: all of one's own, and of ours those that the
// configuration names. What is only remembered is on by its own id, or by all.
func (b *Book) choose(c Choice) error {
	for _, r := range b.rules {
		b.on[r.ID] = c.All || r.Confidence == Own
	}
	for _, name := range c.Regimes {
		found := false
		for _, r := range b.rules {
			if strings.EqualFold(name, r.Regime) || strings.EqualFold(name, r.Place) {
				found = true
				b.on[r.ID] = b.on[r.ID] || r.Confidence != Remembered
			}
		}
		if !found {
			return fmt.Errorf("clocks.regimes: no regime or place is called %q%s", name, meant(name, b.Names()))
		}
	}
	for _, id := range c.Also {
		if _, there := b.at[id]; !there {
			return fmt.Errorf("clocks.also: no clock is called %q%s", id, meant(id, b.IDs()))
		}
		b.on[id] = true
	}
	return nil
}

// Names are the regimes and places that the configuration can name.
func (b *Book) Names() []string {
	var out []string
	for _, r := range b.rules {
		for _, name := range []string{r.Regime, r.Place} {
			if name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// With is the book with further rules on, for one incident; ids that it does not know
// are passed over.
func (b *Book) With(ids []string) *Book {
	out := *b
	out.on = maps.Clone(b.on)
	for _, id := range ids {
		if _, there := b.at[id]; there {
			out.on[id] = true
		}
	}
	return &out
}
