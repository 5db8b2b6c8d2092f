// Command gendocs writes the man pages and shell completions into the folder
// that it is given (default share), docs/keys.md, docs/actions.md, the tables of docs/triage.md,
// docs/clocks.md and docs/parsers.md, the definitions in docs/metrics.md; that of the counts only
// where FIREBREAK_CORPUS names the corpus. It runs in the project's root.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra/doc"

	"firebreak/cmd"
	"firebreak/forensics/triage"
	"firebreak/integrations/all"
	"firebreak/review/clocks"
	"firebreak/review/metrics"
	"firebreak/tui"
)

func main() {
	dir := "share"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if strings.HasPrefix(dir, "-") || len(os.Args) > 2 {
		fmt.Fprintln(os.Stderr, "usage: gendocs [FOLDER]") //nolint:forbidigo // a program of its own
		os.Exit(2)
	}
	if err := write(dir); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err) //nolint:forbidigo // a program of its own
		os.Exit(1)
	}
}

func write(dir string) error {
	root := cmd.Command(cmd.Process())
	root.DisableAutoGenTag = true
	man, completions := filepath.Join(dir, "man", "man1"), filepath.Join(dir, "completions")
	if err := errors.Join(os.MkdirAll(man, 0o755), os.MkdirAll(completions, 0o755)); err != nil {
		return err
	}
	if err := doc.GenManTree(root, &doc.GenManHeader{Title: "FIREBREAK", Section: "1", Source: "Firebreak", Manual: "Incident response in the terminal"}, man); err != nil {
		return fmt.Errorf("write man pages: %w", err)
	}
	page, err := os.ReadFile(parsersPage)
	if err != nil {
		return err
	}
	if page, err = parsers(page, os.Getenv("FIREBREAK_CORPUS")); err != nil {
		return err
	}
	triage, err := rules(filepath.Join("docs", "triage.md"))
	if err != nil {
		return err
	}
	numbers, err := definitions(filepath.Join("docs", "metrics.md"))
	if err != nil {
		return err
	}
	actions, err := all.Page()
	if err != nil {
		return err
	}
	deadlines, err := clockPage(filepath.Join("docs", "clocks.md"))
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join("docs", "clocks.md"), []byte(deadlines), 0o644),
		os.WriteFile(filepath.Join("docs", "actions.md"), []byte(actions), 0o644),
		os.WriteFile(filepath.Join("docs", "metrics.md"), []byte(numbers), 0o644),
		os.WriteFile(parsersPage, page, 0o644),
		os.WriteFile(filepath.Join("docs", "triage.md"), []byte(triage), 0o644),
		root.GenBashCompletionFileV2(filepath.Join(completions, "firebreak.bash"), true),
		root.GenZshCompletionFile(filepath.Join(completions, "_firebreak")),
		root.GenFishCompletionFile(filepath.Join(completions, "firebreak.fish"), true),
		os.WriteFile(filepath.Join("docs", "keys.md"), []byte(tui.KeysMarkdown()), 0o644),
	)
}

// definitions is the page about metrics with the table of them in it.
func definitions(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the page about metrics: %w", err)
	}
	page, ok := metrics.Reference(string(b))
	if !ok {
		return "", fmt.Errorf("%s has no place for the definitions", file)
	}
	return page, nil
}

// rules is the page about triage with the table of the rules in it.
func rules(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the page about triage: %w", err)
	}
	set, err := triage.BuiltIn()
	if err != nil {
		return "", err
	}
	page, ok := set.Page(string(b))
	if !ok {
		return "", fmt.Errorf("%s has no place for the rules", file)
	}
	return page, nil
}

// clockPage is the page about deadlines with the table of them in it.
func clockPage(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the page about deadlines: %w", err)
	}
	page, ok, err := clocks.Page(string(b))
	if err == nil && !ok {
		err = fmt.Errorf("%s has no place for the deadlines", file)
	}
	return page, err
}
