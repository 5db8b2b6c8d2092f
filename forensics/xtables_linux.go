package forensics

import (
	"encoding/binary"
	"errors"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readXtables asks for a table of iptables (IPT_SO_GET_INFO, then
// IPT_SO_GET_ENTRIES).
func readXtables(family string, domain, level int, table string) ([]Firewall, error) {
	const getInfo, getEntries = 64, 65
	if len(table) > 31 {
		return nil, refuse("its name is too long")
	}
	fd, err := unix.Socket(domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	// struct ipt_getinfo: name[32], valid_hooks, hook_entry[5], underflow[5], num_entries, size.
	info := make([]byte, 84)
	copy(info, table)
	if err := getsockopt(fd, level, getInfo, info); err != nil {
		return nil, err
	}
	size := native32(info[80:])
	if size > xtRead {
		return nil, refuse("%d bytes of rules: more than %d", size, xtRead)
	}
	hooks := map[uint32]string{}
	for i, name := range []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"} {
		if native32(info[32:])&(1<<i) != 0 {
			hooks[native32(info[36+4*i:])] = name
		}
	}
	// struct ipt_get_entries: name[32], size, four bytes of nothing, the entries.
	b := make([]byte, 40+int(size))
	copy(b, table)
	binary.NativeEndian.PutUint32(b[32:], size)
	if err := getsockopt(fd, level, getEntries, b); err != nil {
		if errors.Is(err, unix.EAGAIN) {
			return nil, refuse("changed while it was read")
		}
		return nil, err
	}
	out, whole := parseXtables(family, table, b[40:], hooks)
	if !whole {
		return out, refuse("an entry could not be read: those before it are listed")
	}
	return out, nil
}

// getsockopt reads an option into a buffer of any length.
func getsockopt(fd, level, name int, b []byte) error {
	n := uint32(len(b))                                                                                                                                        //nolint:gosec // bounded by xtRead
	_, _, no := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0) //nolint:gosec // getsockopt(2) takes pointers
	runtime.KeepAlive(b)
	if no != 0 {
		return no
	}
	return nil
}
