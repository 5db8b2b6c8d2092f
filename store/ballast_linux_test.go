package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/record"
)

// stuff fills the disk to the last byte.
func stuff(t *testing.T, disk string) (free func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "stuff"))
	if err != nil {
		t.Fatal(err)
	}
	for chunk := make([]byte, 1<<20); len(chunk) > 0; {
		if _, err := f.Write(chunk); errors.Is(err, syscall.ENOSPC) {
			chunk = chunk[:len(chunk)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			t.Fatal(err)
		}
	}
}

func fullnesses(t *testing.T, s *Store) (out []record.Fullness) {
	t.Helper()
	view(t, s, func(tx *Tx) error {
		es, err := tx.EntriesOf(record.DiskFull)
		for _, e := range es {
			var f record.Fullness
			if err := e.Decode(&f); err != nil {
				return err
			}
			out = append(out, f)
		}
		return err
	})
	return out
}

// On a full disk the ballast makes room for the entry that says so and for the
// decision; when it is used up, the refusal says what is left; with room again
// there is a new one.
func TestBallast(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	disk := small(t, "24m")
	dir := filepath.Join(disk, string(testID))
	s, err := Create(ctx, dir, testID, o, opened(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closeStore(t, s) }()
	var st syscall.Stat_t
	if err := syscall.Stat(filepath.Join(dir, BallastFile), &st); err != nil || st.Blocks*512 < ballastSize || st.Mode&0o077 != 0 {
		t.Fatalf("ballast of %d blocks, mode %o, %v", st.Blocks, st.Mode, err)
	}
	if r := s.Room(); !r.Ballast || r.Free <= 0 {
		t.Fatalf("room %+v", r)
	}
	free := stuff(t, disk)
	acks := int64(1)
	for { // what is left in blocks already taken
		if _, err = s.Update(ctx, note(t, strings.Repeat("x", 2000))); err != nil {
			t.Fatal(err)
		}
		acks++
		if len(fullnesses(t, s)) > 0 {
			break
		}
	}
	if f := fullnesses(t, s)[0]; f.Ballast != ballastSize || !f.Recorded || f.Failed != "note" {
		t.Errorf("fullness %+v", f)
	}
	if r := s.Room(); r.Ballast || r.Free < 0 || r.Free > ballastSize {
		t.Errorf("room %+v", r)
	}
	if e := add(t, s, record.Noted, record.Note{Text: "we stop collecting and free the disk", Decision: true}); e.Seq != acks+2 {
		t.Errorf("the decision is entry %d, want %d", e.Seq, acks+2)
	}
	acks += 2
	var full *FullError
	for err = nil; err == nil; {
		var e record.Entry
		if e, err = s.Update(ctx, note(t, random(t, 20000))); err == nil || errors.Is(err, ErrUnsealed) {
			acks = e.Seq
		}
	}
	if !errors.Is(err, ErrFull) || !errors.As(err, &full) || full.Room.Ballast || !strings.Contains(err.Error(), "KiB are free; the reserve for this case is used up") {
		t.Errorf("used up: %v", err)
	}
	free()
	add(t, s, record.Noted, record.Note{Text: "room again"})
	if r := s.Room(); !r.Ballast {
		t.Errorf("with room again: %+v", r)
	}
	closeStore(t, s)
	whole(t, dir, o, acks+1)
}

func random(t *testing.T, n int) string {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

// An act too big for the ballast is refused, and that is recorded.
func TestBallastTooSmall(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	disk := small(t, "24m")
	dir := filepath.Join(disk, string(testID))
	s, err := Create(ctx, dir, testID, o, opened(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closeStore(t, s) }()
	stuff(t, disk)
	ds := make([]record.Draft, 40)
	for i := range ds {
		ds[i] = draft(t, record.Noted, record.Note{Text: random(t, 30000)})
	}
	asked := 0
	es, err := s.UpdateAll(ctx, func(*Tx) ([]record.Draft, error) { asked++; return ds, nil })
	var full *FullError
	if len(es) != 0 || !errors.Is(err, ErrFull) || !errors.As(err, &full) || full.Entry != 2 || !strings.Contains(err.Error(), "entry 2 says that the disk was full") {
		t.Fatalf("%d entries, %v", len(es), err)
	}
	if asked != 1 {
		t.Errorf("the act was decided %d times", asked)
	}
	if f := fullnesses(t, s); len(f) != 1 || f[0].Recorded || f[0].Failed != "note" {
		t.Errorf("fullness %+v", f)
	}
	add(t, s, record.Noted, record.Note{Text: "stop"})
	closeStore(t, s)
	whole(t, dir, o, 3)
}

// The disk becomes full at each step: at sizes from too small for anything on,
// an incident is made and written to until it does not go on.
func TestFullAtEachStep(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	where := map[string]int{}
	rounds, kept := 0, 0
	for size := 8; size < 12<<10; size += max(4, size/testkit.Rounds(t, 2, 24)) {
		rounds++
		t.Run(fmt.Sprintf("%dk", size), func(t *testing.T) {
			disk := small(t, fmt.Sprintf("%dk", size))
			dir := filepath.Join(disk, string(testID))
			s, err := Create(context.Background(), dir, testID, o, opened(t))
			if err != nil {
				if !errors.Is(err, ErrFull) {
					t.Errorf("create: %v", err)
				}
				if left, err := os.ReadDir(disk); err != nil || len(left) != 0 {
					t.Errorf("a failed create left %v, %v", left, err)
				}
				where["at create"]++
				return
			}
			acks := int64(1)
			for err == nil && acks < 4000 {
				var e record.Entry
				if e, err = s.Update(context.Background(), note(t, random(t, 5000))); err == nil || errors.Is(err, ErrUnsealed) {
					acks = e.Seq
				}
			}
			switch {
			case !errors.Is(err, ErrFull):
				t.Errorf("update: %v", err)
			case errors.Is(err, ErrUnsealed):
				where["at the heads"]++
			default:
				where["at an update"]++
			}
			if n := len(fullnesses(t, s)); n > 0 {
				where["recorded by means of the ballast"]++
			}
			kept += int(acks)
			closeStore(t, s)
			if err := remount(disk, "size=64m"); err != nil {
				t.Fatal(err)
			}
			whole(t, dir, o, acks)
		})
	}
	if rounds > 0 && !t.Failed() && len(where) > 0 {
		testkit.Tell(t, testkit.Figure{Name: "disk full at each step", Rounds: rounds, Detected: testkit.N(rounds), Lost: testkit.N(0), Acked: testkit.N(kept), Where: where, Note: "disks of rising size, filled to the last block"})
	}
}
