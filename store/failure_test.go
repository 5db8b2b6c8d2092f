package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	sqlite3 "github.com/mattn/go-sqlite3"

	"firebreak/record"
)

func note(t testing.TB, text string) func(*Tx) (record.Draft, error) {
	return func(*Tx) (record.Draft, error) { return draft(t, record.Noted, record.Note{Text: text}), nil }
}

// good opens the incident in dir and has it verified. Each entry has a head.
func good(t testing.TB, dir string, o Options, entries int64) {
	t.Helper()
	whole(t, dir, o, entries)
	if n := len(headNotes(t, dir)); int64(n) != entries {
		t.Errorf("%d heads in the file for %d entries", n, entries)
	}
}

func whole(t testing.TB, dir string, o Options, entries int64) {
	t.Helper()
	s, err := Open(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	r, err := s.Verify(context.Background(), VerifyOptions{})
	if err != nil || !r.OK() || r.Entries != entries || r.Head.Size != entries {
		t.Fatalf("%d entries, head %s, problems %v, %v; want %d entries", r.Entries, r.Head.Short(), r.Problems, err, entries)
	}
}

// A crash can tear the last head at any byte, or lose it; opening mends both.
func TestTornHeadIsMended(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	base := filled(t, o, 3)
	whole, err := os.ReadFile(filepath.Join(base, HeadsFile))
	if err != nil {
		t.Fatal(err)
	}
	last := headNotes(t, base)[2]
	for cut := len(whole) - len(last); cut < len(whole); cut += 11 {
		dir := copyDir(t, base)
		writeHeads(t, dir, whole[:cut])
		good(t, dir, o, 3)
		if again, err := os.ReadFile(filepath.Join(dir, HeadsFile)); err != nil || !bytes.Equal(again, whole) {
			t.Fatalf("cut at %d: the heads file is not as it was (%v)", cut, err)
		}
	}
	dir := copyDir(t, base) // torn in the middle of things: another process is at work
	s, err := Open(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	writeHeads(t, dir, whole, []byte("test-key/2026-0007\n4\nAAAA"))
	add(t, s, record.Noted, record.Note{Text: "behind a torn head"})
	closeStore(t, s)
	good(t, dir, o, 4)
}

// The head cannot be written after the commit: the caller learns that the
// entry is recorded, and the next update writes both heads.
func TestHeadFollowsLater(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	s := create(t, o)
	heads, aside := filepath.Join(s.Dir(), HeadsFile), filepath.Join(s.Dir(), "aside")
	e, err := s.Update(ctx, func(tx *Tx) (record.Draft, error) {
		if err := errors.Join(os.Rename(heads, aside), os.Mkdir(heads, 0o700)); err != nil {
			return record.Draft{}, err
		}
		return note(t, "x")(tx)
	})
	if !errors.Is(err, ErrUnsealed) || e.Seq != 2 {
		t.Fatalf("update: entry %d, %v, want ErrUnsealed", e.Seq, err)
	}
	if _, err := s.Update(ctx, note(t, "y")); err == nil {
		t.Fatal("an update was recorded on top of a missing head that could not be written")
	}
	if err := errors.Join(os.Remove(heads), os.Rename(aside, heads)); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Verify(ctx, VerifyOptions{}); err != nil || !r.OK() || !strings.Contains(strings.Join(r.Notes, " "), "not yet in the heads file") {
		t.Errorf("verify before the head is there: %+v, %v", r, err)
	}
	if e := add(t, s, record.Noted, record.Note{Text: "z"}); e.Seq != 3 {
		t.Errorf("entry %d", e.Seq)
	}
	closeStore(t, s)
	good(t, s.Dir(), o, 3)
}

// A failed fsync is not tried again: nobody knows what is on the disk.
func TestFailedSyncEndsTheHandle(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a file whose sync fails; the null device of Windows can be synced")
	}
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	s := create(t, o)
	heads, aside := filepath.Join(s.Dir(), HeadsFile), filepath.Join(s.Dir(), "aside")
	_, err := s.Update(ctx, func(tx *Tx) (record.Draft, error) {
		if err := errors.Join(os.Rename(heads, aside), os.Symlink(os.DevNull, heads)); err != nil { // fsync of it fails
			return record.Draft{}, err
		}
		return note(t, "x")(tx)
	})
	if !errors.Is(err, ErrDamaged) || !errors.Is(err, ErrUnsealed) {
		t.Fatalf("update: %v, want ErrDamaged", err)
	}
	if err := errors.Join(os.Remove(heads), os.Rename(aside, heads)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(ctx, note(t, "y")); !errors.Is(err, ErrDamaged) {
		t.Errorf("update after a failed sync: %v", err)
	}
	view(t, s, func(tx *Tx) error { _, err := tx.Entries(0, 0); return err })
	closeStore(t, s)
	good(t, s.Dir(), o, 2)
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want error
	}{
		{syscall.ENOSPC, ErrFull},
		{&os.PathError{Err: syscall.EDQUOT}, ErrFull},
		{syscall.EROFS, ErrReadOnly},
		{&os.PathError{Err: syscall.EACCES}, ErrReadOnly},
		{syscall.EIO, ErrDamaged},
		{sqlite3.Error{Code: sqlite3.ErrFull}, ErrFull},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.ENOSPC}, ErrFull},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrFsync}, ErrDamaged},
		{sqlite3.Error{Code: sqlite3.ErrReadonly}, ErrReadOnly},
		{sqlite3.Error{Code: sqlite3.ErrCorrupt}, ErrDamaged},
	} {
		if got := explain(fmt.Errorf("do: %w", c.err)); !errors.Is(got, c.want) || !errors.Is(got, c.err) {
			t.Errorf("%v explained as %v, want %v", c.err, got, c.want)
		}
	}
	other := errors.New("other")
	if got := explain(other); got != other || explain(nil) != nil { //nolint:errorlint // unchanged is the point
		t.Errorf("other explained as %v", got)
	}
}

