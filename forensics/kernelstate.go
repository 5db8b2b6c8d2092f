package forensics

import (
	"strconv"
	"strings"
	"time"
)

// Setting is a line of the "fb.kernel" format: something of the running kernel
// that decides what it protects, whom it runs, or who listens in it.
type Setting struct {
	Kind    string `json:"kind"`            // sysctl, security, kprobe, ftrace, livepatch, binfmt, taint, cpu
	Name    string `json:"name"`            // kernel.core_pattern; the function that is probed; …
	Value   string `json:"value,omitempty"` //
	Note    string `json:"note,omitempty"`  // why it is worth a look; "" where it only belongs to the picture
	Enabled bool   `json:"enabled,omitempty"`

	Raw map[string][]byte `json:"raw,omitempty"`
}

// KernelMessage is a line of the "fb.kmsg" format: a record of /dev/kmsg
// (Documentation/ABI/testing/dev-kmsg).
type KernelMessage struct {
	Seq      uint64    `json:"seq"`
	Time     time.Time `json:"time,omitzero"` // boot plus Since; off by what the machine was asleep
	Since    int64     `json:"since_us"`      // microseconds on the kernel's monotonic clock
	Priority string    `json:"priority"`      // emerg, alert, crit, err, warning, notice, info, debug
	Facility int       `json:"facility"`      // 0 is the kernel; others were written by programs
	Text     string    `json:"text"`
	Device   string    `json:"device,omitempty"`

	Raw map[string][]byte `json:"raw,omitempty"`
}

// parseKmsg reads one record: "prio,seq,microseconds,flags;text\n KEY=value\n".
func parseKmsg(record string) (KernelMessage, bool) {
	head, text, ok := strings.Cut(record, ";")
	f := strings.Split(head, ",")
	if !ok || len(f) < 4 {
		return KernelMessage{}, false
	}
	prio, err := strconv.ParseUint(f[0], 10, 32)
	if err != nil {
		return KernelMessage{}, false
	}
	seq, err := strconv.ParseUint(f[1], 10, 64)
	if err != nil {
		return KernelMessage{}, false
	}
	since, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil {
		return KernelMessage{}, false
	}
	m := KernelMessage{Seq: seq, Since: since, Priority: nameAt(uint32(prio&7), "emerg alert crit err warning notice info debug"), Facility: int(prio >> 3 & 0x1fff)}
	var rest string
	m.Text, rest, _ = strings.Cut(text, "\n")
	m.Text = unhex(m.Text)
	m.Raw = raw(m.Raw, "text", m.Text)
	for line := range strings.Lines(rest) {
		if dev, ok := strings.CutPrefix(strings.TrimSpace(line), "DEVICE="); ok {
			m.Device = dev
		}
	}
	return m, true
}

// unhex undoes the kernel's \xHH.
func unhex(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			if c, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// nameAt is the n-th of some words, or the number itself.
func nameAt(n uint32, words string) string {
	list := strings.Fields(words)
	if uint64(n) >= uint64(len(list)) {
		return strconv.FormatUint(uint64(n), 10)
	}
	return list[n]
}

// sysctls are the settings that are read, with a rule that says why a value is
// worth a look.
func sysctls() []struct {
	name string
	odd  func(string) string
} {
	is := func(value, note string) func(string) string {
		return func(v string) string {
			if v == value {
				return note
			}
			return ""
		}
	}
	not := func(value, note string) func(string) string {
		return func(v string) string {
			if v != value {
				return note
			}
			return ""
		}
	}
	none := func(string) string { return "" }
	return []struct {
		name string
		odd  func(string) string
	}{
		{"kernel.core_pattern", func(v string) string {
			prog, ok := strings.CutPrefix(v, "|")
			if !ok {
				return ""
			}
			if prog, _, _ = strings.Cut(prog, " "); strings.HasPrefix(prog, "/usr/") || strings.HasPrefix(prog, "/lib/") {
				return ""
			}
			return "a program outside the usual folders is run as root whenever a process crashes"
		}},
		{"kernel.modprobe", func(v string) string {
			if v == "/sbin/modprobe" || v == "/usr/sbin/modprobe" || v == "" {
				return ""
			}
			return "another program than modprobe is run as root when the kernel wants a module"
		}},
		{"kernel.hotplug", func(v string) string {
			if v == "" || strings.HasPrefix(v, "/sbin/") || strings.HasPrefix(v, "/usr/") {
				return ""
			}
			return "a program is run as root for each device"
		}},
		{"kernel.poweroff_cmd", none},
		{"kernel.modules_disabled", none},
		{"kernel.kexec_load_disabled", none},
		{"kernel.kptr_restrict", none},
		{"kernel.dmesg_restrict", none},
		{"kernel.perf_event_paranoid", none},
		{"kernel.unprivileged_bpf_disabled", is("0", "every user may load eBPF programs")},
		{"kernel.yama.ptrace_scope", none},
		{"kernel.randomize_va_space", not("2", "address space randomisation is not whole")},
		{"kernel.sysrq", none},
		{"kernel.ftrace_enabled", is("0", "function tracing is switched off: some root kits do that to stay unseen")},
		{"kernel.kprobes-optimization", none},
		{"kernel.printk", none},
		{"kernel.panic", none},
		{"kernel.unprivileged_userns_clone", none},
		{"user.max_user_namespaces", none},
		{"vm.mmap_min_addr", is("0", "programs may map the page at zero")},
		{"vm.overcommit_memory", none},
		{"fs.suid_dumpable", is("1", "set-user-ID programs may dump their memory")},
		{"fs.protected_hardlinks", is("0", "hard links to others' files are allowed")},
		{"fs.protected_symlinks", is("0", "symbolic links in sticky folders are followed")},
		{"fs.protected_fifos", none},
		{"fs.protected_regular", none},
		{"net.ipv4.ip_forward", is("1", "packets are forwarded: this machine is a router, a container host, or a pivot")},
		{"net.ipv6.conf.all.forwarding", is("1", "packets are forwarded: this machine is a router, a container host, or a pivot")},
		{"net.ipv4.conf.all.route_localnet", is("1", "the loopback net can be reached from outside")},
		{"net.ipv4.conf.all.accept_redirects", none},
		{"net.ipv4.conf.all.rp_filter", none},
		{"net.ipv4.conf.all.accept_source_route", is("1", "source routes are obeyed")},
		{"net.ipv4.icmp_echo_ignore_all", is("1", "pings are ignored")},
		{"net.ipv4.ip_local_port_range", none},
		{"net.ipv4.tcp_syncookies", none},
		{"net.core.bpf_jit_enable", none},
		{"net.core.bpf_jit_harden", none},
	}
}
