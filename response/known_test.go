package response

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
)

// again closes the workspace and opens it again, as the next command does.
func (b *bench) again() {
	b.Helper()
	b.must(b.s.s.Close())
	b.seed++ // other salts than before
	b.s = b.service(config.Config{}).As(incident.Actor{Name: "ada"})
}

// old puts a copy of the incident's folder aside; the returned function puts it
// back in the folder's place.
func (b *bench) old() (putBack func()) {
	b.Helper()
	b.must(b.s.s.Close())
	dir := b.s.s.Dir(b.id)
	aside := filepath.Join(b.TempDir(), "old")
	b.must(os.CopyFS(aside, os.DirFS(dir)))
	b.again()
	return func() {
		b.Helper()
		b.must(b.s.s.Close())
		b.must(os.RemoveAll(dir))
		b.must(os.CopyFS(dir, os.DirFS(aside)))
		b.again()
	}
}

func TestOldCopyIsNoticed(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	b.must(b.s.Note(t.Context(), b.id, "", "kept", false))
	putBack := b.old()
	b.must(b.s.Note(t.Context(), b.id, "", "lost", false))
	b.must(b.s.Note(t.Context(), b.id, "", "lost too", false))
	newest := b.head()
	putBack()
	_, err := b.s.Incident(t.Context(), b.id)
	b.want(CodeIntegrity, err)
	if !errors.Is(err, ErrOlder) || !strings.Contains(err.Error(), "it has 2 entries") || !strings.Contains(HintOf(err), "--accept-older") {
		t.Errorf("%v (%s)", err, HintOf(err))
	}
	b.want(CodeIntegrity, b.s.Note(t.Context(), b.id, "", "must not be written", false))
	r, err := b.s.Verify(t.Context(), b.id, nil)
	b.must(err)
	if len(r.Problems) != 1 || r.Problems[0].What != record.Truncated || !strings.Contains(r.Problems[0].Where, newest.Seal()) {
		t.Errorf("%v", r.Problems)
	}
	if k, err := b.s.s.known(b.id); err != nil || k.Size != newest.Size {
		t.Errorf("known is %s, %v", k.Short(), err)
	}
}

// An old copy that was gone on with elsewhere is another branch, however long.
func TestAnotherBranchIsNoticed(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	putBack := b.old()
	b.must(b.s.Note(t.Context(), b.id, "", "one", false))
	b.again()
	file := b.s.s.knownFile(b.id)
	known, err := os.ReadFile(file)
	b.must(err)
	putBack()
	b.must(os.Remove(file)) // as on another machine with the same key
	for range 3 {
		b.must(b.s.Note(t.Context(), b.id, "", "two", false))
	}
	b.must(b.s.s.Close())
	b.must(os.WriteFile(file, known, 0o600))
	b.again()
	_, err = b.s.Incident(t.Context(), b.id)
	if !errors.Is(err, ErrOlder) {
		t.Errorf("got %v", err)
	}
	r, err := b.s.Verify(t.Context(), b.id, nil)
	b.must(err)
	if len(r.Problems) != 1 || r.Problems[0].What != record.Rewritten {
		t.Errorf("%v", r.Problems)
	}
}

// The newest head is remembered whatever becomes of its file, and never goes
// back.
func TestKnownHeadIsKept(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	b.again()
	file := b.s.s.knownFile(b.id)
	for _, damage := range []string{"", "rubbish\n", "x\n1\n\x00\n\n"} {
		b.must(os.WriteFile(file, []byte(damage), 0o600))
		r, err := b.s.Verify(t.Context(), b.id, nil)
		b.must(err)
		if !r.OK() || !strings.Contains(strings.Join(r.Notes, "\n"), "is no head of "+string(b.id)) {
			t.Errorf("%q: %v %v", damage, r.Problems, r.Notes)
		}
		b.must(b.s.Note(t.Context(), b.id, "", "a note", false))
		b.again()
		if k, err := b.s.s.known(b.id); err != nil || k.Size != b.head().Size {
			t.Errorf("%q: known is %s, %v", damage, k.Short(), err)
		}
		b.verified()
	}
	// A number is not given twice, even when the folder is gone.
	b.must(b.s.s.Close())
	b.must(os.RemoveAll(b.s.s.Dir(b.id)))
	b.again()
	before := b.id
	b.open()
	if b.id == before {
		t.Errorf("%s again", b.id)
	}
}

// Two processes that write and close in any order leave the newest.
func TestKnownHeadOfTwoProcesses(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	b.seed = 1
	one := b.service(config.Config{})
	b.seed = 2
	two := b.service(config.Config{})
	for range 3 {
		b.must(one.As(incident.Actor{Name: "ada"}).Note(t.Context(), b.id, "", "a note", false))
	}
	for range 3 {
		b.must(two.As(incident.Actor{Name: "grace"}).Note(t.Context(), b.id, "", "a note", false))
	}
	b.must(two.Close())
	b.must(one.Close()) // its handle has seen less
	if k, err := b.s.s.known(b.id); err != nil || k.Size != 7 {
		t.Errorf("known is %s, %v", k.Short(), err)
	}
	b.verified()
}

func (b *bench) head() record.Head {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	return f.store.Head()
}