func TestCancelledAndClosed(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	s := create(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := s.Update(ctx, func(tx *Tx) (record.Draft, error) { cancel(); return note(t, "x")(tx) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled update: %v", err)
	}
	if e := add(t, s, record.Noted, record.Note{Text: "y"}); e.Seq != 2 {
		t.Errorf("entry %d after a cancelled one, want 2", e.Seq)
	}
	inside, let := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := s.Update(context.Background(), func(tx *Tx) (record.Draft, error) {
			close(inside)
			<-let
			return note(t, "z")(tx)
		})
		done <- err
	}()
	<-inside
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	close(let)
	if err := <-done; err != nil { // Close waits for an update that is under way
		t.Errorf("update during close: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := s.Update(context.Background(), note(t, "x")); !errors.Is(err, ErrClosed) {
		t.Errorf("update after close: %v", err)
	}
	if err := s.View(context.Background(), func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("view after close: %v", err)
	}
	if _, err := s.Version(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("version after close: %v", err)
	}
	good(t, s.Dir(), o, 3)
}

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	const writers, each = 6, 15
	o := testOptions(t)
	s := create(t, o)
	ctx := context.Background()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, err := s.Update(ctx, note(t, fmt.Sprint(w, i))); err != nil {
					t.Error(err)
				}
				err := s.View(ctx, func(tx *Tx) error {
					h, err := tx.Head()
					if err != nil {
						return err
					}
					es, err := tx.Entries(0, 0)
					if int64(len(es)) != h.Size {
						t.Errorf("%d entries under a head of %d", len(es), h.Size)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if _, err := s.Version(ctx); err != nil {
					t.Error(err)
				}
				s.Head()
			}
		})
	}
	wg.Wait()
	closeStore(t, s)
	good(t, s.Dir(), o, 1+writers*each)
}

