package review

import (
	"cmp"
	"slices"

	"firebreak/record"
)

// Holdings are what a control did, the worst last.
func Holdings() []string { return []string{"held", "partly", "failed", "missing"} }

func worse(x, y string) string {
	order := Holdings()
	if slices.Index(order, y) > slices.Index(order, x) {
		return y
	}
	return x
}

// controls gathers what was said of controls, the latest word on each, and sorts
// the gaps by the framework that the references belong to.
func (b *builder) controls() {
	each(b, func(e record.Entry, p record.Control) {
		c := Control{Control: p, Act: act(e)}
		for _, r := range p.Refs {
			c.Names = append(c.Names, ReferenceName(r))
		}
		at := slices.IndexFunc(b.r.Controls, func(x Control) bool { return x.ID == p.ID })
		if at < 0 {
			b.r.Controls = append(b.r.Controls, c)
		} else {
			b.r.Controls[at] = c
		}
	}, record.ControlJudged)
	b.r.Controls = slices.DeleteFunc(b.r.Controls, func(c Control) bool { return c.Withdrawn })
	for _, f := range frameworks {
		out := Framework{Key: f.key, Name: f.name}
		for _, c := range b.r.Controls {
			if c.Held == "held" {
				continue
			}
			for _, r := range c.Refs {
				if key, ref := splitReference(r); key == f.key {
					out.add(ref, r, c)
				}
			}
		}
		if len(out.Gaps) > 0 {
			slices.SortFunc(out.Gaps, func(x, y Gap) int { return cmp.Compare(x.Ref, y.Ref) })
			b.r.Gaps = append(b.r.Gaps, out)
		}
	}
}

func (f *Framework) add(ref, whole string, c Control) {
	at := slices.IndexFunc(f.Gaps, func(g Gap) bool { return g.Ref == ref })
	if at < 0 {
		at = len(f.Gaps)
		f.Gaps = append(f.Gaps, Gap{Ref: ref, Name: ReferenceName(whole), Held: c.Held})
	}
	g := &f.Gaps[at]
	if slices.Contains(g.Controls, c.ID) {
		return // it names the reference twice
	}
	g.Held = worse(g.Held, c.Held)
	g.Controls = append(g.Controls, c.ID)
	g.Seqs = append(g.Seqs, c.Seq)
	if c.Text != "" {
		g.Texts = append(g.Texts, c.Text)
	}
}
