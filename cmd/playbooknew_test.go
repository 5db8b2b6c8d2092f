package cmd_test

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// onTerminal runs the program on a terminal, types these lines, and gives what
// was on the terminal and the exit code.
func onTerminal(t *testing.T, b *bench, lines []string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := b.command(ctx, args...)
	tty, err := pty.Start(c)
	if err != nil {
		t.Skip("no pseudo-terminal here: " + err.Error())
	}
	defer tty.Close() //nolint:errcheck // all was read
	if _, err := io.WriteString(tty, strings.Join(lines, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, _ = io.Copy(&out, tty) // ends with EIO when the program is gone
	_ = c.Wait()              // its exit code says it
	return out.String(), c.ProcessState.ExitCode()
}

// An answer that cannot be is asked for again, and those before it are kept.
func TestPlaybookNewAsksAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	out, code := onTerminal(t, b, []string{"Lost_Laptop", "lost-laptop", "", "high", "sev3", "host", "lawyer", "legal", "nochat", "", "y"}, "playbook", "new")
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, out)
	}
	for _, want := range []string{`id "Lost_Laptop": want lower-case`, `severity "high": want sev1`, `role "lawyer": want one of`, `nochat`, "firebreak playbook test lost-laptop.yaml"} {
		if !strings.Contains(out, want) {
			t.Errorf("the terminal does not say %q:\n%s", want, out)
		}
	}
	book := readFile(t, filepath.Join(b.dir, "lost-laptop.yaml"))
	for _, want := range []string{"id: lost-laptop\n", "severity: sev3\n", "labels: [host]\n", "legal: ", "eu-gdpr-33-authority"} {
		if !strings.Contains(book, want) {
			t.Errorf("the playbook does not have %q:\n%s", want, book)
		}
	}
	b.want(0, "playbook", "test", "--strict", "lost-laptop.yaml")
	b.want(0, "playbook", "lint", "--strict", "lost-laptop.yaml")
}

// Nobody answers right: it ends, and says what it wants.
func TestPlaybookNewGivesUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	out, code := onTerminal(t, b, []string{"own", "", "high", "high", "high", "high", "high"}, "playbook", "new")
	if code != 2 || !strings.Contains(out, `firebreak: severity "high": want sev1, sev2, sev3 or sev4`) {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// What a newcomer gets wrong is answered with what to do.
func TestPlaybookHints(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want(0, "playbook", "new", "own")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "named by its file: own.yaml", []string{"playbook", "test", "own"}},
		{1, "did you mean ransomware?", []string{"playbook", "graph", "ransomwear"}},
		{1, "firebreak playbook list shows the ids", []string{"drill", "nothing-like-it"}},
		{1, "firebreak playbook pack sign . makes one", []string{"playbook", "pack", "show", "."}},
		{2, "firebreak playbook pack sign . --id ID --version 1.0.0", []string{"playbook", "pack", "sign", "."}},
	} {
		r := b.want(c.code, c.args...)
		tells(t, r, c.want)
		if len(r.err) > 400 {
			t.Errorf("%v: %d bytes of hint", c.args, len(r.err))
		}
	}
	// A playbook with an error: its tests say so, and lint goes on.
	broken := strings.Replace(readFile(t, filepath.Join(b.dir, "own.yaml")), "if: ongoing", "if: onging", 1)
	b.write("own.yaml", broken)
	for _, args := range [][]string{{"playbook", "lint", "."}, {"playbook", "test", "."}} {
		r := b.want(1, args...)
		if !strings.Contains(r.out, `own.test.yaml:2:11: error PT020: playbook "own" has errors of its own (firebreak playbook lint own.yaml)`) {
			t.Errorf("%v: %s", args, r.out)
		}
	}
	if r := b.want(1, "playbook", "lint", "--sarif", "."); !strings.Contains(r.out, "PT020") || !strings.Contains(r.out, "PB031") {
		t.Errorf("SARIF: %s", r.out)
	}
}
