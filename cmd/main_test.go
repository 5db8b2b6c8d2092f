package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"firebreak/cmd"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/mishap"
)

// TestMain lets this test binary stand as the program "firebreak" in the PATH
// of the tests: what they run is the real one, in a process of its own.
func TestMain(m *testing.M) {
	mishap.Main()
	testscript.Main(m, map[string]func(){
		"firebreak": func() {
			w := cmd.Process()
			w.Reached, w.Work = dieAt(os.Getenv(dieEnv)), 10       // what is measured takes seconds
			w.SegmentRows, _ = strconv.Atoi(os.Getenv(segmentEnv)) // no number: as they are
			cmd.Exit(cmd.Main(w))
		},
		"peak": peak,
	})
}

// segmentEnv names at how many events a segment of the timeline is full.
const segmentEnv = "FIREBREAK_TEST_SEGMENT_ROWS"

// newSmallBench has segments of a tenth, so that a tenth of the events is more than
// one: that is what times tells. In the soak form they are as they are.
func newSmallBench(t *testing.T) (b *bench, times int) {
	t.Helper()
	if testkit.Soak() {
		return newBench(t), 10
	}
	return newBench(t, segmentEnv+"=6500"), 1
}

// bench is a workspace of its own, and the environment to run the program in.
type bench struct {
	t    *testing.T
	dir  string // a scratch folder
	home string // FIREBREAK_HOME
	env  []string
	key  []string // the flags that open the workspace, when it is encrypted
}

func newBench(t *testing.T, env ...string) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{t: t, dir: dir, home: filepath.Join(dir, "workspace")}
	b.env = append(plainEnv(dir, b.home), env...)
	return b
}

// gorace makes a data race in the program end it with exit code 66, and keeps
// the race detector from waiting a second at each exit.
const gorace = "halt_on_error=1 atexit_sleep_ms=0"

// plainEnv is an environment without anything of the person who runs the tests.
func plainEnv(dir, home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "FIREBREAK_HOME=" + home, "LANG=C.UTF-8", "TERM=xterm-256color",
		"GOCOVERDIR=" + os.Getenv("GOCOVERDIR"), "GORACE=" + gorace,
	}
}

// result is what a run of the program left.
type result struct {
	out, err string
	code     int
}

// command prepares a run; a test may change it before it starts.
func (b *bench) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "firebreak", args...)
	c.Env, c.Dir = b.env, b.dir
	return c
}

// limit is how long any run may take. It is far beyond what is expected: it
// only keeps a run that hangs from stopping the tests.
const limit = 90 * time.Second

func (b *bench) run(args ...string) result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return b.finish(b.command(ctx, args...), args)
}

func (b *bench) finish(c *exec.Cmd, args []string) result {
	b.t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("firebreak %s: %v", strings.Join(args, " "), err)
	}
	r := result{out.String(), errs.String(), c.ProcessState.ExitCode()}
	if raw := rawControl(r.out + r.err); raw != "" {
		b.t.Errorf("firebreak %s printed a raw control character: %q", strings.Join(args, " "), raw)
	}
	return r
}

// want runs the program and wants that exit code.
func (b *bench) want(code int, args ...string) result {
	b.t.Helper()
	r := b.run(args...)
	if r.code != code {
		b.t.Fatalf("firebreak %s: exit %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.out, r.err)
	}
	return r
}

// into wants exit code 0 and decodes the JSON that was printed.
func (b *bench) into(v any, args ...string) {
	b.t.Helper()
	r := b.want(0, append(args, "--json")...)
	if err := json.Unmarshal([]byte(r.out), v); err != nil {
		b.t.Fatalf("firebreak %s: %v in %q", strings.Join(args, " "), err, r.out)
	}
}

// open opens an incident and returns its id.
func (b *bench) open(args ...string) string {
	b.t.Helper()
	var o struct{ Incident string }
	b.into(&o, append([]string{"open"}, args...)...)
	return o.Incident
}

// verified wants verify to find nothing wrong.
func (b *bench) verified(id string) {
	b.t.Helper()
	b.want(0, "verify", id)
}

// activity is one line of "show ID activity --json".
type activity struct {
	Seq  int64  `json:"seq"`
	Kind string `json:"kind"`
	Step string `json:"step"`
	Text string `json:"text"`
}

func (b *bench) activity(id string) []activity {
	b.t.Helper()
	r := b.want(0, "show", id, "activity", "--json")
	var out []activity
	for line := range strings.Lines(r.out) {
		var a activity
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			b.t.Fatalf("activity: %v in %q", err, line)
		}
		out = append(out, a)
	}
	return out
}

// write makes a file in the scratch folder.
func (b *bench) write(name, content string) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// controls are the characters that can make a terminal do something, or show a
// line other than it is: C0 but tab and newline, DEL, C1 and bidi overrides.
var controls = regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069]")

// rawControl returns the first of them with what is around it, or "".
func rawControl(s string) string {
	at := controls.FindStringIndex(s)
	if at == nil {
		return ""
	}
	return s[max(0, at[0]-40):min(len(s), at[1]+40)]
}

// ageKey is a file with a fresh age identity: it opens a workspace at once,
// where a passphrase takes half a second.
func ageKey(t *testing.T) string {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(file, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
