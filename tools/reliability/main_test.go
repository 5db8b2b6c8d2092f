package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "figures"), filepath.Join(dir, "page.md")
	lines := `{"name":"flips","rounds":9,"detected":1}
{"name":"kills","rounds":1000,"lost":0,"acked":10534,"note":"at random"}

{"name":"flips","rounds":1000,"detected":700,"harmless":300,"lost":0,"where":{"at open":200,"by verify":500}}
{"name":"speed","values":{"entries per second | of bare commits":0.731,"bytes per entry":1024}}
`
	if err := os.WriteFile(in, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run("1.2.0", out, []string{in}, nil); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Version 1.2.0.",
		"| flips | 1,000 | 700 | 300 | 0 |  |\n| kills | 1,000 |  |  | 0 | 10,534 |\n| **all** | 2,000 | 700 | 300 | 0 | 10,534 |\n",
		"**flips.**\n\n- at open: 200\n- by verify: 500\n",
		"**kills.** At random.\n",
		"| speed: bytes per entry | 1,024 |\n| speed: entries per second \\| of bare commits | 0.73 |\n",
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q in\n%s", want, b)
		}
	}
	for _, bad := range []string{"", "{", `{"rounds":1}`} {
		if err := os.WriteFile(in, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run("", out, []string{in}, nil); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
	if again, err := os.ReadFile(out); err != nil || string(again) != string(b) {
		t.Errorf("a failure changed the page (%v)", err)
	}
}
