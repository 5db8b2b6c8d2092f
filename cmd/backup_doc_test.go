package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestBackupPage does what docs/backup.md says, command by command, with names
// of this test in the place of the page's.
func TestBackupPage(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"age", "age-keygen", "zstd", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is missing: the page cannot be followed")
		}
	}
	page := readFile(t, "../docs/backup.md")
	b := newBench(t)
	sh := func(line string) string {
		t.Helper()
		c := exec.Command("sh", "-c", line)
		c.Dir, c.Env = b.dir, b.env
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		return string(out)
	}
	has := func(line string) string {
		t.Helper()
		if !strings.Contains(page, line) {
			t.Fatalf("the page does not say %q", line)
		}
		return line
	}
	id := b.open("odd process")
	b.want(0, "ingest", id, b.write("auth.log", loginLine))
	key := regexp.MustCompile(`age1[0-9a-z]+`).FindString(sh(has("age-keygen -o backup-key.txt") + " 2>&1"))
	told := sh(strings.ReplaceAll(has("firebreak backup --all --to incidents.tar.zst.age --recipient age1…"), "age1…", key))
	for _, word := range []string{"written    ", "encrypted  to age1", "tested     restored and verified, with a key made for the test; not with the recipients' own", "sha256     "} {
		if !strings.Contains(told, word) || !strings.Contains(page, word) {
			t.Errorf("the page or the program does not say %q: %s", word, told)
		}
	}
	// On a clean machine.
	c := b.elsewhere("clean")
	mine := b.env
	b.env = c.env
	sh(has("firebreak restore incidents.tar.zst.age --identity backup-key.txt"))
	c.verified(id)
	sh(has("firebreak check\n"))
	sh(has("firebreak check --read-data-subset=1/7"))
	// Evidence is lost, and comes from a backup.
	if err := os.Remove(c.blobs(id)[0]); err != nil {
		t.Fatal(err)
	}
	repair := strings.NewReplacer("2026-0007", id, "older.tar", "incidents.tar")
	sh(repair.Replace(has("firebreak repair 2026-0007 --from older.tar.zst.age --identity backup-key.txt --yes")))
	c.verified(id)
	// An old copy.
	old := filepath.Join(b.dir, "old")
	if err := os.CopyFS(old, os.DirFS(c.in(id))); err != nil {
		t.Fatal(err)
	}
	c.want(0, "note", id, "newer")
	if err := os.RemoveAll(c.in(id)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(c.in(id), os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	refused := c.want(6, "note", id, "x")
	for _, word := range []string{": the record is not the newest that this workspace has seen: it has ", " was seen"} {
		tells(t, refused, has(word))
	}
	sh(repair.Replace(has(`firebreak repair 2026-0007 --accept-older --reason "the disk is gone" --yes`)))
	c.verified(id)
	c.want(0, "repair", id)
	b.env = mine
	// Without the program.
	if err := os.Mkdir(filepath.Join(b.dir, "by-hand"), 0o700); err != nil {
		t.Fatal(err)
	}
	line := strings.NewReplacer("backup-key.txt FILE", "../backup-key.txt ../incidents.tar.zst.age").Replace(has("age -d -i backup-key.txt FILE | zstd -d | tar x"))
	sh("cd by-hand && " + line)
	for _, name := range []string{"incident.db", "heads", "evidence.key"} {
		got, err := os.ReadFile(filepath.Join(b.dir, "by-hand", "incidents", id, name))
		if err != nil || len(got) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	// No command stands on the page that is not done here.
	done := []string{"backup --all", "restore incidents", "repair 2026-0007", "check"}
	for _, m := range regexp.MustCompile(`(?m)^firebreak ([^:\n]*)$`).FindAllStringSubmatch(page, -1) {
		if !slices.ContainsFunc(done, func(d string) bool { return strings.HasPrefix(m[1], d) }) {
			t.Errorf("firebreak %s is on the page, and not in this test", m[1])
		}
	}
}
