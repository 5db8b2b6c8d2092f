//go:build linux

package cmd_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// inNamespace tells the test that it runs inside its own network namespace.
const inNamespace = "FIREBREAK_TEST_IN_NAMESPACE"

// TestIntrusion walks one whole incident: evidence from this very host, a real
// nftables block and a really stopped process, messages to servers that speak
// the vendors' protocol. It runs again inside a network namespace of its own,
// where a block can cut nobody off.
func TestIntrusion(t *testing.T) {
	if os.Getenv(inNamespace) == "1" {
		walkIntrusion(t)
		return
	}
	t.Parallel()
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs the program nft (Debian package nftables)")
	}
	c := exec.Command(os.Args[0], "-test.run=^TestIntrusion$", "-test.v")
	c.Env = append(os.Environ(), inNamespace+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skip("may not make a network namespace here: " + err.Error())
	}
	if reason, ok := strings.CutPrefix(string(out), "SKIP: "); ok {
		t.Skip(reason)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if testing.Verbose() {
		t.Logf("%s", out)
	}
}

func walkIntrusion(t *testing.T) {
	if err := loopbackUp(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("nft", "list", "ruleset").CombinedOutput(); err != nil {
		fmt.Printf("SKIP: nftables does not work in a namespace here: %s\n", out)
		t.SkipNow()
	}
	v := newVendors(t, 0)
	testscript.Run(t, scripts(func(e *testscript.Env) error {
		for _, pair := range v.env {
			name, value, _ := strings.Cut(pair, "=")
			e.Setenv(name, value)
		}
		e.Values[vendorsKey{}] = v
		dir := filepath.Join(e.WorkDir, ".config", "firebreak")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(v.config()), 0o600)
	}, filepath.Join("testdata", "intrusion.txtar")))
}

// loopbackUp brings the loopback interface of a new network namespace up.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	defer unix.Close(fd) //nolint:errcheck // it only carries one ioctl
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	return nil
}
