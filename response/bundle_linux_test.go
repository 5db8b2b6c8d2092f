package response

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"firebreak/config"
	"firebreak/internal/testkit"
	"firebreak/record"
)

// A full disk ends a bundle with nothing left behind, and nothing recorded.
func TestBundleOnAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("mount tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	b := newBench(t, config.Config{})
	b.open()
	noise := make([]byte, 2<<20)
	if _, err := testkit.Rand(3).Read(noise); err != nil {
		t.Fatal(err)
	}
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("noise.bin", string(noise))}, IngestOptions{}, nil)
	b.must(err)
	o := BundleOptions{To: filepath.Join(disk, "a.tar.gz"), Profile: record.FullProfile, Evidence: []string{"all"}}
	_, err = b.s.Bundle(t.Context(), b.id, o, nil)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(HintOf(err), "free some space") {
		t.Errorf("%v (%s)", err, HintOf(err))
	}
	b.empty(disk)
	o.Evidence = nil
	made, err := b.s.Bundle(t.Context(), b.id, o, nil)
	b.must(err)
	files, _ := b.members(made.File)
	if strings.Contains(files["record/entries.jsonl"], string(record.BundleMade)) {
		t.Error("the one that was not made is in the record")
	}
	b.verified()
}

// Evidence passes through: of an exhibit far larger than the limit nothing is
// kept in memory.
func TestBundleStreams(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	path := filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(path)
	b.must(err)
	b.must(errors.Join(f.Truncate(256<<20), f.Close()))
	_, err = b.s.Ingest(t.Context(), b.id, []string{path}, IngestOptions{}, nil)
	b.must(err)
	before := allocated()
	made := b.bundle("big.tar.gz", BundleOptions{Evidence: []string{"all"}, NoReview: true})
	r := b.checked(made.File, BundleVerification{})
	if used := allocated() - before; used > 100<<20 {
		t.Errorf("%d MB were allocated on the way", used>>20)
	}
	if !r.OK() || r.Exhibits != 1 {
		t.Errorf("%v", r.Problems)
	}
}
