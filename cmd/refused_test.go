package cmd

import (
	"fmt"
	"strings"
	"testing"

	"firebreak/record"
)

// Three hundred refusals are a screen, not ten.
func TestRefusedFitsAScreen(t *testing.T) {
	t.Parallel()
	var list []record.Refusal
	for i := range 300 {
		list = append(list, record.Refusal{Collector: "linux.listing", Source: fmt.Sprintf("/home/%d\x1b[2J", i), Reason: "permission denied"})
	}
	list = append(list, record.Refusal{Collector: "linux.ssh", Source: "/x", Reason: "a FIFO: never opened"})
	for i := range 100 {
		list = append(list, record.Refusal{Collector: "x", Source: "/y", Reason: fmt.Sprintf("reason %d", i)})
	}
	list = append(list, record.Refusal{Collector: "linux.files", Source: "/asked/for", Reason: "permission denied"})
	var b strings.Builder
	show := func(format string, args ...any) error {
		_, err := fmt.Fprintf(&b, format, args...)
		return err
	}
	var p program
	if err := p.refused(list, "--json", show); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if n := strings.Count(out, "\n"); n != maxReasons+1 || strings.Contains(out, "\x1b") {
		t.Errorf("%d lines:\n%s", n, out)
	}
	for _, want := range []string{"permission denied, 300 times: /home/0", "  refused  /x: a FIFO: never opened\n", "  refused  /asked/for: permission denied\n", "  refused  402 in all, 63 more lines here; --json names each\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	b.Reset()
	if err := p.refused(list[300:302], "--json", show); err != nil || b.String() != "  refused  /x: a FIFO: never opened\n  refused  /y: reason 0\n" {
		t.Errorf("%v: %q", err, b.String())
	}
}
