package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets this program hide folders for a command, as the bench does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "hidden" {
		fmt.Fprintln(os.Stderr, part(context.Background(), os.Args[1:], nil, os.Stdout))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestHidden: a command sees hidden folders empty, and nobody else does.
func TestHidden(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a mount namespace needs root")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seen"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := job{args: []string{"ls", "-A", dir}, hide: []string{dir}}
	said, err := run(t.Context(), c)
	if err != nil || said.Out != "" {
		t.Errorf("hidden: %q, %v", said.Out, err)
	}
	c.hide = nil
	if said, err = run(t.Context(), c); err != nil || said.Out != "seen\n" {
		t.Errorf("afterwards: %q, %v", said.Out, err)
	}
}

// TestHiddenFolders: what is not there is left out, and what the bench needs is
// not hidden.
func TestHiddenFolders(t *testing.T) {
	dir := t.TempDir()
	b := &bench{dir: filepath.Join(dir, "bench"), hide: dir}
	if _, err := b.hidden(t.Context()); err == nil || !strings.Contains(err.Error(), "-dir") {
		t.Errorf("the bench's own folder: %v", err)
	}
	inside := filepath.Join(dir, "inside")
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	b = &bench{dir: t.TempDir(), hide: dir + ", ," + inside + "," + filepath.Join(dir, "none")}
	got, err := b.hidden(t.Context())
	if err != nil || !strings.Contains(strings.Join(got, " "), dir) || strings.Contains(strings.Join(got, " "), "none") || strings.Contains(strings.Join(got, " "), "inside") {
		t.Errorf("%v, %v", got, err)
	}
	var out bytes.Buffer
	if err := countNames(dir, &out); err != nil || out.String() != "2\n" {
		t.Errorf("names: %q, %v", out.String(), err)
	}
}
