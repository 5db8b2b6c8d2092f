package response

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// evidenceFirst is the rule that what cannot be undone waits for evidence: what
// the collecting steps took that its step needs, else any of the incident. An
// exhibit counts when its sealed bytes were hashed again and are those that
// were sealed; that is done here, with the smallest, where nobody did it yet.
func (s *Session) evidenceFirst(ctx context.Context, f *folder, j candidate) ([]breach, error) {
	if !j.irreversible() {
		return nil, nil
	}
	var all []store.Exhibit
	wanted := map[string]map[string]bool{} // exhibits by the step that took them
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if all, err = tx.Exhibits(); err != nil {
			return err
		}
		wanted, err = s.takenBefore(tx, j.w.step0)
		return err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(x store.Exhibit) bool { return x.Erased != "" || x.Elsewhere })
	hint := "take evidence first: firebreak collect " + string(f.id)
	if len(wanted) == 0 {
		holds, err := s.holdsEvidence(ctx, f, all)
		if err != nil || holds {
			return nil, err
		}
		return []breach{{rule: "evidence first", says: "it cannot be undone, and no evidence is sealed yet that holds", hint: hint}}, nil
	}
	var out []breach
	for step, exhibits := range wanted {
		of := slices.DeleteFunc(slices.Clone(all), func(x store.Exhibit) bool { return !exhibits[x.ID] })
		holds, err := s.holdsEvidence(ctx, f, of)
		if err != nil {
			return nil, err
		}
		if !holds {
			out = append(out, breach{
				rule: "evidence first: step " + step, hint: hint,
				says: fmt.Sprintf("it cannot be undone, and step %s, which it needs, has sealed nothing that holds", step),
			})
		}
	}
	slices.SortFunc(out, func(a, b breach) int { return cmp.Compare(a.rule, b.rule) })
	return out, nil
}

// takenBefore are the exhibits that were sealed by each collecting step that the
// step says it needs.
func (s *Session) takenBefore(tx *store.Tx, step *playbooks.Step) (map[string]map[string]bool, error) {
	out := map[string]map[string]bool{}
	if step == nil || len(step.Needs) == 0 {
		return out, nil
	}
	run, err := s.s.run(tx)
	if err != nil || run == nil {
		return out, err
	}
	for _, id := range step.Needs {
		if st, ok := run.Step(id); ok && (st.Verb == playbooks.VerbCollect || st.Verb == playbooks.VerbIngest) {
			out[id] = map[string]bool{}
		}
	}
	if len(out) == 0 {
		return out, nil
	}
	sealed, err := tx.EntriesOf(record.EvidenceSealed)
	if err != nil {
		return nil, err
	}
	for _, e := range sealed {
		if of := out[e.Step]; of != nil {
			var x record.Exhibit
			if err := e.Decode(&x); err != nil {
				return nil, err
			}
			of[x.ID] = true
		}
	}
	return out, nil
}

// holdsEvidence says whether there is an exhibit among those whose bytes are
// what was sealed.
func (s *Session) holdsEvidence(ctx context.Context, f *folder, of []store.Exhibit) (bool, error) {
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
