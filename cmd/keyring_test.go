//go:build unix

package cmd_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// TestSilentKeyring leaves a keyring that gives no answer, as one that asks in
// a window that nobody sees, with Ctrl-C.
func TestSilentKeyring(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "bus") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	bus, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, "bus"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	asked := make(chan net.Conn, 8)
	go func() {
		for {
			c, err := bus.Accept()
			if err != nil {
				return
			}
			asked <- c
		}
	}()
	b := newBench(t, "DBUS_SESSION_BUS_ADDRESS=unix:path="+bus.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	c := b.command(ctx, "init", "--keyring")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case conn := <-asked:
		defer func() { _ = conn.Close() }()
	case <-ctx.Done():
		t.Fatal("the keyring was not asked")
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // its exit code says it
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit %d, want 130", code)
	}
	if _, err := os.Stat(filepath.Join(b.home, "keys", "workspace")); err == nil {
		t.Error("the workspace was set up all the same")
	}
}
