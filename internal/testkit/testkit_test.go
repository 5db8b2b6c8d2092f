package testkit_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"firebreak/internal/testkit"
)

func TestClock(t *testing.T) {
	c := testkit.NewClock(time.Second)
	first, second := c.Now(), c.Now()
	if !first.Equal(testkit.Start()) || second.Sub(first) != time.Second {
		t.Errorf("%v then %v", first, second)
	}
	before, boot := c.Monotonic()
	c.Advance(time.Minute)
	c.Set(testkit.Start().Add(-24 * time.Hour))
	after, _ := c.Monotonic()
	if after-before != int64(time.Minute) || boot != "boot-1" {
		t.Errorf("monotonic moved by %d", after-before)
	}
	if got := c.Now(); !got.Equal(testkit.Start().Add(-24 * time.Hour)) {
		t.Errorf("the wall clock was not set: %v", got)
	}
	c.Reboot("boot-2")
	if ns, boot := c.Monotonic(); ns != 0 || boot != "boot-2" {
		t.Errorf("after a reboot: %d %s", ns, boot)
	}
}

func TestRandRepeats(t *testing.T) {
	read := func(seed uint64) []byte {
		b := make([]byte, 64)
		if _, err := io.ReadFull(testkit.Rand(seed), b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(read(7), read(7)) || bytes.Equal(read(7), read(8)) {
		t.Error("the same seed must give the same bytes, another seed others")
	}
}

func TestGoldenAndCorpus(t *testing.T) {
	testkit.Golden(t, "sample.txt", []byte("a golden file\n"))
	if _, err := os.Stat(filepath.Join(testkit.Root(t), "go.mod")); err != nil {
		t.Error(err)
	}
	dir := t.TempDir()
	t.Setenv("FIREBREAK_CORPUS", dir)
	if got := testkit.Corpus(t); got != dir {
		t.Errorf("corpus at %s", got)
	}
	skipped := !t.Run("missing", func(t *testing.T) {
		testkit.Corpus(t, "no/such/file")
		t.Error("a missing file did not skip the test")
	})
	if skipped {
		t.Error("the test was not skipped but failed")
	}
}
