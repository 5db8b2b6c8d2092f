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
	if r.To == "-" && isTerminal(o.p.Out) {
		shown := &harmlessLines{w: o.p.Out}
		r.Out = shown
		defer func() { err = errors.Join(err, shown.flush()) }()
	}
	sum, err := s.ExportEvents(c.Context(), id, r, o.p.progress())
	var wrong *timeline.FilterError
	if errors.As(err, &wrong) && !o.p.json {
		o.p.errf("%s\n", wrong.Caret())
	}
	if err != nil || r.To == "-" {
		return err
	}
	if sum.InTheClear {
		o.p.errf("  NOTE: the workspace is encrypted, and %s is not: whoever has the file reads it.\n", term.Safe(r.To))
	}
	if o.p.json {
		return o.p.printJSON(sum)
	}
	said := fmt.Sprintf("%s: %d events", sum.To, sum.Events)
	if sum.SHA256 != "" {
		said += fmt.Sprintf(", %d bytes, sha256 %s", sum.Bytes, sum.SHA256)
	}
	if err := o.p.printf("%s\n", term.Safe(said)); err != nil {
		return err
	}
	if sum.LeftOut > 0 {
		return o.p.printf("  %d left out: %s\n", sum.LeftOut, sum.Why)
	}
	return nil
}

// isTerminal says whether what is written there is shown to a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && xterm.IsTerminal(int(f.Fd()))
}

// harmlessLines passes text on in a form that no terminal obeys.
type harmlessLines struct {
	w    io.Writer
	held []byte
}

// Write keeps what is no whole line yet.
func (h *harmlessLines) Write(b []byte) (int, error) {
	h.held = append(h.held, b...)
	end := strings.LastIndexByte(string(h.held), '\n') + 1
	if end == 0 {
		return len(b), nil
	}
	_, err := io.WriteString(h.w, term.SafeLines(string(h.held[:end])))
	h.held = append(h.held[:0], h.held[end:]...)
	return len(b), err
}

func (h *harmlessLines) flush() error {
	_, err := io.WriteString(h.w, term.SafeLines(string(h.held)))
	h.held = h.held[:0]
	return err
}
