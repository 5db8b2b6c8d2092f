package forensics

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// capabilityNames are the kernel's, by their numbers (linux/capability.h).
func capabilityNames() []string {
	return strings.Fields(`cap_chown cap_dac_override cap_dac_read_search cap_fowner cap_fsetid cap_kill cap_setgid cap_setuid
		cap_setpcap cap_linux_immutable cap_net_bind_service cap_net_broadcast cap_net_admin cap_net_raw cap_ipc_lock cap_ipc_owner
		cap_sys_module cap_sys_rawio cap_sys_chroot cap_sys_ptrace cap_sys_pacct cap_sys_admin cap_sys_boot cap_sys_nice
		cap_sys_resource cap_sys_time cap_sys_tty_config cap_mknod cap_lease cap_audit_write cap_audit_control cap_setfcap
		cap_mac_override cap_mac_admin cap_syslog cap_wake_alarm cap_block_suspend cap_audit_read cap_perfmon cap_bpf
		cap_checkpoint_restore`)
}

// fileCapabilities reads the extended attribute security.capability: struct
// vfs_cap_data or vfs_ns_cap_data of linux/capability.h, little-endian words: the
// revision in the upper byte with a flag "effective" in the lowest bit, then
// permitted and inheritable, once (revision 1) or twice for 64 bits (2 and 3), then
// in revision 3 the user who is root of the namespace. The text is that of
// cap_to_text(3), as getcap prints it: cap_net_bind_service,cap_net_raw=ep.
func fileCapabilities(b []byte) (string, error) {
	if len(b) < 4 {
		return "", fmt.Errorf("%d bytes are no capabilities", len(b))
	}
	magic := binary.LittleEndian.Uint32(b)
	pairs, want := 2, 20
	switch magic >> 24 {
	case 1:
		pairs, want = 1, 12
	case 2:
	case 3:
		want = 24
	default:
		return "", fmt.Errorf("capabilities of revision %d", magic>>24)
	}
	if len(b) != want {
		return "", fmt.Errorf("%d bytes of capabilities of revision %d", len(b), magic>>24)
	}
	var permitted, inheritable uint64
	for i := range pairs {
		permitted |= uint64(binary.LittleEndian.Uint32(b[4+8*i:])) << (32 * i)
		inheritable |= uint64(binary.LittleEndian.Uint32(b[8+8*i:])) << (32 * i)
	}
	byFlags, order := map[string][]string{}, []string(nil)
	names := capabilityNames()
	for i := range 64 {
		p, in := permitted>>i&1 == 1, inheritable>>i&1 == 1
		if !p && !in {
			continue
		}
		flags := ""
		if magic&1 == 1 {
			flags = "e"
		}
		if in {
			flags += "i"
		}
		if p {
			flags += "p"
		}
		name := fmt.Sprint("cap_", i)
		if i < len(names) {
			name = names[i]
		}
		if !slices.Contains(order, flags) {
			order = append(order, flags)
		}
		byFlags[flags] = append(byFlags[flags], name)
	}
	var out []string
	for _, flags := range order {
		out = append(out, strings.Join(byFlags[flags], ",")+"="+flags)
	}
	text := strings.Join(out, " ")
	if magic>>24 == 3 {
		text += fmt.Sprintf(" [rootid=%d]", binary.LittleEndian.Uint32(b[20:]))
	}
	return strings.TrimSpace(text), nil
}
