package forensics

import (
	"context"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// kernelFile reads a small file of /proc or /sys; "" when it cannot be read.
func kernelFile(name string) string {
	b, err := os.ReadFile(name) //nolint:gosec // names of /proc and /sys, made here
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// system writes the "fb.system" snapshot.
func (c *collection) system(ctx context.Context) error {
	e := c.exhibit("Machine, kernel and clock", "uname, adjtimex, /proc, /etc", FormatSystem, methodProc)
	if c.tree.image {
		e.Source, e.Method = "/etc", "in-process read of the image's files"
		return c.snapshot(ctx, e, func(r *rows) error {
			return r.add(System{Host: c.Host, OS: c.osName(), MachineID: c.machineID(), Now: c.Now().UTC(), Zone: c.zone()})
		})
	}
	return c.snapshot(ctx, e, func(r *rows) error {
		var u unix.Utsname
		if err := unix.Uname(&u); err != nil {
			return explain(err)
		}
		now := c.Now().UTC()
		s := System{
			Host: c.Host, Kernel: unix.ByteSliceToString(u.Release[:]), Build: unix.ByteSliceToString(u.Version[:]),
			Machine: unix.ByteSliceToString(u.Machine[:]), Boot: kernelFile("/proc/sys/kernel/random/boot_id"),
			Booted: bootTime(now), Now: now, Cmdline: kernelFile("/proc/cmdline"), Clock: clockState(), Zone: c.zone(),
		}
		s.OS, s.MachineID = c.osName(), c.machineID()
		s.Taint, s.TaintText = parseTaint(kernelFile("/proc/sys/kernel/tainted"))
		return r.add(s)
	})
}

// machineID is machine-id(5).
func (c *collection) machineID() string {
	b, err := c.small("/etc/machine-id", 64)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(b)), "\uFFFD")
}

// osName is PRETTY_NAME of os-release(5).
func (c *collection) osName() string {
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		b, err := c.small(name, 64<<10)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
				return strings.ToValidUTF8(strings.Trim(v, `"'`), "\uFFFD")
			}
		}
	}
	return ""
}

// zone is the name of the host's time zone: where /etc/localtime points, or
// what /etc/timezone says. "" is unknown.
func (c *collection) zone() string {
	if h, err := c.tree.at("/", "/etc/localtime", false); err == nil {
		target, err := readlinkAt(h.fd, "")
		_ = h.close()
		if err == nil {
			if _, name, ok := strings.Cut(target, "zoneinfo/"); ok {
				return strings.ToValidUTF8(name, "\uFFFD")
			}
		}
	}
	b, err := c.small("/etc/timezone", 256)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(b)), "\uFFFD")
}

// clockState asks the kernel how its clock is kept.
func clockState() Clock {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return Clock{}
	}
	const unsynchronised, nanoseconds, clockError = 0x40, 0x2000, 5
	k := Clock{
		Known: true, Synchronised: t.Status&unsynchronised == 0 && state != clockError,
		Offset: time.Duration(t.Offset) * time.Microsecond, MaxError: time.Duration(t.Maxerror) * time.Microsecond,
	}
	if t.Status&nanoseconds != 0 {
		k.Offset = time.Duration(t.Offset)
	}
	switch state {
	case 1:
		k.Leap = "a second will be inserted"
	case 2:
		k.Leap = "a second will be left out"
	}
	return k
}

// unsynchronised is the deviation that the host's clock causes; "" when it is
// disciplined.
func unsynchronised() string {
	switch k := clockState(); {
	case !k.Known:
		return "whether the host's clock is synchronised is unknown"
	case !k.Synchronised:
		return "the host's clock is not synchronised (adjtimex)"
	}
	return ""
}

// mounts writes the "fb.mounts" snapshot.
func (c *collection) mounts(ctx context.Context) error {
	const source = "/proc/self/mountinfo"
	e := c.exhibit("Mounted file systems", source, FormatMounts, methodProc)
	return c.snapshot(ctx, e, func(r *rows) error {
		b, err := os.ReadFile(source)
		if err != nil {
			return explain(err)
		}
		list, bad := parseMounts(b)
		for _, m := range list {
			if err := r.add(m); err != nil {
				return err
			}
		}
		r.unread(source, bad)
		return nil
	})
}