// small mounts a small file system, or skips.
func small(t *testing.T, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a small tmpfs")
	}
	dir := t.TempDir()
	if err := mount(dir, "size="+size); err != nil {
		t.Skipf("cannot mount a tmpfs here: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	disk := small(t, "1m")
	dir := filepath.Join(disk, string(testID))
	s, err := Create(ctx, dir, testID, o, opened(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closeStore(t, s) }()
	acked := int64(1)
	write := func(size int) error {
		text := make([]byte, size)
		if _, err := rand.Read(text); err != nil {
			t.Fatal(err)
		}
		_, err := s.Update(ctx, note(t, hex.EncodeToString(text)))
		if err == nil || errors.Is(err, ErrUnsealed) {
			acked++
		}
		return err
	}
	for _, size := range []int{30_000, 3_000, 300} { // until not even a small one goes in
		for err = write(size); err == nil; {
			err = write(size)
		}
		if !errors.Is(err, ErrFull) {
			t.Fatalf("full disk: %v, want ErrFull", err)
		}
	}
	view(t, s, func(tx *Tx) error {
		if n, err := tx.Count(); err != nil || n != acked {
			t.Errorf("%d entries, %d acknowledged, %v", n, acked, err)
		}
		_, err := tx.Entries(0, 0)
		return err
	})
	if _, err := Create(ctx, filepath.Join(disk, "2026-0008"), "2026-0008", o, opened(t)); !errors.Is(err, ErrFull) {
		t.Errorf("create on a full disk: %v", err)
	}
	if left, err := os.ReadDir(disk); err != nil || len(left) != 1 {
		t.Errorf("a failed create left %v, %v", left, err)
	}
	if err := remount(disk, "size=4m"); err != nil {
		t.Fatal(err)
	}
	if err := write(3000); err != nil {
		t.Errorf("with space again: %v", err)
	}
	closeStore(t, s)
	good(t, dir, o, acked)
}

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	disk := small(t, "4m")
	dir := filepath.Join(disk, string(testID))
	s, err := Create(ctx, dir, testID, o, opened(t))
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, record.Noted, record.Note{Text: "x"})
	open := copyDir(t, dir) // with its WAL, as after a crash
	closeStore(t, s)
	crashed := filepath.Join(disk, "2026-0008")
	if err := os.CopyFS(crashed, os.DirFS(open)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(crashed, DatabaseFile+"-shm")); err != nil {
		t.Fatal(err)
	}
	if err := remount(disk, "ro"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, dir, o); !errors.Is(err, ErrReadOnly) {
		t.Errorf("open for writing: %v, want ErrReadOnly", err)
	}
	if _, err := Create(ctx, filepath.Join(disk, "2026-0009"), "2026-0009", o, opened(t)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("create: %v, want ErrReadOnly", err)
	}
	look := Options{Secret: testSecret(), ReadOnly: true, Trust: []string{o.Key.Public()}}
	s, err = Open(ctx, dir, look)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if r, err := s.Verify(ctx, VerifyOptions{}); err != nil || !r.OK() || r.Entries != 2 {
		t.Errorf("verify: %+v, %v", r, err)
	}
	if _, err := s.Version(ctx); err != nil {
		t.Error(err)
	}
	c, err := Open(ctx, crashed, look)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, c)
	r, err := c.Verify(ctx, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() && !strings.Contains(strings.Join(r.Notes, " "), "were not read") {
		t.Errorf("the report blames the record for what could not be read: %+v", r)
	}
}

// A folder made by another installation can be looked at, and gone on with once
// its key is trusted: whoever puts a forged one in place signs it well too.
func TestAnotherInstallation(t *testing.T) {
	t.Parallel()
	ctx, theirs := context.Background(), testOptions(t)
	dir := filled(t, theirs, 3)
	ours := testOptions(t)
	name := theirs.Key.Name() + "+"
	if _, err := Open(ctx, dir, ours); !errors.Is(err, ErrUntrusted) || !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), name) {
		t.Fatalf("open for writing: %v, want ErrUntrusted", err)
	}
	look := ours
	look.ReadOnly = true
	s, err := Open(ctx, dir, look)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.View(ctx, func(tx *Tx) error { _, err := tx.Incident(); return err }); err != nil {
		t.Error(err)
	}
	if _, err := s.Update(ctx, func(*Tx) (record.Draft, error) { return record.Draft{}, nil }); !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), name) {
		t.Errorf("update: %v, want ErrUntrusted", err)
	}
	r, err := s.Verify(ctx, VerifyOptions{})
	if err != nil || len(r.Problems) != 1 || r.Problems[0].What != record.BadSignature || !strings.Contains(r.Problems[0].Where, name) {
		t.Errorf("report %+v, %v", r, err)
	}
	if r, err := s.Verify(ctx, VerifyOptions{Trust: []string{theirs.Key.Public()}}); err != nil || !r.OK() {
		t.Errorf("with their key trusted this once: %+v, %v", r, err)
	}
	closeStore(t, s)
	ours.Trust = []string{theirs.Key.Public()}
	s, err = Open(ctx, dir, ours)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	add(t, s, record.Noted, record.Note{Text: "ours"})
	if r, err := s.Verify(ctx, VerifyOptions{}); err != nil || !r.OK() {
		t.Errorf("with their key trusted: %+v, %v", r, err)
	}
	if s.Head().Incident() != testID {
		t.Errorf("head %+v", s.Head())
	}
}
