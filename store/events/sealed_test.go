package events

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/store/cryptvfs"
	"firebreak/timeline"
)

// The suite, encrypted: a part of it each time, all of it in the long form.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	if testOptions().Secret != nil {
		t.Skip("it runs encrypted already")
	}
	run := "Damaged|DeleteExhibit|Clear|Pages|Sums|Readers|TwoWriters|Killed|DiskFull|AwkwardName"
	if testkit.Soak() {
		run = "."
	}
	cmd := exec.Command(os.Args[0], "-test.run", run, "-test.timeout", "30m")
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "FIREBREAK_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "FIREBREAK_TEST_SECRET=1")
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// A timeline is given a key, and another, and taken its key; what it holds is
// readable in its files only while it has none.
func TestReseal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "timeline.db")
	a, b := &[32]byte{1}, &[32]byte{2}
	var from *[32]byte
	for i, to := range []*[32]byte{nil, a, b, nil} {
		if i > 0 {
			if err := Reseal(t.Context(), path, from, to); err != nil {
				t.Fatal(err)
			}
		}
		from = to
		db, err := Open(t.Context(), path, Options{Secret: to})
		if err != nil {
			t.Fatal(err)
		}
		e := timeline.Event{ID: called(fmt.Sprint("id", i)), Message: "planted-message", Host: "planted-host", TimeKind: timeline.Undated, Exhibit: "e1"}
		mustAppend(t, db, []timeline.Event{e})
		if n, err := db.Count(t.Context(), parse(t, "planted-message")); err != nil || n != int64(i+1) {
			t.Errorf("step %d: %d events, %v", i, n, err)
		}
		if err := Reseal(t.Context(), path, to, &[32]byte{3}); !errors.Is(err, cryptvfs.ErrInUse) {
			t.Errorf("while it is open: %v", err)
		}
		found := 0
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			content, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			found += bytes.Count(content, []byte("planted-"))
		}
		if (found > 0) != (to == nil) {
			t.Errorf("step %d: found %d times", i, found)
		}
		closeTest(t, db)
		if db, err := Open(t.Context(), path, Options{Secret: &[32]byte{9}}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "encrypted") {
			t.Errorf("with a strange key: %v", err)
			if err == nil {
				closeTest(t, db)
			}
		}
	}
}
