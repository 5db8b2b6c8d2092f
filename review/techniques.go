package review

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"firebreak/internal/lazyre"
	"firebreak/record"
)

var techniqueID = lazyre.New(`^T[0-9]{4}(\.[0-9]{3})?$`)

// IsTechnique says whether a text has the form of an id of ATT&CK: T1566 or
// T1566.001.
func IsTechnique(s string) bool { return techniqueID.MatchString(s) }

// techniqueOf is the id that a tag stands for, "" when it is none. People write
// t1566.001 and attack:T1566.001 as well.
func techniqueOf(tag string) string {
	tag = strings.ToUpper(tag)
	tag = strings.TrimPrefix(strings.TrimPrefix(tag, "ATTACK:"), "ATTACK.")
	if IsTechnique(tag) {
		return tag
	}
	return ""
}

// techniques gathers what says that the attacker used a technique: people's
// statements, tags of marked events, and confirmed findings. A statement that was
// taken back takes only itself away.
func (b *builder) techniques() {
	use := func(id string) *TechniqueUse {
		at := slices.IndexFunc(b.r.Techniques, func(t TechniqueUse) bool { return t.ID == id })
		if at < 0 {
			at = len(b.r.Techniques)
			b.r.Techniques = append(b.r.Techniques, TechniqueUse{ID: id, Sources: []string{}, Seqs: []int64{}})
		}
		return &b.r.Techniques[at]
	}
	for _, s := range b.statedTechniques() {
		t := use(s.Technique.Technique)
		t.add("stated", s.Seq, s.At)
		t.Name = first(s.Name, t.Name)
		if s.Text != "" {
			t.Texts = append(t.Texts, s.Text)
		}
		t.Events = append(t.Events, s.Events...)
	}
	for _, m := range b.marked() {
		for _, tag := range m.tags {
			if id := techniqueOf(tag); id != "" {
				t := use(id)
				t.add("tag", m.seq, m.time)
				t.Events = append(t.Events, m.event)
			}
		}
	}
	for _, f := range b.r.Findings {
		if id := techniqueOf(f.Technique); id != "" {
			t := use(id)
			t.add("finding", f.Seq, f.First)
			t.Events = append(t.Events, f.Events...)
		}
	}
	for i := range b.r.Techniques {
		t := &b.r.Techniques[i]
		slices.Sort(t.Seqs)
		t.Seqs = slices.Compact(t.Seqs)
		slices.Sort(t.Events)
		t.Events = slices.Compact(t.Events)
		for _, c := range b.r.Controls {
			if slices.Contains(c.Techniques, t.ID) {
				t.Held = worse(t.Held, c.Held)
				t.Seqs = append(t.Seqs, c.Seq)
			}
		}
	}
	slices.SortStableFunc(b.r.Techniques, func(x, y TechniqueUse) int { return cmp.Compare(x.ID, y.ID) })
}

func (t *TechniqueUse) add(source string, seq int64, at time.Time) {
	if !slices.Contains(t.Sources, source) {
		t.Sources = append(t.Sources, source)
	}
	t.Seqs = append(t.Seqs, seq)
	if at.IsZero() {
		return
	}
	if at = at.UTC(); t.First.IsZero() || at.Before(t.First) {
		t.First = at
	}
	if at.After(t.Last) {
		t.Last = at
	}
}

// statedTechnique is one statement that stands.
type statedTechnique struct {
	record.Technique
	Act
}

// statedTechniques are the statements that stand: a later one of the same
// technique and time replaces the one before.
func (b *builder) statedTechniques() []statedTechnique {
	if b.stating != nil {
		return b.stating
	}
	b.stating = []statedTechnique{}
	each(b, func(e record.Entry, p record.Technique) {
		if p.Withdrawn {
			b.stating = slices.DeleteFunc(b.stating, func(s statedTechnique) bool {
				return s.Technique.Technique == p.Technique && (p.At.IsZero() || s.At.Equal(p.At))
			})
			return
		}
		s := statedTechnique{p, act(e)}
		at := slices.IndexFunc(b.stating, func(x statedTechnique) bool {
			return x.Technique.Technique == p.Technique && x.At.Equal(p.At)
		})
		if at < 0 {
			b.stating = append(b.stating, s)
		} else {
			b.stating[at] = s
		}
	}, record.TechniqueSeen)
	return b.stating
}
