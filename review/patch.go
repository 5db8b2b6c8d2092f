package review

import (
	"fmt"
	"strings"

	"firebreak/internal/term"
)

// Patch is what the review proposes to change in the playbooks that were followed,
// for patch -p1 or git apply; both pass over the words above each difference. It
// fits the files with the hashes that it names, to the byte.
func (r Review) Patch() []byte {
	var b strings.Builder
	line := func(format string, args ...any) {
		b.WriteString(term.Safe(fmt.Sprintf(format, args...)) + "\n")
	}
	line("Changes of playbooks that incident %s suggests. Read them, change them, and apply what is right:", given(string(r.Incident.ID)))
	line("nothing applies them by itself. What people typed in a hurry may name people and systems.")
	for _, p := range r.Proposals {
		b.WriteString("\n")
		line("Playbook %s %s, run %s, SHA-256 %s", given(p.Playbook), p.Version, p.Run, given(p.SHA256))
		for _, s := range p.Says {
			line("* %s", s)
		}
		if p.Diff == "" {
			line("* no difference: %s", first(p.Reason, "nothing is to be changed"))
			continue
		}
		b.WriteString("\n" + p.Diff)
	}
	if len(r.Proposals) == 0 {
		line("The team followed no playbook.")
	}
	return []byte(b.String())
}
