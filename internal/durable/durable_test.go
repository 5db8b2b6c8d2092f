package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, d *Draft, err error, text string) *Draft {
	t.Helper()
	must(t, err)
	_, err = d.WriteString(text)
	must(t, err)
	return d
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s: %q, %v; want %q", path, got, err, want)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestDraftAppearsWholeOrNotAtAll(t *testing.T) {
	to := filepath.Join(t.TempDir(), "a")
	d, err := Create(to)
	write(t, d, err, "text")
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before it is published: %v", err)
	}
	if _, err := Create(to); !errors.Is(err, ErrBusy) {
		t.Errorf("a second writer: %v, want ErrBusy", err)
	}
	must(t, d.Publish())
	must(t, d.Drop())
	holds(t, to, "text")
	if got := names(t, filepath.Dir(to)); len(got) != 1 {
		t.Errorf("left behind: %q", got)
	}
	if info, err := os.Stat(to); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Create(to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v, want fs.ErrExist", err)
	}
}

func TestDraftIsDropped(t *testing.T) {
	to := filepath.Join(t.TempDir(), "a")
	d, err := Create(to)
	must(t, write(t, d, err, "text").Drop())
	must(t, d.Drop())
	if got := names(t, filepath.Dir(to)); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

func TestDraftReplacesNothing(t *testing.T) {
	to := filepath.Join(t.TempDir(), "a")
	d, err := Create(to)
	write(t, d, err, "new")
	must(t, os.WriteFile(to, []byte("of somebody"), 0o600))
	if err := d.Publish(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the name was taken meanwhile: %v, want fs.ErrExist", err)
	}
	must(t, d.Drop())
	holds(t, to, "of somebody")
	if got := names(t, filepath.Dir(to)); len(got) != 1 {
		t.Errorf("left behind: %q", got)
	}
}

func TestWhatAKilledWriterLeftIsUsedAgain(t *testing.T) {
	to := filepath.Join(t.TempDir(), "a")
	must(t, os.WriteFile(filepath.Join(filepath.Dir(to), ".a.part"), []byte("the longer half of it"), 0o644))
	d, err := Create(to)
	must(t, write(t, d, err, "text").Publish())
	holds(t, to, "text")
}

func TestRewriteReplaces(t *testing.T) {
	to := filepath.Join(t.TempDir(), "a")
	must(t, os.WriteFile(to, []byte("old"), 0o600))
	d, err := Rewrite(to)
	write(t, d, err, "new")
	holds(t, to, "old")
	must(t, d.Publish())
	holds(t, to, "new")
}

func TestReplace(t *testing.T) {
	to := filepath.Join(t.TempDir(), "a")
	for _, text := range []string{"one", "the second"} {
		must(t, Replace(to, []byte(text), 0o600))
		holds(t, to, text)
	}
	if err := Replace(filepath.Join(to, "below"), nil, 0o600); err == nil {
		t.Error("a file served as a folder")
	}
	if got := names(t, filepath.Dir(to)); len(got) != 1 {
		t.Errorf("left behind: %q", got)
	}
}
