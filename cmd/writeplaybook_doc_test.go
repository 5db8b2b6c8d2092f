package cmd_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// newcomer follows a page as it is written, in a home where nothing is yet.
type newcomer struct {
	t    *testing.T
	home string
	at   string // the working folder
	env  []string
}

// TestWriteAPlaybookPage does all that docs/write-a-playbook.md says, in its
// order, and wants what the page says comes of it.
func TestWriteAPlaybookPage(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"git", "sed", "sha256sum", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is missing: the page cannot be followed")
		}
	}
	page := readFile(t, "../docs/write-a-playbook.md")
	n := &newcomer{t: t, home: t.TempDir()}
	n.at = n.home
	for _, v := range plainEnv(n.home, "") {
		if !strings.HasPrefix(v, "FIREBREAK_HOME=") {
			n.env = append(n.env, v)
		}
	}
	n.env = append(n.env, "RUNNER_TEMP="+n.home, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org")
	n.do("mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N '' -C ada@example.org -f .ssh/id_ed25519", 0)

	block := regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```|`([a-z./-]+\\.(?:test\\.)?ya?ml)`")
	file, commands, edits := "", 0, 0
	for _, m := range block.FindAllStringSubmatch(page, -1) {
		switch {
		case m[3] != "":
			file = m[3] // what the next block of YAML is about
		case m[1] == "console":
			commands += n.session(m[2])
		case m[1] == "yaml" && strings.HasPrefix(file, ".github/"):
			n.ci(m[2])
		case m[1] == "yaml":
			n.edit(file, m[2])
			edits++
		case m[1] == "sh": // what puts the program there is as in the README
			if !strings.Contains(readFile(t, "../README.md"), m[2]) {
				t.Errorf("the README installs otherwise than\n%s", m[2])
			}
		default:
			t.Errorf("nobody follows a block of %s", m[1])
		}
	}
	if commands < 15 || edits != 2 {
		t.Errorf("followed %d commands and %d edits", commands, edits)
	}
	if html := readFile(t, filepath.Join(n.home, "lost-laptop.html")); !strings.Contains(html, "End all sessions of") {
		t.Error("the runbook does not have the step")
	}
}

// do runs a line of the page in the shell and gives what it printed.
func (n *newcomer) do(line string, want int) string {
	n.t.Helper()
	where := filepath.Join(n.home, ".where")
	c := exec.Command("sh", "-c", line+"\nrc=$?; pwd > '"+where+"'; exit $rc")
	c.Dir, c.Env = n.at, n.env
	out, err := c.CombinedOutput()
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		n.t.Fatalf("%s: %v", line, err)
	}
	if code != want {
		n.t.Fatalf("%s: exit %d, want %d:\n%s", line, code, want, out)
	}
	n.at = strings.TrimSpace(readFile(n.t, where))
	return string(out)
}

// session does what stands behind each dollar sign, and compares the lines
// below it. It gives the number of commands.
func (n *newcomer) session(text string) int {
	n.t.Helper()
	exits := regexp.MustCompile(`# exits with (\d+)$`)
	parts := strings.Split("\n"+text, "\n$ ")[1:]
	for _, part := range parts {
		line, says, _ := strings.Cut(part, "\n")
		want := 0
		if m := exits.FindStringSubmatch(line); m != nil {
			want, _ = strconv.Atoi(m[1]) // digits only
		}
		if out := n.do(line, want); !asSaid(out, says) {
			n.t.Errorf("%s\nprints\n%s\nand the page says\n%s", line, out, says)
		}
	}
	return len(parts)
}

// asSaid compares an output with that of a page, where … is any text within a
// line, and alone on a line any lines.
func asSaid(out, says string) bool {
	var b strings.Builder
	b.WriteString(`\A`)
	for line := range strings.SplitSeq(strings.TrimRight(says, "\n"), "\n") {
		if line == "…" {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `\n`)
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String()).MatchString(strings.TrimRight(out, "\n") + "\n")
}

func TestAsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		out, says string
		want      bool
	}{
		{"", "", true},
		{"a\n", "", false},
		{"a\nb\n", "a\nb", true},
		{"a\nb\nc\n", "a\n…\nc", true},
		{"a\nc\n", "a\n…\nc", true},
		{"a\nb\n", "a", false},
		{"a 1 b\n", "a … b", true},
		{"a\nb\n", "a…b", false},
		{"(a)\n", "(a)", true},
	} {
		if got := asSaid(c.out, c.says); got != c.want {
			t.Errorf("asSaid(%q, %q) = %v", c.out, c.says, got)
		}
	}
}

// edit puts each piece of YAML in the place of the one in the file that begins
// with the same line. Blank lines stand between pieces.
func (n *newcomer) edit(file, text string) {
	n.t.Helper()
	path := filepath.Join(n.at, file)
	pieces := strings.Split(strings.TrimRight(readFile(n.t, path), "\n"), "\n\n")
	first := func(piece string) string { line, _, _ := strings.Cut(piece, "\n"); return line }
	for piece := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n\n") {
		i := slices.IndexFunc(pieces, func(p string) bool { return first(p) == first(piece) })
		if i < 0 {
			n.t.Fatalf("%s: nothing begins with %q", file, first(piece))
		}
		pieces[i] = piece
	}
	if err := os.WriteFile(path, []byte(strings.Join(pieces, "\n\n")+"\n"), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// ci writes the workflow, does its commands as the runner would, and reads what
// they leave for it.
func (n *newcomer) ci(workflow string) {
	n.t.Helper()
	folder := filepath.Join(n.at, ".github", "workflows")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "playbooks.yml"), []byte(workflow), 0o600); err != nil {
		n.t.Fatal(err)
	}
	runs := regexp.MustCompile(`(?m)^ *- run: (.*)$`).FindAllStringSubmatch(workflow, -1)
	if len(runs) != 3 {
		n.t.Errorf("the workflow runs %d commands", len(runs))
	}
	for _, m := range runs {
		n.do(m[1], 0)
	}
	var sarif struct {
		Version string
		Runs    []struct{ Results []any }
	}
	if err := json.Unmarshal([]byte(readFile(n.t, filepath.Join(n.home, "lint.sarif"))), &sarif); err != nil || sarif.Version != "2.1.0" || len(sarif.Runs) != 1 || len(sarif.Runs[0].Results) != 0 {
		n.t.Errorf("SARIF: %+v, %v", sarif, err)
	}
	var junit struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal([]byte(readFile(n.t, filepath.Join(n.home, "tests.xml"))), &junit); err != nil || junit.Tests != 3 || junit.Failures != 0 {
		n.t.Errorf("JUnit: %+v, %v", junit, err)
	}
}
