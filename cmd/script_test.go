package cmd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the manual: each script in testdata/script is a session at
// the command line, with a workspace of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scripts(nil))
}

func scripts(more func(*testscript.Env) error, files ...string) testscript.Params {
	p := testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("FIREBREAK_HOME", filepath.Join(e.WorkDir, "workspace"))
			e.Setenv("LANG", "C.UTF-8")
			e.Setenv("GORACE", gorace)
			if more != nil {
				return more(e)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "json": jsonInto, "flip": flip, "effects": effects, "spawn": spawn, "state": state,
		},
	}
	if len(files) == 0 {
		p.Dir = filepath.Join("testdata", "script")
	}
	return p
}

// exits CODE ARGS… runs firebreak and wants that exit code. Whatever it
// printed must be harmless to a terminal.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE [ARGS…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("firebreak", args[1:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("firebreak %s: exit %d, want %d", strings.Join(args[1:], " "), got, want)
	}
	if raw := rawControl(ts.ReadFile("stdout") + ts.ReadFile("stderr")); raw != "" {
		ts.Fatalf("firebreak %s printed a raw control character: %q", strings.Join(args[1:], " "), raw)
	}
}

// json NAME PATH puts a member of the JSON on the standard output into the
// variable NAME. PATH is members and indexes with full stops between them.
func jsonInto(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: json NAME PATH")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for part := range strings.SplitSeq(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			i, err := strconv.Atoi(part)
			ts.Check(err)
			if i >= len(at) {
				ts.Fatalf("json: %s: there are %d", args[1], len(at))
			}
			v = at[i]
		default:
			ts.Fatalf("json: nothing at %q of %s", part, args[1])
		}
	}
	if v == nil {
		ts.Fatalf("json: nothing at %s", args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// flip FILE [TEXT] changes one bit in the file: in the first place that holds
// TEXT, else in its middle.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: flip FILE [TEXT]")
	}
	matches, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(matches) == 0 {
		ts.Fatalf("flip: no file %s", args[0])
	}
	path := matches[0]
	b, err := os.ReadFile(path)
	ts.Check(err)
	at := len(b) / 2
	if len(args) == 2 {
		if at = strings.Index(string(b), args[1]); at < 0 {
			ts.Fatalf("flip: %s does not hold %q", path, args[1])
		}
	}
	b[at] ^= 1
	ts.Check(os.Chmod(path, 0o600))
	ts.Check(os.WriteFile(path, b, 0o600))
}

// vendorsKey is where a script's servers are found.
type vendorsKey struct{}

// effects prints what the vendors' servers have done, one effect a line.
func effects(ts *testscript.TestScript, _ bool, _ []string) {
	v, ok := ts.Value(vendorsKey{}).(*vendors)
	if !ok {
		ts.Fatalf("effects: this script has no servers")
	}
	list, err := v.world.Effects()
	ts.Check(err)
	for _, e := range list {
		_, err := fmt.Fprintf(ts.Stdout(), "%s: %s\n", e.System, e.What)
		ts.Check(err)
	}
}

// spawn NAME starts a process that only sleeps and puts its id into NAME.
func spawn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: spawn NAME")
	}
	c := exec.Command("sleep", "600")
	ts.Check(c.Start())
	ts.Defer(func() {
		_ = c.Process.Kill() // it may have ended
		_ = c.Wait()         // killed is what it shall be
	})
	ts.Setenv(args[0], strconv.Itoa(c.Process.Pid))
}

// state PID LETTER wants the process to be in that state of proc(5).
func state(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: state PID LETTER")
	}
	b, err := os.ReadFile("/proc/" + args[0] + "/stat")
	ts.Check(err)
	fields := strings.Fields(string(b)[strings.LastIndexByte(string(b), ')')+1:])
	if (fields[0] == args[1]) == neg {
		ts.Fatalf("process %s is in state %s", args[0], fields[0])
	}
}
