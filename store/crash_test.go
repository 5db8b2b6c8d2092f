package store

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	randv2 "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/mishap"
	"firebreak/record"
)

// The test binary starts itself as another process with one of these jobs.
const (
	jobEnv     = "FIREBREAK_STORE_JOB"
	jobWrite   = "write"  // record notes, print each acknowledged number
	jobCreate  = "create" // create incidents, print each acknowledged id
	jobHold    = "hold"   // take the lock and keep it
	jobSeal    = "seal"   // seal evidence, record it, print each acknowledged name
	jobInsist  = "insist" // record long notes, go on after a failure, print what became of each
	secretFile = "key"
	sealedFile = "sealed" // in home: the incidents are encrypted
)

func TestMain(m *testing.M) {
	mishap.Main()
	if job := os.Getenv(jobEnv); job != "" {
		if err := work(job, os.Args[1], os.Args[2], os.Args[3]); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work is a child's main. dir is an incident's folder, or for jobCreate the
// folder to make them in; home holds the key.
func work(job, dir, home, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	o, err := sharedOptions(home)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if job == jobErase {
		return eraseAndDie(ctx, dir, o)
	}
	switch job {
	case jobCreate:
		return createMany(ctx, dir, o, n)
	case jobSeal:
		return sealMany(ctx, dir, o, n)
	case jobInsist:
		return insist(ctx, dir, o, n)
	}
	s, err := Open(ctx, dir, o)
	if err != nil {
		return err
	}
	me := rand.Text() // a process id may come again in a thousand rounds
	for i := range n {
		text := fmt.Sprintf("%s-%d", me, i)
		e, err := s.Update(ctx, func(*Tx) (record.Draft, error) {
			if job == jobHold {
				fmt.Println("holding")
				if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
					return record.Draft{}, err
				}
			}
			return record.NewDraft(alice, record.Noted, incident.Identify, "", record.Note{Text: text})
		})
		if err != nil {
			return err
		}
		fmt.Println("ack", e.Seq, text)
	}
	return s.Close()
}

func createMany(ctx context.Context, dir string, o Options, n int) error {
	first, err := record.NewDraft(alice, record.IncidentOpened, incident.Identify, "", record.Opened{Title: "x", Severity: incident.SEV3})
	if err != nil {
		return err
	}
	for i := range n {
		id := incident.ID(fmt.Sprintf("2026-%06d", i+1))
		s, err := Create(ctx, filepath.Join(dir, string(id)), id, o, first)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		fmt.Println("ack", 1, id)
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// sharedOptions are options with the key that lies in home.
func sharedOptions(home string) (Options, error) {
	secret, err := os.ReadFile(filepath.Join(home, secretFile))
	if err != nil {
		return Options{}, err
	}
	key, err := record.ParseKey(string(secret))
	start := time.Now()
	o := Options{
		Now: time.Now, Monotonic: func() (int64, string) { return int64(time.Since(start)), "boot" }, Rand: rand.Reader, Key: key, Secret: testSecret(),
	}
	if _, err := os.Stat(filepath.Join(home, sealedFile)); err == nil {
		o.Secret = &[32]byte{7, 8, 9}
	}
	return o, err
}

// newHome makes a folder with a key in it.
func newHome(t testing.TB) (string, Options) {
	t.Helper()
	home := t.TempDir()
	_, secret, err := record.GenerateKey(rand.Reader, "shared")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, secretFile), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := sharedOptions(home)
	if err != nil {
		t.Fatal(err)
	}
	return home, o
}

// child is a process of ours with a job. acks collects what it acknowledged.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
	done  sync.WaitGroup

	mu   sync.Mutex
	acks map[string]int64 // text → number
	errs []string
}

func start(t testing.TB, job, dir, home string, n int) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], dir, home, strconv.Itoa(n))
	cmd.Env = append(os.Environ(), jobEnv+"="+job)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &child{cmd: cmd, stdin: in, lines: bufio.NewScanner(out), acks: map[string]int64{}}
}

