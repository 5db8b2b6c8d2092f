package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const untidy = "id: own # mine\nplaybook: v1\nname: Own\nversion: 1.0.0\nphases:\n  learn:\n  - {review: r, id: a}\n"

func TestPlaybookFmtWritesInPlace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	file := b.write("own.yaml", untidy)
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(b.dir, "link.yaml")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if r := b.want(1, "playbook", "fmt", "--diff", file); !strings.Contains(r.out, "-id: own # mine\n playbook: v1\n+id: own  # mine\n") {
		t.Errorf("the difference is\n%s", r.out)
	}
	b.want(1, "playbook", "fmt", "--check", file)
	b.want(0, "playbook", "fmt", "-w", link)
	b.want(0, "playbook", "fmt", "--check", file)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v %v, want the mode it had", info.Mode(), err)
	}
	if to, err := os.Readlink(link); err != nil || to != file {
		t.Errorf("the link is %q, %v", to, err)
	}
	if got := readFile(t, file); got != "playbook: v1\nid: own  # mine\nname: Own\nversion: 1.0.0\nphases:\n  learn:\n    - {id: a, review: r}\n" {
		t.Errorf("it is\n%s", got)
	}
	broken := b.write("broken.yaml", "playbook: v1\nid: [\n")
	b.want(2, "playbook", "fmt", "-w", broken)
	if got := readFile(t, broken); got != "playbook: v1\nid: [\n" {
		t.Errorf("a file that cannot be read was changed: %q", got)
	}
}

// Each member that SARIF 2.1.0 requires is there, and every result has a rule.
func TestPlaybookLintSARIF(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("books/a b.yaml", strings.Replace(untidy, "review: r", "reviw: r", 1))
	b.write("books/own.test.yaml", "test: v1\nplaybook: generic\ncases: [{name: a, expect: {done: [nothing]}}]\n")
	r := b.want(1, "playbook", "lint", "--sarif", filepath.Join(b.dir, "books"))
	var log struct {
		Version string
		Schema  string `json:"$schema"`
		Runs    []struct {
			ColumnKind string
			Tool       struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID   string
						Help struct{ Text string }
					}
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(r.out), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || log.Schema == "" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" || log.Runs[0].ColumnKind != "unicodeCodePoints" {
		t.Fatalf("%.300s", r.out)
	}
	run := log.Runs[0]
	codes := map[string]bool{}
	for _, res := range run.Results {
		codes[res.RuleID] = true
		at := res.Locations[0].PhysicalLocation
		if rule := run.Tool.Driver.Rules[res.RuleIndex]; rule.ID != res.RuleID || rule.Help.Text == "" || res.Message.Text == "" || res.Level != "error" {
			t.Errorf("%+v has the rule %+v", res, rule)
		}
		if at.Region.StartLine < 1 || at.Region.StartColumn < 1 || !strings.HasPrefix(at.ArtifactLocation.URI, "file:///") || strings.Contains(at.ArtifactLocation.URI, " ") {
			t.Errorf("%+v", at)
		}
	}
	if !codes["PB008"] || !codes["PT021"] {
		t.Errorf("found %v", codes)
	}
}

func TestPlaybookNewWritesOverNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("own.test.yaml", "mine")
	b.want(3, "playbook", "new", "own", "--to", b.dir)
	if _, err := os.Stat(filepath.Join(b.dir, "own.yaml")); !os.IsNotExist(err) {
		t.Errorf("half a pair was left: %v", err)
	}
	b.want(2, "playbook", "new", "own2", "--to", b.dir, "--notify", "nowhere")
	b.want(0, "playbook", "new", "own2", "--to", b.dir, "--personal-data")
	b.want(0, "playbook", "lint", "--strict", filepath.Join(b.dir, "own2.yaml"), filepath.Join(b.dir, "own2.test.yaml"))
	junit := filepath.Join(b.dir, "junit.xml")
	b.want(0, "playbook", "test", "--strict", filepath.Join(b.dir, "own2.yaml"), "--junit", junit)
	if got := readFile(t, junit); !strings.Contains(got, `tests="3" failures="0" errors="0"`) {
		t.Errorf("%s", got)
	}
	b.want(1, "playbook", "test", "--strict", "own2.yaml", "--run", "no such case")
}
