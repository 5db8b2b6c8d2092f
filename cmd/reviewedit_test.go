//go:build unix

package cmd_test

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// editor makes a script that is the person's editor; $1 is the file.
func (b *bench) editor(name, script string) *bench {
	b.t.Helper()
	path := b.write(name, "#!/bin/sh\n"+script+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		b.t.Fatal(err)
	}
	c := *b
	run := filepath.Join(b.dir, "run")
	if err := os.MkdirAll(run, 0o700); err != nil {
		b.t.Fatal(err)
	}
	c.env = append(append([]string{}, b.env...), "VISUAL="+path, "XDG_RUNTIME_DIR="+run, "TMPDIR="+run)
	return &c
}

// scratch are the files that editors left.
func (b *bench) scratch() []string {
	b.t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(b.dir, "run"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

const appends = `printf '\nWritten in an editor.\n' >> "$1"`

type partsSaved struct {
	Saved     []struct{ Part string }
	Conflicts []struct{ Part, By string }
	Kept      string
}

// writtenForOthers writes a part for the public, and for nobody.
func (b *bench) writtenForOthers(ed *bench, id string) {
	b.t.Helper()
	var saved partsSaved
	ed.into(&saved, "review", "edit", id, "luck", "--for", "public")
	if len(saved.Saved) != 1 || saved.Saved[0].Part != "luck.public" {
		b.t.Errorf("%+v", saved)
	}
	if r := b.want(0, "review", "parts", id, "luck", "--for", "public"); r.out != "Written in an editor.\n" {
		b.t.Errorf("%q", r.out)
	}
	if r := b.want(0, "review", "parts", id, "wrong", "--for", "regulator"); !strings.Contains(r.out, "review edit "+id+" wrong --for regulator") {
		b.t.Errorf("%q", r.out)
	}
	if r := b.want(0, "review", "parts", id); !strings.Contains(r.out, "\n  for public    version 1") || !strings.Contains(r.out, "\n  for public    not written yet\n") {
		b.t.Errorf("%s", r.out)
	}
	b.want(2, "review", "edit", id, "luck", "--for", "full")
}

func TestReviewIsEditedInAnEditor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("Disk full")
	ed := b.editor("ed", appends)
	var saved partsSaved
	ed.into(&saved, "review", "edit", id, "summary")
	if len(saved.Saved) != 1 || saved.Saved[0].Part != "summary" {
		t.Fatalf("%+v", saved)
	}
	ed.want(0, "review", "edit", id, "--as", "bob") // the last part of the file
	if r := b.want(0, "review", "parts", id, "limits"); r.out != "Written in an editor.\n" {
		t.Errorf("%q", r.out)
	}
	history := b.want(0, "review", "parts", id, "--history", "summary")
	if !strings.Contains(history.out, "summary version 1 by ") || !strings.Contains(history.out, "+Written in an editor.") {
		t.Errorf("%s", history.out)
	}
	b.writtenForOthers(ed, id)
	if r := b.editor("same", `true`).want(0, "review", "edit", id); !strings.Contains(r.out, "nothing was changed") {
		t.Errorf("%q", r.out)
	}
	b.want(2, "review", "edit", id, "nonsense")
	b.want(2, "review", "edit", id) // no terminal, and no editor
	if left := ed.scratch(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	b.verified(id)
}

func TestReviewIsTakenFromAFile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("Disk full")
	b.want(0, "review", "edit", id, "lessons", "--from", b.write("lessons.md", "# Ours\n\nLook at the disk.\n"))
	printed := b.want(0, "review", "edit", id, "--print").out
	if !strings.Contains(printed, "<!-- part: lessons, version 1 -->") || !strings.Contains(printed, "# Ours\n\nLook at the disk.") {
		t.Fatalf("%s", printed)
	}
	if r := b.want(0, "review", "edit", id, "--from", b.write("same.md", printed)); !strings.Contains(r.out, "nothing was changed") {
		t.Errorf("%q", r.out)
	}
	b.want(0, "review", "edit", id, "--from", b.write("more.md", strings.Replace(printed, "Look at the disk.", "Look at it daily.", 1)))
	// Who goes on from what is old now is told so, and nothing of theirs is lost.
	r := b.want(3, "review", "edit", id, "--from", b.write("late.md", strings.Replace(printed, "Look at the disk.", "Never mind.", 1)))
	if !strings.Contains(r.err, "yours is kept in ") || !strings.Contains(r.err, "--resume") {
		t.Errorf("%s", r.err)
	}
	both := b.want(0, "review", "edit", id, "--print").out
	if strings.Contains(both, "Never mind") {
		t.Error("what was not recorded is shown as if it were")
	}
	for name, text := range map[string]string{"no parts": "words", "a part unknown": strings.Replace(printed, "part: luck", "part: x", 1), "too long": printed + strings.Repeat("x", 1<<20+1)} {
		if r := b.run("review", "edit", id, "--from", b.write("bad.md", text)); r.code != 2 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// An editor that fails, is killed, or leaves what is no text: what was written is
// kept, and goes on.
func TestTextOfAnEditThatFailsIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("Disk full")
	for name, script := range map[string]string{
		"fails":           appends + "; exit 7",
		"is killed":       appends + "; kill -9 $$",
		"breaks the file": `sed -i 's/part: /piece: /' "$1"; ` + appends,
	} {
		r := b.editor("ed", script).run("review", "edit", id, "summary")
		if r.code == 0 || !strings.Contains(r.err, "it is kept in ") {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		_, where, _ := strings.Cut(r.err, "it is kept in ")
		where, _, _ = strings.Cut(where, "\n")
		if text, err := os.ReadFile(where); err != nil || !strings.Contains(string(text), "Written in an editor.") {
			t.Errorf("%s: %s: %v", name, text, err)
		}
		if name != "breaks the file" {
			b.editor("ed", `echo more >> "$1"`).want(0, "review", "edit", id, "--resume")
			if r := b.want(0, "review", "parts", id, "summary"); !strings.HasSuffix(r.out, "Written in an editor.\nmore\n") {
				t.Errorf("%s: %q", name, r.out)
			}
		}
		kept, err := filepath.Glob(b.in(id, "exports", "unsaved-*"))
		for _, k := range kept {
			err = os.Remove(k)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if r := b.editor("ed", "exit 7").run("review", "edit", id); r.code != 3 || strings.Contains(r.err, "kept") {
		t.Errorf("nothing was written, and it says %+v", r)
	}
	if left := b.editor("ed", "true").scratch(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// editing starts an edit whose editor says that it is open, and waits for go.
func (b *bench) editing(name string, args ...string) (*exec.Cmd, func()) {
	b.t.Helper()
	ready, release := filepath.Join(b.dir, name+".ready"), filepath.Join(b.dir, name+".go")
	ed := b.editor(name, `printf '\nfrom `+name+`\n' >> "$1"; touch '`+ready+`'; while ! [ -e '`+release+`' ]; do sleep 0.02; done`)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	b.t.Cleanup(cancel)
	c := ed.command(ctx, args...)
	out, err := os.Create(filepath.Join(b.dir, name+".out")) // a pipe would be open as long as the editor is
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		b.write(name+".go", "")
		_ = out.Close() // a test's own
	})
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	for {
		if _, err := os.Stat(ready); err == nil {
			break
		}
		if ctx.Err() != nil {
			b.t.Fatal("the editor was never opened")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return c, func() { b.write(name+".go", "") }
}

func TestTwoEditAtTheSameTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("Disk full")
	ada, adaGo := b.editing("ada", "review", "edit", id, "factors", "--as", "ada")
	bob, bobGo := b.editing("bob", "review", "edit", id, "factors", "--as", "bob")
	bobGo()
	if err := bob.Wait(); err != nil {
		t.Fatal(err)
	}
	adaGo()
	_ = ada.Wait() // its exit code says it
	if code := ada.ProcessState.ExitCode(); code != 3 {
		t.Fatalf("exit %d: %s", code, readFile(t, filepath.Join(b.dir, "ada.out")))
	}
	if r := b.want(0, "review", "parts", id, "factors"); r.out != "from bob\n" {
		t.Errorf("%q", r.out)
	}
	merge := b.editor("merge", `grep -q '<<<<<<< yours' "$1" && sed -i -e '/^<<<<<<< /d' -e '/^=======$/d' -e '/^>>>>>>> /d' "$1"`)
	merge.want(0, "review", "edit", id, "--resume", "--as", "ada")
	if r := b.want(0, "review", "parts", id, "factors"); r.out != "from ada\nfrom bob\n" {
		t.Errorf("%q", r.out)
	}
	merge.want(1, "review", "edit", id, "--resume", "--as", "ada") // nothing is kept any more
}

// Firebreak is killed while the editor is open: as long as it is, nobody touches
// the file; the next edit takes it up.
func TestKilledWhileAnEditorIsOpen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("Disk full")
	c, release := b.editing("slow", "review", "edit", id, "luck")
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
	ed := b.editor("ed", "true")
	if r := ed.want(0, "review", "edit", id); strings.Contains(r.err, "kept") || len(ed.scratch()) == 0 {
		t.Errorf("the file of an open editor was taken: %s", r.err)
	}
	release()
	for tries := 0; ; tries++ {
		r := ed.want(0, "review", "edit", id)
		if strings.Contains(r.err, "ended without saving") {
			break
		}
		if tries > 200 {
			t.Fatalf("what was written is not taken up: %v", ed.scratch())
		}
		time.Sleep(20 * time.Millisecond)
	}
	ed.want(0, "review", "edit", id, "--resume")
	if r := b.want(0, "review", "parts", id, "luck"); r.out != "from slow\n" {
		t.Errorf("%q", r.out)
	}
	if left := ed.scratch(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Being told to end ends the editor, which puts its text down.
func TestStoppedWhileAnEditorIsOpen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("Disk full")
	c, _ := b.editing("open", "review", "edit", id, "luck")
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // its exit code says it
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit %d: %s", code, readFile(t, filepath.Join(b.dir, "open.out")))
	}
	b.editor("ed", "true").want(0, "review", "edit", id, "--resume")
	if r := b.want(0, "review", "parts", id, "luck"); r.out != "from open\n" {
		t.Errorf("%q", r.out)
	}
}

// In an encrypted workspace nothing that was written lies anywhere in plain text,
// not even what could not be saved; and it comes back.
func TestEditOfAnEncryptedIncidentLeavesNoPlainText(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want(0, "init", "--identity", ageKey(t))
	id := b.open("Disk full")
	const secret = "MARKER-9f2c-of-a-review"
	writes := `printf '` + secret + `\n' >> "$1"; cp "$1" "$1~"; cp "$1" "$(dirname "$1")/.swp"`
	b.editor("ed", writes).want(0, "review", "edit", id, "luck")
	failed := b.editor("ed", writes+"; exit 1").want(3, "review", "edit", id, "summary")
	if !strings.Contains(failed.err, ".md.age") {
		t.Errorf("%s", failed.err)
	}
	c, release := b.editing("open", "review", "edit", id, "limits")
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
	release()
	b.want(0, "review", "state", id, "in-review")
	b.want(0, "review", "state", id, "reviewed")
	b.want(0, "review", "release", id)
	for tries := 0; ; tries++ {
		if r := b.editor("ed", "true").run("review", "edit", id); r.code == 3 && len(b.editor("ed", "true").scratch()) > 0 && tries < 200 {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		break
	}
	b.want(0, "review", "state", id, "draft", "--reason", "more")
	for range 2 {
		b.editor("ed", "true").want(0, "review", "edit", id, "--resume")
	}
	for _, part := range []string{"luck", "summary"} {
		if r := b.want(0, "review", "parts", id, part); r.out != secret+"\n" {
			t.Errorf("%s: %q", part, r.out)
		}
	}
	if r := b.want(0, "review", "parts", id, "limits"); r.out != "from open\n" {
		t.Errorf("%q", r.out)
	}
	out := filepath.Join(b.dir, "out")
	b.want(0, "review", "again", id, "v1", "--to", out)
	if text, err := os.ReadFile(filepath.Join(out, "review-v1.md")); err != nil || !strings.HasPrefix(string(text), "# ") {
		t.Errorf("%.100s, %v", text, err)
	}
	for _, root := range []string{b.home, filepath.Join(b.dir, "run")} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), secret) || strings.Contains(string(text), "from open") {
				t.Errorf("%s holds it in plain text", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWrongOrderOfWordsAfterClocks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("Disk full")
	if r := b.want(2, "clocks", id, "start", "aware"); !strings.Contains(r.err, "firebreak clocks start INCIDENT EVENT") {
		t.Errorf("%s", r.err)
	}
}