// listen reads the child's acknowledgements in the background, calling seen
// after each.
func (c *child) listen(seen func(total int)) {
	c.done.Go(func() {
		for c.lines.Scan() {
			f := strings.Fields(c.lines.Text())
			c.mu.Lock()
			if len(f) == 3 && f[0] == "ack" {
				n, err := strconv.ParseInt(f[1], 10, 64)
				if err != nil {
					c.errs = append(c.errs, err.Error())
				}
				c.acks[f[2]] = n
			} else {
				c.errs = append(c.errs, c.lines.Text())
			}
			total := len(c.acks)
			c.mu.Unlock()
			seen(total)
		}
		seen(math.MaxInt) // it ended: nobody waits for more
	})
}

// kill ends the child with SIGKILL.
func (c *child) kill(t testing.TB) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	c.done.Wait()
	_ = c.cmd.Wait() // killed: that is no news
}

// expect opens the incident and checks that it is whole and holds every
// acknowledged note under its number.
func expect(t testing.TB, dir string, o Options, acks map[string]int64) {
	t.Helper()
	ctx := context.Background()
	s, err := Open(ctx, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	r, err := s.Verify(ctx, VerifyOptions{})
	if err != nil || !r.OK() {
		t.Fatalf("verify: %v, %v", r.Problems, err)
	}
	there := map[string]int64{}
	err = s.View(ctx, func(tx *Tx) error {
		es, err := tx.EntriesOf(record.Noted)
		for _, e := range es {
			var n record.Note
			if err := e.Decode(&n); err != nil {
				return err
			}
			text, _, _ := strings.Cut(n.Text, "|")
			if _, twice := there[text]; twice {
				t.Errorf("%s is there twice", text)
			}
			there[text] = e.Seq
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, seq := range acks {
		if there[text] != seq {
			t.Errorf("acknowledged %s as entry %d, found %d", text, seq, there[text])
		}
	}
}

func TestKilledWriterLosesNothing(t *testing.T) {
	t.Parallel()
	home, o := newHome(t)
	s := create(t, o)
	closeStore(t, s)
	all := map[string]int64{}
	r := randv2.New(randv2.NewPCG(7, 8))
	n := testkit.Rounds(t, 10, 1000)
	for range n {
		c := start(t, jobWrite, s.Dir(), home, 1_000_000)
		enough := make(chan struct{})
		var once sync.Once
		target, pause := 1+r.IntN(20), time.Duration(r.IntN(4000))*time.Microsecond
		c.listen(func(total int) {
			if total >= target {
				once.Do(func() { close(enough) })
			}
		})
		<-enough
		time.Sleep(pause) // to die at any point of an update
		c.kill(t)
		if len(c.errs) > 0 {
			t.Fatal(c.errs)
		}
		for text, seq := range c.acks {
			all[text] = seq
		}
		expect(t, s.Dir(), o, all)
	}
	testkit.Tell(t, testkit.Figure{
		Name: "kill -9 of a writer at random", Rounds: n, Lost: testkit.N(0), Acked: testkit.N(len(all)),
		Note: "after each: opened, verified, and every entry acknowledged so far is there under its number",
	})
}

func TestKilledCreatorLeavesWholeIncidents(t *testing.T) {
	t.Parallel()
	home, o := newHome(t)
	dir := t.TempDir()
	r := randv2.New(randv2.NewPCG(9, 10))
	total := 0
	n := testkit.Rounds(t, 8, 100)
	for range n {
		c := start(t, jobCreate, dir, home, 1_000_000)
		enough := make(chan struct{})
		var once sync.Once
		c.listen(func(total int) {
			if total >= 3 {
				once.Do(func() { close(enough) })
			}
		})
		<-enough
		time.Sleep(time.Duration(r.IntN(20_000)) * time.Microsecond)
		c.kill(t)
		if len(c.errs) > 0 {
			t.Fatal(c.errs)
		}
		for id := range c.acks {
			if _, err := os.Stat(filepath.Join(dir, id, DatabaseFile)); err != nil {
				t.Error(err)
			}
		}
	}
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !strings.HasPrefix(f.Name(), ".") { // .new-…: the one that was being made
			expect(t, filepath.Join(dir, f.Name()), o, nil)
			total++
		}
	}
	testkit.Tell(t, testkit.Figure{Name: "kill -9 while incidents are made", Rounds: n, Lost: testkit.N(0), Acked: testkit.N(total), Note: "an incident is there whole or not at all"})
}

func TestFourProcessesOneIncident(t *testing.T) {
	t.Parallel()
	const processes = 4
	each := testkit.Rounds(t, 50, 1000)
	home, o := newHome(t)
	s := create(t, o)
	ctx := context.Background()
	before, err := s.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var children []*child
	for range processes {
		c := start(t, jobWrite, s.Dir(), home, each)
		c.listen(func(int) {})
		children = append(children, c)
	}
	for range each { // and this one, which is the fifth
		add(t, s, record.Noted, record.Note{Text: "fifth-" + rand.Text()})
	}
	all := map[string]int64{}
	for _, c := range children {
		c.done.Wait()
		if err := c.cmd.Wait(); err != nil {
			t.Errorf("%v: %v", err, c.errs)
		}
		for text, seq := range c.acks {
			all[text] = seq
		}
	}
	if len(all) != processes*each {
		t.Errorf("%d acknowledged, want %d", len(all), processes*each)
	}
	if after, err := s.Version(ctx); err != nil || after == before {
		t.Errorf("version %d after %d, %v", after, before, err)
	}
	if e := add(t, s, record.Noted, record.Note{Text: "last"}); e.Seq != int64(1+(processes+1)*each+1) {
		t.Errorf("last entry is %d", e.Seq)
	}
	expect(t, s.Dir(), o, all)
	testkit.Tell(t, testkit.Figure{Name: "four processes write, and a fifth", Rounds: each, Lost: testkit.N(0), Acked: testkit.N(len(all) + each)})
}

func TestWaitingSaysForWhom(t *testing.T) {
	t.Parallel()
	home, o := newHome(t)
	s := create(t, o)
	c := start(t, jobHold, s.Dir(), home, 1)
	if !c.lines.Scan() || c.lines.Text() != "holding" {
		t.Fatalf("child says %q", c.lines.Text())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Update(ctx, func(*Tx) (record.Draft, error) { return record.Draft{}, errors.New("not reached") })
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "held by pid "+strconv.Itoa(c.cmd.Process.Pid)) {
		t.Errorf("update: %v", err)
	}
	if err := s.View(context.Background(), func(tx *Tx) error { _, err := tx.Incident(); return err }); err != nil {
		t.Errorf("a view must not wait: %v", err)
	}
	if owner, err := os.ReadFile(filepath.Join(s.Dir(), lockFile)); err != nil || !Alive(string(owner)) {
		t.Errorf("the holder %q is not alive (%v)", owner, err)
	}
	c.kill(t)
	if owner, err := os.ReadFile(filepath.Join(s.Dir(), lockFile)); err != nil || Alive(string(owner)) {
		t.Errorf("the killed holder %q is alive (%v)", owner, err)
	}
	add(t, s, record.Noted, record.Note{Text: "the lock of a killed process is free"})
}

// A holder that was stopped keeps the lock; whoever waits learns of it.
func TestWaitingForAStoppedProcess(t *testing.T) {
	t.Parallel()
	home, o := newHome(t)
	s := create(t, o)
	c := start(t, jobHold, s.Dir(), home, 1)
	defer c.kill(t)
	if !c.lines.Scan() || c.lines.Text() != "holding" {
		t.Fatalf("child says %q", c.lines.Text())
	}
	if err := stop(c.cmd.Process.Pid); err != nil {
		t.Skipf("cannot stop a process here: %v", err)
	}
	past := time.Now().Add(-90 * time.Second) // when it took the lock, by the file's time
	if err := os.Chtimes(filepath.Join(s.Dir(), lockFile), past, past); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := s.Update(ctx, note(t, "x"))
	pid := strconv.Itoa(c.cmd.Process.Pid)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "held by pid "+pid+" for 1m3") && !strings.Contains(err.Error(), "held by pid "+pid+" for 1m4") || !strings.Contains(err.Error(), "kill -CONT "+pid) {
		t.Errorf("update: %v", err)
	}
}
