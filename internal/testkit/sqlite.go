package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/internal/lazyre"
)

// SQLiteDeclares holds a header of ours against that of the SQLite that is
// linked: each of these structs, each constant and each function, of which there
// are so many at least. SQLITE_VERSION_NUMBER is ours alone.
func SQLiteDeclares(t *testing.T, header string, least int, structs ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/mattn/go-sqlite3").Output()
	if err != nil {
		t.Skipf("needs the go tool and the module: %v", err)
	}
	theirs := declarations(t, filepath.Join(strings.TrimSpace(string(out)), "sqlite3-binding.h"))
	ours := declarations(t, header)
	for _, what := range structs {
		body := regexp.MustCompile(`(?s)struct ` + what + ` \{.*?\n\};`)
		if a, b := body.FindString(ours), body.FindString(theirs); a == "" || a != b {
			t.Errorf("struct %s differs:\n%s\n%s", what, a, b)
		}
	}
	n := 0
	for _, d := range regexp.MustCompile(`(?m)^# ?define (SQLITE_\w+) (.+)$`).FindAllStringSubmatch(ours, -1) {
		n++
		if d[1] != "SQLITE_VERSION_NUMBER" && !regexp.MustCompile(`(?m)^# ?define `+d[1]+` `+regexp.QuoteMeta(d[2])+`$`).MatchString(theirs) {
			t.Errorf("theirs lacks %s as %s", d[1], d[2])
		}
	}
	flat := func(s string) string {
		return strings.Join(strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ", ",", " , ").Replace(s)), " ")
	}
	all := flat(theirs)
	for _, p := range regexp.MustCompile(`(?ms)^(\w[^;{}#]*sqlite3_\w+\([^;]*\);)`).FindAllString(ours, -1) {
		if strings.HasPrefix(p, "typedef") {
			continue
		}
		n++
		if !strings.Contains(all, flat(p)) {
			t.Errorf("theirs lacks %s", p)
		}
	}
	if n < least {
		t.Errorf("only %d declarations were compared", n)
	}
}

// declarations is a header without comments, with single blanks.
func declarations(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(b), "")
	s = strings.ReplaceAll(s, "SQLITE_API ", "")
	s = lazyre.New(`(?m)[ \t]+`).ReplaceAllString(s, " ")
	s = lazyre.New(`(?m) $`).ReplaceAllString(s, "")
	return regexp.MustCompile(`\n\s*`).ReplaceAllString(s, "\n")
}
