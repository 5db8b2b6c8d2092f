package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	randv2 "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/store/cryptvfs"
)

// sealedHome is a home whose incidents are encrypted, for other processes too.
func sealedHome(t testing.TB) (string, Options) {
	t.Helper()
	home, _ := newHome(t)
	if err := os.WriteFile(filepath.Join(home, sealedFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := sharedOptions(home)
	if err != nil {
		t.Fatal(err)
	}
	return home, o
}

// Three processes write to one encrypted incident and are killed at any moment,
// all at once.
func TestKilledWritersOfAnEncryptedIncident(t *testing.T) {
	t.Parallel()
	home, o := sealedHome(t)
	s := create(t, o)
	closeStore(t, s)
	all := map[string]int64{}
	r := randv2.New(randv2.NewPCG(21, 22))
	n := testkit.Rounds(t, 5, 240)
	for range n {
		enough := make(chan struct{})
		var once sync.Once
		target, pause := 1+r.IntN(12), time.Duration(r.IntN(4000))*time.Microsecond
		var children []*child
		for range 3 {
			c := start(t, jobWrite, s.Dir(), home, 1_000_000)
			c.listen(func(total int) {
				if total >= target {
					once.Do(func() { close(enough) })
				}
			})
			children = append(children, c)
		}
		<-enough
		time.Sleep(pause)
		for _, c := range children {
			if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
		}
		for _, c := range children {
			c.kill(t)
			if len(c.errs) > 0 {
				t.Fatal(c.errs)
			}
			for text, seq := range c.acks {
				all[text] = seq
			}
		}
		expect(t, s.Dir(), o, all) // with SQLite's integrity check
	}
	testkit.Tell(t, testkit.Figure{
		Name: "kill -9 of three writers at once, encrypted", Rounds: n, Lost: testkit.N(0), Acked: testkit.N(len(all)),
		Note: "after each: opened, verified with SQLite's integrity check, and every entry acknowledged so far is there",
	})
}

// A page that was moved, or comes from another incident or another time of the
// schema, is found, and the message says where.
func TestMovedPagesAreFound(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	o.Secret = &[32]byte{1}
	dir := filled(t, o, 30)
	path := filepath.Join(dir, DatabaseFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stranger := o
	stranger.Secret = &[32]byte{2}
	other, err := os.ReadFile(filepath.Join(filled(t, stranger, 30), DatabaseFile))
	if err != nil || len(other) != len(good) {
		t.Fatalf("%d bytes, want %d (%v)", len(other), len(good), err)
	}
	const size = cryptvfs.PageSize
	pages := len(good) / size
	if pages < 10 {
		t.Fatalf("only %d pages", pages)
	}
	r := randv2.New(randv2.NewPCG(23, 24))
	n := testkit.Rounds(t, 20, 400)
	found, unused := 0, 0
	for i := range n {
		hurt := bytes.Clone(good)
		a, b := r.IntN(pages), r.IntN(pages)
		if a == b {
			b = (a + 1) % pages
		}
		what := fmt.Sprintf("page %d", a+1)
		switch i % 3 {
		case 0: // two pages change places
			copy(hurt[a*size:][:size], good[b*size:])
			copy(hurt[b*size:][:size], good[a*size:])
		case 1: // one stands twice
			copy(hurt[a*size:][:size], good[b*size:])
		case 2: // the same place of another incident
			copy(hurt[a*size:][:size], other[a*size:])
		}
		if err := os.WriteFile(path, hurt, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(ctx, dir, o)
		if err == nil {
			var rep record.Report
			rep, err = s.Verify(ctx, VerifyOptions{})
			switch {
			case err != nil:
			case !rep.OK():
				err = fmt.Errorf("%w: %v", ErrDamaged, rep.Problems)
			case i%3 == 1:
				unused++ // a page on the free list holds nothing
			default:
				t.Errorf("%s: not found", what)
			}
			if err := s.Close(); err != nil && !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "does not decrypt") ||
			!strings.Contains(err.Error(), what+" of incident.db") && !strings.Contains(err.Error(), fmt.Sprintf("page %d of incident.db", b+1)) {
			t.Errorf("%s: %v", what, err)
		}
		found++
	}
	testkit.Tell(t, testkit.Figure{
		Name: "pages moved or taken from elsewhere, encrypted", Rounds: n, Detected: testkit.N(found), Harmless: testkit.N(unused), Lost: testkit.N(0),
		Note: "the page is named each time",
	})
}

// Nothing of an encrypted incident is readable in its folder: while it is
// open, after a backup before a migration, after its writer is gone.
func TestNothingOfAnIncidentIsReadable(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, secret := range []*[32]byte{nil, {1}} {
		o := testOptions(t)
		o.Secret = secret
		dir := filepath.Join(t.TempDir(), string(testID))
		first := draft(t, record.IncidentOpened, record.Opened{Title: "planted-title", Severity: incident.SEV2})
		s, err := Create(ctx, dir, testID, o, first)
		if err != nil {
			t.Fatal(err)
		}
		words := []string{"planted-title", "incident.opened", "CREATE TABLE", "SQLite format 3"}
		for i := range 20 {
			note, tag := fmt.Sprintf("planted-note-%d", i), fmt.Sprintf("planted-tag-%d", i)
			add(t, s, record.Noted, record.Note{Text: note})
			add(t, s, record.EventMarked, record.Mark{Event: fmt.Sprint("ev", i), Tags: []string{tag}})
			words = append(words, note, tag)
		}
		find := func(when string) {
			t.Helper()
			n := 0
			for _, w := range words {
				for skip := range 3 { // a disclosure is base64, at any of three positions
					padded := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + w))
					n += holding(t, dir, strings.TrimRight(padded[4*((skip+2)/3):], "=")[:8])
				}
				n += holding(t, dir, w)
			}
			if (n > 0) != (secret == nil) {
				t.Errorf("%s, encrypted %t: %d places", when, secret != nil, n)
			}
		}
		find("while it is open")
		if err := migrate(ctx, s.w, filepath.Join(dir, DatabaseFile), append(slices.Clone(s.steps), "CREATE TABLE more (x)"), s.key); err != nil {
			t.Fatal(err)
		}
		if err := step(ctx, s.w, len(s.steps), "DROP TABLE more"); err != nil {
			t.Fatal(err)
		}
		find("after a migration")
		if copies, err := filepath.Glob(filepath.Join(dir, "incident.schema-*.db")); err != nil || len(copies) != 1 {
			t.Errorf("copies: %v (%v)", copies, err)
		}
		closeStore(t, s)
		find("closed")
		o.ReadOnly = true
		look, err := Open(ctx, dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := look.Verify(ctx, VerifyOptions{}); err != nil || !r.OK() {
			t.Errorf("looked at: %v, %v", r.Problems, err)
		}
		closeStore(t, look)
	}
}

// Without its key, or with another, an incident does not open, and stays what
// it is.
func TestTheWrongKey(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	o.Secret = &[32]byte{1}
	s := create(t, o)
	for i := range 5 {
		add(t, s, record.Noted, record.Note{Text: fmt.Sprint(i)})
	}
	head := s.Head().Seal()
	dir := copyDir(t, s.Dir()) // as a killed process leaves it: all in the log
	for _, name := range []string{DatabaseFile + "-shm", lockFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, secret := range map[string]*[32]byte{"another key": {2}, "no key": nil} {
		for _, readOnly := range []bool{false, true} {
			wrong := o
			wrong.Secret, wrong.ReadOnly = secret, readOnly
			if _, err := Open(ctx, dir, wrong); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "encrypted") {
				t.Errorf("%s, read-only %t: %v", name, readOnly, err)
			}
		}
	}
	again, err := Open(ctx, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, again)
	if again.Head().Seal() != head {
		t.Errorf("head %s, want %s", again.Head().Short(), head)
	}
}

// The suite, encrypted: a part of it each time, all of it in the long form.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	if testSecret() != nil {
		t.Skip("it runs encrypted already")
	}
	run := "Tamper|Migrate|NewerSchema|Pragmas|FourProcesses|OldBackup|LookAt|ReadOnly|Version"
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
