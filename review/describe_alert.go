package review

import (
	"fmt"
	"strings"

	"firebreak/record"
)

// describeReceived says what came in, of whom, and what of it is new.
func describeReceived(p record.Received) (string, bool) {
	who := given(p.Source)
	if len(p.Tools) > 0 {
		who = strings.Join(p.Tools, ", ")
	}
	s := fmt.Sprintf("%s reports %s (exhibit %s): %d new", who, counted(p.Findings, "finding", "findings"), given(p.Exhibit), p.New)
	for _, part := range []struct {
		n    int
		what string
	}{{p.Again, "seen again"}, {p.Reopened, "open again"}, {p.Resolved, "resolved"}, {p.Gone, "gone"}} {
		if part.n > 0 {
			s += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	var worst []string
	for _, level := range []string{"critical", "high"} {
		if n := p.Severity[level]; n > 0 {
			worst = append(worst, fmt.Sprintf("%d %s", n, level))
		}
	}
	if len(worst) > 0 {
		s += "; " + strings.Join(worst, ", ")
	}
	return s, false
}
