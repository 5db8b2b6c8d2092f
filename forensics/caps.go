package forensics

import (
	"strconv"
	"strings"
)

// capWords are the capabilities by their bits, lowest first (capabilities(7),
// linux/capability.h).
func capWords() []string {
	return strings.Fields(`chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
		net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace
		sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control
		setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`)
}

// capNames puts a mask of capabilities into words; all is the mask of those that
// the kernel has.
func capNames(mask string, all uint64) []string {
	n, err := strconv.ParseUint(mask, 16, 64)
	if err != nil || n == 0 {
		return nil
	}
	if all != 0 && n&all == all {
		return []string{"all"}
	}
	var out []string
	words := capWords()
	for bit := range 64 {
		switch {
		case n&(1<<bit) == 0:
		case bit < len(words):
			out = append(out, words[bit])
		default:
			out = append(out, "bit "+strconv.Itoa(bit))
		}
	}
	return out
}

// loaderVariables are what the dynamic loader obeys: they bring foreign code into
// every program that is started with them (ld.so(8)).
func loaderVariables() []string { return []string{"LD_PRELOAD=", "LD_AUDIT=", "LD_LIBRARY_PATH="} }

// loaderOf keeps of an environment, as /proc/PID/environ has it, only those.
func loaderOf(b []byte) (out []string) {
	for v := range strings.SplitSeq(string(b), "\x00") {
		for _, name := range loaderVariables() {
			if strings.HasPrefix(v, name) && len(v) > len(name) && len(out) < maxLoader {
				out = append(out, v)
			}
		}
	}
	return out
}

// maxLoader bounds the variables kept of one process.
const maxLoader = 16
