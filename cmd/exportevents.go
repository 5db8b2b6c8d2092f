package cmd

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	xterm "golang.org/x/term"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

// formatList names the formats of events, one a line.
func formatList() string {
	var b strings.Builder
	for _, f := range response.ExportFormats() {
		fmt.Fprintf(&b, "  %-17s %s\n", f.Name, f.For)
	}
	return b.String()
}

func runExportEvents(c *cobra.Command, o *exportOptions) (err error) {
	r := o.timeline
	r.To, r.Out = o.to, o.p.Out
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if r.To == "-" {
		to, err := o.p.eventsOut(r.Format, r.Exact)
		if err != nil {
			return err
		}
		r.Out = to
	}
	sum, err := s.ExportEvents(c.Context(), id, r, o.p.progress())
	var wrong *timeline.FilterError
	if errors.As(err, &wrong) && !o.p.json {
		o.p.errf("%s\n", wrong.Caret())
	}
	if err != nil {
		return err
	}
	if sum.InTheClear {
		o.p.errf("  NOTE: the workspace is encrypted, and %s is not: whoever has the file reads it.\n", term.Safe(r.To))
	}
	left := ""
	if sum.LeftOut > 0 {
		left = fmt.Sprintf("  %d left out: %s\n", sum.LeftOut, sum.Why)
	}
	switch {
	case r.To == "-": // the standard output has the events
		if !o.p.quiet && !o.p.json {
			o.p.errf("%s", left)
		}
		return nil
	case o.p.json:
		return o.p.printJSON(sum)
	}
	return o.p.printf("%s: %s, %d bytes, sha256 %s\n%s", term.Safe(sum.To), plural(sum.Events, "event"), sum.Bytes, sum.SHA256, left)
}

// eventsOut is the standard output for events in that format. JSON is such that
// no terminal obeys it. Other text is made so, since nobody knows where a pipe
// ends, unless it has to be exact and does not go to a terminal at once.
func (p *program) eventsOut(format string, exact bool) (io.Writer, error) {
	terminal := isTerminal(p.Out)
	switch {
	case !response.ExportsText(format) && terminal:
		return nil, errFlag{fmt.Errorf("%s is no text: name a file to write it to, or a program behind a pipe", format)}
	case !response.ExportsText(format), strings.HasSuffix(format, "jsonl") || format == "", exact && !terminal:
		return p.Out, nil
	}
	return harmlessText{p.Out}, nil
}

// isTerminal says whether what is written there is shown to a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && xterm.IsTerminal(int(f.Fd()))
}

// harmlessText passes text on in a form that no terminal obeys. It wants whole
// events at a time.
type harmlessText struct{ w io.Writer }

func (h harmlessText) Write(b []byte) (int, error) {
	if _, err := io.WriteString(h.w, term.SafeLines(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
