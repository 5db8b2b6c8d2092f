package response

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"firebreak/config"
	"firebreak/incident"
)

// TestReadOnlyFolderCanBeLookedAt: an archive, or a copy mounted read-only.
func TestReadOnlyFolderCanBeLookedAt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to mount a folder read-only")
	}
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	_, err := b.s.Ingest(ctx, b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	b.must(b.s.s.Close())
	if err := unix.Mount(b.home, b.home, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(b.home, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	b.must(unix.Mount("", b.home, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	s := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	board, err := s.Board(ctx, b.id)
	b.must(err)
	n, err := s.Count(ctx, b.id, "user:root")
	b.must(err)
	if board.Exhibits != 1 || board.Events != 2 || n != 2 {
		t.Errorf("%+v, %d events found", board, n)
	}
	r, err := s.Verify(ctx, b.id, nil)
	b.must(err)
	if !r.OK() {
		t.Error(r.Problems)
	}
	err = s.Note(ctx, b.id, "", "hi", false)
	if err == nil || HintOf(err) == "" {
		t.Errorf("a note on a read-only folder: %v", err)
	}
}
