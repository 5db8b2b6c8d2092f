package bundle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"firebreak/record"
)

// python is one process with verify.py in it, that verifies archive after
// archive: starting one for each would take most of the time.
type python struct {
	t    testing.TB
	in   io.WriteCloser
	out  *bufio.Reader
	path string
}

// said is what verify.py says with --json.
type said struct {
	Incident    string           `json:"incident"`
	Entries     int              `json:"entries"`
	Heads       int              `json:"heads"`
	Disclosures int              `json:"disclosures"`
	Withheld    int              `json:"withheld"`
	Erased      int              `json:"erased"`
	Exhibits    int              `json:"exhibits"`
	LeftOut     int              `json:"left_out"`
	Attested    int64            `json:"attested"`
	Files       int              `json:"files"`
	Seal        string           `json:"seal"`
	Missing     []record.Missing `json:"missing"`
	Problems    []record.Problem `json:"problems"`
	Notes       []string         `json:"notes"`
}

const driver = `
import importlib.util, json, sys, io, contextlib
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
for line in sys.stdin:
    asked = json.loads(line)
    if isinstance(asked, dict):
        print(json.dumps([verify.erasable(k, f) for k, f in asked["erasable"]]), flush=True)
        continue
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        sys.argv = ["verify.py"] + asked
        code = verify.main()
    print(json.dumps({"code": code, "out": out.getvalue()}), flush=True)
`

func startPython(t testing.TB) *python {
	t.Helper()
	program, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: apt-get install python3")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "verify.py")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "-c", driver, file)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it ends then
		if err := c.Wait(); err != nil {
			t.Errorf("verify.py: %v", err)
		}
	})
	return &python{t, in, bufio.NewReaderSize(out, 1<<20), filepath.Join(dir, "bundle.tar.gz")}
}

func (p *python) verify(archive []byte, o Options) said {
	p.t.Helper()
	if err := os.WriteFile(p.path, archive, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return p.look(p.path, o)
}

func (p *python) look(path string, o Options) said {
	p.t.Helper()
	args := []string{path, "--json"}
	for _, s := range o.Seals {
		args = append(args, "--seal", s)
	}
	for _, k := range o.Keys {
		args = append(args, "--key", k)
	}
	line, err := json.Marshal(args)
	if err != nil {
		p.t.Fatal(err)
	}
	reply := p.ask(line)
	var r struct {
		Code int
		Out  string
	}
	var s said
	if err := json.Unmarshal(reply, &r); err != nil {
		p.t.Fatalf("%v in %s", err, reply)
	}
	if err := json.Unmarshal([]byte(r.Out), &s); err != nil {
		p.t.Fatalf("%v in %s", err, r.Out)
	}
	if want := map[bool]int{true: 0, false: 6}[len(s.Problems) == 0]; r.Code != want {
		p.t.Errorf("verify.py: exit %d, want %d", r.Code, want)
	}
	return s
}

func (p *python) ask(line []byte) []byte {
	p.t.Helper()
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		p.t.Fatal(err)
	}
	reply, err := p.out.ReadBytes('\n')
	if err != nil {
		p.t.Fatalf("verify.py ended: %v", err)
	}
	return reply
}

var (
	kindShape  = regexp.MustCompile(`Kind += "([a-z.]+)"`)
	fieldShape = regexp.MustCompile(`"([a-z0-9_]+)":`)
)

// The script has a copy of the table of what may be erased.
func TestErasableIsTheSame(t *testing.T) {
	py := startPython(t)
	var pairs [][2]string
	var source []byte
	names, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, b...)
	}
	for _, k := range kindShape.FindAllSubmatch(source, -1) {
		for _, f := range append(fieldShape.FindAllSubmatch(source, -1), [][]byte{nil, []byte(record.ActorName)}) {
			pairs = append(pairs, [2]string{string(k[1]), string(f[1])})
		}
	}
	question, err := json.Marshal(map[string]any{"erasable": pairs})
	if err != nil {
		t.Fatal(err)
	}
	var answers []bool
	if err := json.Unmarshal(py.ask(question), &answers); err != nil || len(answers) != len(pairs) || len(pairs) < 5000 {
		t.Fatalf("%d answers to %d questions: %v", len(answers), len(pairs), err)
	}
	for i, p := range pairs {
		if want := record.Erasable(record.Kind(p[0]), p[1]); answers[i] != want {
			t.Errorf("%s, field %s: verify.py says %v", p[0], p[1], answers[i])
		}
	}
}

// The script runs on old installations too.
func TestScriptIsOldPython(t *testing.T) {
	program, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: apt-get install python3")
	}
	c := exec.Command(program, "-c", "import ast, sys; ast.parse(sys.stdin.read(), feature_version=(3, 8))")
	c.Stdin = bytes.NewReader(script)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("not Python 3.8: %v\n%s", err, out)
	}
}
