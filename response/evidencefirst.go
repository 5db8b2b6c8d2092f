package response

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"firebreak/store"
)

// evidenceFirst is the rule that what cannot be undone waits for evidence: of
// each thing that the step says has to be kept, else any of the incident. An
// exhibit counts when its sealed bytes were hashed again and are those that
// were sealed; that is done here, with the smallest, where nobody did it yet.
func (s *Session) evidenceFirst(ctx context.Context, f *folder, j candidate) ([]breach, error) {
	if !j.irreversible() {
		return nil, nil
	}
	var all []store.Exhibit
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(x store.Exhibit) bool { return x.Erased != "" || x.Elsewhere })
	wanted := []string{""}
	if j.w.step0 != nil && len(j.w.step0.Evidence) > 0 {
		wanted = j.w.step0.Evidence
	}
	var out []breach
	for _, what := range wanted {
		holds, err := s.holdsEvidence(ctx, f, all, what)
		if err != nil {
			return nil, err
		}
		if holds {
			continue
		}
		b := breach{rule: "evidence first", says: "it cannot be undone, and no evidence is sealed yet that holds", hint: "take evidence first: firebreak collect " + string(f.id)}
		if what != "" {
			b.rule += ": " + what
			b.says = fmt.Sprintf("it cannot be undone, and its step says to keep %s first, of which nothing is sealed that holds", what)
		}
		out = append(out, b)
	}
	return out, nil
}

// holdsEvidence says whether there is an exhibit of that name whose bytes are
// those that were sealed.
func (s *Session) holdsEvidence(ctx context.Context, f *folder, all []store.Exhibit, what string) (bool, error) {
	var of []store.Exhibit
	for _, x := range all {
		if what == "" || isOf(x, what) {
			of = append(of, x)
		}
	}
	if slices.ContainsFunc(of, func(x store.Exhibit) bool { return x.Checked != nil && x.Checked.OK }) {
		return true, nil
	}
	slices.SortFunc(of, func(a, b store.Exhibit) int { return cmp.Compare(a.Size, b.Size) })
	for _, x := range of {
		if x.Checked != nil {
			continue // it was checked, and does not hold
		}
		c, err := s.CheckExhibit(ctx, f.id, x.ID)
		if err != nil {
			return false, err
		}
		if c.OK {
			return true, nil
		}
	}
	return false, nil
}

// isOf says that an exhibit is what the word says: its kind, its collector, or
// words of its title.
func isOf(x store.Exhibit, what string) bool {
	what = strings.ToLower(what)
	for _, text := range []string{x.Kind, x.Collector, x.Title} {
		if strings.Contains(strings.ToLower(text), what) {
			return true
		}
	}
	return false
}
