package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// lock is the incident's write lock: one goroutine of this process, then one
// process. The kernel drops it when the process ends, however it ends.
type lock struct {
	turn chan struct{} // holds one token while the lock is free
	file *os.File
	me   string
	now  func() time.Time // nil: how long another holds it is not told
}

// openLock opens the lock file with those flags. Those who only read have no
// name to leave in it.
func openLock(path string, flags int, me string) (*lock, error) {
	f, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // a file of the incident's own folder
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", explain(err))
	}
	l := &lock{turn: make(chan struct{}, 1), file: f, me: me}
	l.turn <- struct{}{}
	return l, nil
}

// errBusy is what tryLock returns while another process holds the lock.
var errBusy = errors.New("lock is held")

// acquire waits for the lock until ctx ends; the error then says who holds it.
func (l *lock) acquire(ctx context.Context) error {
	select {
	case <-l.turn:
	default:
		select {
		case <-l.turn:
		case <-ctx.Done():
			return fmt.Errorf("wait for the incident's lock, held by this process: %w", ctx.Err())
		}
	}
	wait := time.Millisecond
	for {
		err := tryLock(l.file)
		if err == nil {
			l.sign()
			return nil
		}
		if !errors.Is(err, errBusy) {
			l.turn <- struct{}{}
			return fmt.Errorf("take the incident's lock: %w", err)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			holder := l.holder()
			l.turn <- struct{}{}
			return fmt.Errorf("wait for the incident's lock, held by %s: %w", holder, ctx.Err())
		}
		wait = min(wait*2, 16*time.Millisecond)
	}
}

// release gives the lock back.
func (l *lock) release() error {
	err := unlock(l.file)
	l.turn <- struct{}{}
	return err
}

func (l *lock) close() error { return l.file.Close() }

// sign leaves the holder's name in the file, and by the file's time when it
// took the lock, for the message of those who wait. It is a courtesy: on a full
// disk the name is missing, the lock holds.
func (l *lock) sign() {
	if l.me == "" {
		return
	}
	if l.owner() == l.me || l.file.Truncate(0) == nil {
		_, _ = l.file.WriteAt([]byte(l.me), 0)
	}
}

func (l *lock) owner() string {
	b, err := io.ReadAll(io.NewSectionReader(l.file, 0, 200))
	if err != nil {
		return ""
	}
	return string(b)
}

// holder is the owner in words; the file may hold anything.
func (l *lock) holder() string {
	f := strings.Fields(l.owner())
	if len(f) < 2 {
		return "another process"
	}
	pid, err := strconv.Atoi(f[1])
	if err != nil || pid <= 0 {
		return "another process"
	}
	text := "pid " + strconv.Itoa(pid)
	if info, err := l.file.Stat(); err == nil && l.now != nil {
		if held := l.now().Sub(info.ModTime()).Round(time.Second); held > 0 {
			text += " for " + held.String()
		}
	}
	if Alive(l.owner()) && stopped(pid) {
		text += fmt.Sprintf(", which is stopped (kill -CONT %d lets it go on)", pid)
	}
	return text
}
