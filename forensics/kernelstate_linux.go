package forensics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Limits on tables of the kernel's tracing and on its log.
const (
	maxTracing  = 16 << 20
	maxHooks    = 20_000
	maxMessages = 200_000
)

// kernelSettings writes the "fb.kernel" snapshot.
func (c *collection) kernelSettings(ctx context.Context) error {
	e := c.exhibit("Kernel settings, probes and patches", "/proc/sys, /sys/kernel", FormatKernel, methodProc)
	return c.snapshot(ctx, e, func(r *rows) error {
		for _, step := range []func(*rows) error{c.sysctlLines, c.securityLines, c.taintLines, c.hookLines, c.binaryFormats} {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := step(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// readKernel reads a file of the kernel; what may not be read is listed. ok is
// false where it is not there either.
func (c *collection) readKernel(name string, limit int64) (string, bool) {
	f, err := os.Open(name) //nolint:gosec // a file of the kernel, named here
	if err != nil {
		c.refuse(name, explain(err))
		return "", false
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		if !errors.Is(err, unix.EINVAL) {
			c.refuse(name, explain(err))
		}
		return "", false
	}
	if int64(len(b)) > limit {
		c.refuse(name, refuse("longer than %d bytes: the rest was not read", limit))
		b = b[:limit]
	}
	return strings.TrimRight(string(b), "\x00\n"), true
}

func setting(kind, name, value, note string) Setting {
	return Setting{Kind: kind, Name: name, Value: value, Note: note, Raw: raw(nil, "value", value)}
}

// sysctlLines writes the chosen settings that this kernel has.
func (c *collection) sysctlLines(r *rows) error {
	for _, s := range sysctls() {
		v, ok := c.readKernel("/proc/sys/"+strings.ReplaceAll(s.name, ".", "/"), 64<<10)
		if !ok {
			continue
		}
		if err := r.add(setting("sysctl", s.name, v, s.odd(v))); err != nil {
			return err
		}
	}
	return nil
}

// securityLines writes which security modules are at work, lockdown, secure boot
// of modules, and what the processor's faults are guarded by.
func (c *collection) securityLines(r *rows) error {
	for _, f := range [][2]string{
		{"cmdline", "/proc/cmdline"},
		{"lsm", "/sys/kernel/security/lsm"},
		{"lockdown", "/sys/kernel/security/lockdown"},
		{"selinux enforcing", "/sys/fs/selinux/enforce"},
		{"apparmor", "/sys/module/apparmor/parameters/enabled"},
		{"module signatures enforced", "/sys/module/module/parameters/sig_enforce"},
		{"kexec loaded", "/sys/kernel/kexec_loaded"},
	} {
		name, file := f[0], f[1]
		v, ok := c.readKernel(file, 64<<10)
		if !ok {
			continue
		}
		note := ""
		switch {
		case name == "selinux enforcing" && v == "0":
			note = "SELinux only logs"
		case name == "kexec loaded" && v == "1":
			note = "another kernel is loaded to be started without a boot loader"
		case name == "cmdline" && (strings.Contains(v, "init=") || strings.Contains(v, "selinux=0") || strings.Contains(v, "apparmor=0") || strings.Contains(v, "audit=0")):
			note = "started with another init, or with a protection switched off"
		}
		if err := r.add(setting("security", name, v, note)); err != nil {
			return err
		}
	}
	return nil
}

// taintLines writes each bit of the taint mask, and says where no module that is
// listed explains it: the one that did has been unloaded, or hides.
func (c *collection) taintLines(r *rows) error {
	mask, words := parseTaint(kernelFile("/proc/sys/kernel/tainted"))
	if mask == 0 {
		return nil
	}
	letters := ""
	if b, err := os.ReadFile("/proc/modules"); err == nil {
		list, _ := parseModules(b)
		for _, m := range list {
			letters += m.Taint
		}
	}
	i := 0
	for bit := range 64 {
		if mask&(1<<bit) == 0 {
			continue
		}
		note := ""
		if letter, ok := map[int]string{0: "P", 1: "F", 12: "O", 13: "E"}[bit]; ok && !strings.Contains(letters, letter) {
			note = "no listed module explains it: the one that did was unloaded, or hides"
		}
		if err := r.add(Setting{Kind: "taint", Name: words[i], Value: fmt.Sprint(bit), Note: note}); err != nil {
			return err
		}
		i++
	}
	return nil
}

// hookLines writes what hooks functions of the kernel: kprobes, ftrace, uprobes
// and live patches. The tables are read where debugfs or tracefs is mounted.
func (c *collection) hookLines(r *rows) error {
	seen := false
	for _, t := range []struct {
		kind, note string
		files      []string
	}{
		{"kprobe", "a function of the kernel is probed", []string{"/sys/kernel/debug/kprobes/list"}},
		{"kprobe event", "a function of the kernel is traced", []string{"/sys/kernel/tracing/kprobe_events", "/sys/kernel/debug/tracing/kprobe_events"}},
		{"uprobe event", "a function of a program is traced", []string{"/sys/kernel/tracing/uprobe_events", "/sys/kernel/debug/tracing/uprobe_events"}},
		{"ftrace", "a function of the kernel is hooked", []string{"/sys/kernel/tracing/enabled_functions", "/sys/kernel/debug/tracing/enabled_functions"}},
	} {
		for _, name := range t.files {
			text, ok := c.readKernel(name, maxTracing)
			if !ok {
				continue
			}
			seen = true
			n := 0
			for line := range strings.Lines(text) {
				line = strings.TrimSpace(line)
				if line == "" {
					continue
				}
				if n++; n > maxHooks {
					r.noteOnce(fmt.Sprintf("%s: more than %d lines: the rest is not listed", name, maxHooks))
					break
				}
				if err := r.add(Setting{Kind: t.kind, Name: hooked(t.kind, line), Value: line, Note: t.note, Enabled: !strings.Contains(line, "[DISABLED]")}); err != nil {
					return err
				}
			}
			break
		}
	}
	if !seen {
		c.refuse("/sys/kernel/tracing", refuse("debugfs and tracefs are not mounted, or may not be read: probes of the kernel are not seen"))
	}
	patches, err := filepath.Glob("/sys/kernel/livepatch/*")
	if err != nil {
		return explain(err)
	}
	for _, p := range patches {
		if err := r.add(Setting{Kind: "livepatch", Name: filepath.Base(p), Value: kernelFile(p + "/enabled"), Note: "the running kernel is patched", Enabled: kernelFile(p+"/enabled") == "1"}); err != nil {
			return err
		}
	}
	return nil
}

// hooked is the function that a line of a tracing table names.
func hooked(kind, line string) string {
	f := strings.Fields(line)
	at := 0
	switch kind {
	case "kprobe": // address k function+0x0 …
		at = 2
	case "kprobe event", "uprobe event": // p:group/name function …
		at = 1
	}
	if at >= len(f) {
		return line
	}
	return f[at]
}

// binaryFormats writes the interpreters of binfmt_misc, by which opening one kind
// of file runs a program.
func (c *collection) binaryFormats(r *rows) error {
	const dir = "/proc/sys/fs/binfmt_misc"
	list, err := os.ReadDir(dir)
	if err != nil {
		c.refuse(dir, explain(err))
		return nil
	}
	for _, f := range list {
		if f.Name() == "register" || f.Name() == "status" {
			continue
		}
		text, ok := c.readKernel(dir+"/"+f.Name(), 64<<10)
		if !ok {
			continue
		}
		note := ""
		for line := range strings.Lines(text) {
			if prog, ok := strings.CutPrefix(strings.TrimSpace(line), "interpreter "); ok && !strings.HasPrefix(prog, "/usr/") {
				note = "its interpreter lies outside the usual folders"
			}
			if flags, ok := strings.CutPrefix(strings.TrimSpace(line), "flags: "); ok && strings.Contains(flags, "C") {
				note = strings.TrimPrefix(note+"; it takes the rights of the file that it is run for", "; ")
			}
		}
		if err := r.add(setting("binfmt", f.Name(), strings.ReplaceAll(text, "\n", "; "), note)); err != nil {
			return err
		}
	}
	return nil
}

// kernelLog writes the "fb.kmsg" snapshot. Reading /dev/kmsg takes nothing away
// from other readers.
func (c *collection) kernelLog(ctx context.Context) error {
	const name = "/dev/kmsg"
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		if missing(err) {
			err = refuse("does not exist")
		}
		c.refuse(name, explain(err))
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil || s.Mode&unix.S_IFMT != unix.S_IFCHR || unix.Major(s.Rdev) != 1 || unix.Minor(s.Rdev) != 11 {
		c.refuse(name, refuse("not the kernel's log (character device 1:11)"))
		return nil
	}
	e := c.exhibit("Kernel log", name, FormatKmsg, "in-process read of /dev/kmsg, not blocking")
	boot := monotonicZero(c.Now())
	return c.snapshot(ctx, e, func(r *rows) error {
		buf := make([]byte, 16<<10)
		bad, lost := 0, 0
		for range maxMessages {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := unix.Read(fd, buf)
			if errors.Is(err, unix.EAGAIN) || err == nil && n == 0 {
				break
			}
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if errors.Is(err, unix.EPIPE) {
				lost++ // overwritten while we read
				continue
			}
			if err != nil {
				return explain(err)
			}
			m, ok := parseKmsg(string(bytes.TrimRight(buf[:n], "\n")))
			if !ok {
				bad++
				continue
			}
			if !boot.IsZero() {
				m.Time = boot.Add(time.Duration(m.Since) * time.Microsecond).Round(time.Microsecond)
			}
			if err := r.add(m); err != nil {
				return err
			}
		}
		r.unread(name, bad)
		if lost > 0 {
			r.note = append(r.note, fmt.Sprintf("%d times records were overwritten while they were read", lost))
		}
		return nil
	})
}

// modules writes the "fb.modules" snapshot. /proc/modules and /sys/module are two
// lists of the kernel: what one knows and the other does not was hidden from it.
func (c *collection) modules(ctx context.Context) error {
	const source = "/proc/modules"
	b, err := os.ReadFile(source)
	if errors.Is(err, os.ErrNotExist) {
		c.refuse(source, refuse("does not exist: a kernel without loadable modules"))
		return nil
	}
	if err != nil {
		c.refuse(source, explain(err))
		return nil
	}
	e := c.exhibit("Kernel modules", source+", /sys/module", FormatModules, methodProc)
	return c.snapshot(ctx, e, func(r *rows) error {
		list, bad := parseModules(b)
		r.unread(source, bad)
		states, err := filepath.Glob("/sys/module/*/initstate")
		if err != nil {
			return explain(err)
		}
		inSys := map[string]string{}
		for _, name := range states {
			inSys[filepath.Base(filepath.Dir(name))] = kernelFile(name)
		}
		again, err := os.ReadFile(source)
		if err != nil {
			return explain(err)
		}
		now, _ := parseModules(again)
		for _, m := range compareModules(list, inSys, now) {
			dir := "/sys/module/" + m.Name
			if filepath.Dir(dir) == "/sys/module" {
				m.Taint, m.Version, m.Source = kernelFile(dir+"/taint"), kernelFile(dir+"/version"), kernelFile(dir+"/srcversion")
			}
			if err := r.add(m); err != nil {
				return err
			}
		}
		return nil
	})
}

// compareModules holds the names in /sys/module, with their states, against
// /proc/modules read before and after. An empty inSys says that /sys is not
// there: then nothing is concluded from it.
func compareModules(before []Module, inSys map[string]string, after []Module) []Module {
	has := func(list []Module, name string) bool {
		return slices.ContainsFunc(list, func(m Module) bool { return m.Name == name })
	}
	out := slices.Clone(before)
	for i := range out {
		_, there := inSys[out[i].Name]
		out[i].NoSysfs = len(inSys) > 0 && !there && has(after, out[i].Name)
	}
	for name, state := range inSys {
		if !has(before, name) && !has(after, name) {
			out = append(out, Module{Name: name, State: state, Hidden: true})
		}
	}
	slices.SortFunc(out, func(a, b Module) int { return strings.Compare(a.Name, b.Name) })
	return out
}
