package keys

import "filippo.io/age"

// Identity is what opens archives that are encrypted to the workspace.
func (w *Workspace) Identity() age.Identity { return w.id }

// Recipients are the public keys of everything that opens the workspace: its
// own, and those of the people it is sealed to. An archive that is encrypted to
// the workspace is encrypted to all of them, so that it can be opened when
// nothing else of the workspace is left.
func (l *Lock) Recipients() []string {
	out := []string{l.Recipient}
	for _, s := range l.Slots {
		out = append(out, s.To...)
	}
	return out
}
