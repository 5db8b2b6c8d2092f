package ssh

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSilentServer: a server whose sshd answers, and whose SFTP does nothing, is
// given up; what is asked of it afterwards connects again.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/usr/lib/openssh/sftp-server"); err != nil {
		t.Skip("sftp-server is not installed: openssh-sftp-server")
	}
	dir := t.TempDir()
	// It serves while there is no file called stop, and stands still then.
	script := filepath.Join(dir, "subsystem")
	must(t, os.WriteFile(script, []byte(`#!/bin/sh
cd "`+dir+`"
[ -e mute ] && exec sleep 60
echo $$ >pid
exec /usr/lib/openssh/sftp-server
`), 0o700))
	host := startSSHD(t, "Subsystem sftp "+script)(0)
	target, options, err := host.open()
	must(t, err)
	u := NewUpload(target, filepath.Join(dir, "to"), options, false)
	u.silence = 2 * time.Second
	part := make([]byte, 3<<20)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(t, u.Put(ctx, 0, part))

	pid, err := os.ReadFile(filepath.Join(dir, "pid"))
	must(t, err)
	id, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	must(t, err)
	must(t, syscall.Kill(id, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(id, syscall.SIGKILL) })
	u.silence = 300 * time.Millisecond
	if err := u.Put(ctx, int64(len(part)), part); !errors.Is(err, ErrSilent) {
		t.Errorf("it stands still: %v", err)
	}
	mute := filepath.Join(dir, "mute")
	must(t, os.WriteFile(mute, nil, 0o600))
	if err := u.Put(ctx, int64(len(part)), part); !errors.Is(err, ErrSilent) {
		t.Errorf("it says nothing at all: %v", err)
	}
	must(t, os.Remove(mute))
	u.silence = 30 * time.Second
	must(t, u.Put(ctx, int64(len(part)), part))
	must(t, u.Finish(ctx, 2*int64(len(part))))
	must(t, u.Close())
	if info, err := os.Stat(filepath.Join(dir, "to")); err != nil || info.Size() != 2*int64(len(part)) {
		t.Errorf("%v, %v", info, err)
	}
}
