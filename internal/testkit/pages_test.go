package testkit_test

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/cmd"
	"firebreak/internal/testkit"
)

// pages are all Markdown files that people read, from the project's root.
func pages(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "changelog/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t, testkit.Root(t)) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s: link %s: %v", filepath.Base(page), m[1], err)
			}
		}
	}
}

// said is a command line as the pages and the built-in playbooks show it.
var (
	said     = regexp.MustCompile(`(?m)^ *(?:\$ )?(?:[a-z]+=\$\()?firebreak((?: [^\n]*)?)$`)
	template = regexp.MustCompile(`\{\{[^}]*\}\}`)
	word     = regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+`)
)

// TestCommandsOnThePagesAreReal hands each command line that the pages and the
// built-in playbooks show to the program's own parser of flags and arguments.
func TestCommandsOnThePagesAreReal(t *testing.T) {
	root := testkit.Root(t)
	books, err := filepath.Glob(filepath.Join(root, "playbooks", "library", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, page := range append(pages(t, root), books...) {
		text := strings.ReplaceAll(read(t, page), "\\\n", " ")
		for _, m := range said.FindAllStringSubmatch(text, -1) {
			tried++
			if fault := parse(words(m[1])); fault != nil {
				t.Errorf("%s: firebreak%s: %v", filepath.Base(page), m[1], fault)
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d command lines were found: is the pattern still right?", tried)
	}
}

// words splits a command line up to its end: a comment, a pipe or another
// command behind it.
func words(line string) []string {
	var out []string
	for _, w := range word.FindAllString(template.ReplaceAllString(line, "2026-0001"), -1) {
		if slices.Contains([]string{"#", "|", "&&", ">", ";"}, w) {
			break
		}
		out = append(out, strings.NewReplacer(`"`, "", `'`, "").Replace(w))
	}
	return out
}

// parse has cobra read the words without running anything.
func parse(args []string) error {
	root := cmd.Command(cmd.World{
		In: strings.NewReader(""), Out: io.Discard, Err: io.Discard,
		Getenv: func(string) string { return "" }, Now: testkit.Start, User: func() string { return "" },
		Monotonic: func() (int64, string) { return int64(time.Second), "boot" },
	})
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	if c.Args == nil {
		return nil
	}
	return c.Args(c, c.Flags().Args())
}

func TestParseSeesWrongCommandLines(t *testing.T) {
	for line, right := range map[string]bool{
		` plan last linux.nft.block --with address=203.0.113.9`: true,
		` plan last linux.nft.block address=203.0.113.9`:        false,
		` open "two words" --severity sev2   # why`:             true,
		` open two words`:                   false,
		` nosuch`:                           false,
		` verify last --nosuch`:             false,
		` show last && firebreak nosuch`:    true,
		` approve {{ incident.id }} ACTION`: true,
	} {
		if err := parse(words(line)); (err == nil) != right {
			t.Errorf("firebreak%s: %v", line, err)
		}
	}
}
