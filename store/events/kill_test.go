package events

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"firebreak/internal/testkit"
)

const batchOfChild = 700

// TestMain is also the programs that TestKilledWriter and TestKilledAppender kill:
// with a path in the environment one appends batches and says so after each, the
// other a file.
func TestMain(m *testing.M) {
	do := appendForever
	path := os.Getenv("FIREBREAK_TEST_APPEND")
	if path == "" {
		do, path = appendFile, os.Getenv("FIREBREAK_TEST_APPEND_FILE")
	}
	if path == "" {
		os.Exit(m.Run())
	}
	if err := do(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// linesOfFile is a file that takes some segments; small ones that are merged come
// in between.
func linesOfFile() int {
	_, times := fewOptions()
	return 15_000 * times
}

func appendFile(path string) error {
	ctx := context.Background()
	o, _ := fewOptions()
	db, err := Open(ctx, path, o)
	if err != nil {
		return err
	}
	for i := range 12 {
		if _, err := db.Append(ctx, lines(fmt.Sprint("small-", i), 0, 100)); err != nil {
			return err
		}
	}
	a, n := db.NewAppender(ctx), linesOfFile()
	var wg sync.WaitGroup
	for half := range 2 {
		wg.Go(func() {
			for from := half * n / 2; from < (half+1)*n/2; from += 2500 {
				if a.Add(lines("file", from, 2500)) != nil {
					return // Close says why
				}
			}
		})
	}
	wg.Wait()
	if _, err := a.Close(); err != nil {
		return err
	}
	if err := db.Merge(ctx); err != nil {
		return err
	}
	fmt.Println("done")
	return db.Close()
}

// A process that is killed at any moment while it appends a file, and merges, leaves
// whole segments and a sound file. Appending again goes on where it was, and ends
// with every event once.
func TestKilledAppender(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	all := int64(linesOfFile() + 12*100)
	rounds := testkit.Rounds(t, 8, 200)
	killed, last := 0, int64(0)
	began := time.Now()
	if err := appendFile(filepath.Join(t.TempDir(), "timeline.db")); err != nil {
		t.Fatal(err)
	}
	usual := time.Since(began)
	for range rounds {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "FIREBREAK_TEST_APPEND_FILE="+path)
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(usual))
		if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		if err := child.Wait(); err != nil {
			killed++
		}
		db, err := Open(t.Context(), path, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		total, err := db.Total(t.Context())
		if err != nil || total < last || total > all {
			t.Errorf("%d events after %d, %v", total, last, err)
		}
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if last = total; total == all { // from the beginning
			if err := db.Clear(t.Context()); err != nil {
				t.Error(err)
			}
			last = 0
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if killed == 0 {
		t.Error("nothing was killed")
	}
	if err := appendFile(path); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	mustTotal(t, db, all)
	testkit.Tell(t, testkit.Figure{
		Name: "appending a file to the timeline, killed with signal 9", Rounds: rounds, Values: map[string]any{"killed while at work": killed},
		Note: "at a moment that is drawn; afterwards the file is sound, no event was lost or is there twice, and appending again ends with all of them",
	})
}

func appendForever(path string) error {
	ctx := context.Background()
	db, err := Open(ctx, path, testOptions())
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if _, err := db.Append(ctx, numbered(fmt.Sprint("e", os.Getpid(), "-", i), batchOfChild)); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// A writer killed at any moment leaves every batch it has acknowledged, whole
// batches only, and a sound file.
func TestKilledWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	acknowledged := int64(0)
	for range 6 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "FIREBREAK_TEST_APPEND="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for want := rand.IntN(4); want >= 0 && lines.Scan(); want-- {
			acknowledged++
		}
		time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			acknowledged++
		}
		if err := child.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}
		db, err := Open(t.Context(), path, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		total, err := db.Total(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.Count(t.Context(), parse(t, "host:web-1"))
		if err != nil || rows != total || rows%batchOfChild != 0 || rows < acknowledged*batchOfChild {
			t.Errorf("%d events, total says %d, %d batches of %d were acknowledged, %v", rows, total, acknowledged, batchOfChild, err)
		}
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
