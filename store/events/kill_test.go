package events

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const batchOfChild = 700

// TestMain is also the program that TestKilledWriter kills: with a path in the
// environment it appends batches and says so after each.
func TestMain(m *testing.M) {
	path := os.Getenv("FIREBREAK_TEST_APPEND")
	if path == "" {
		os.Exit(m.Run())
	}
	if err := appendForever(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
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
