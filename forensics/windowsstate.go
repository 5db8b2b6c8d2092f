package forensics

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Formats of the live state of Windows, besides FormatSystem and FormatRoutes.
const (
	FormatWindowsProcesses = "fb.winprocesses" // WindowsProcess
	FormatWindowsSockets   = "fb.winsockets"   // WindowsSocket
	FormatWindowsDrivers   = "fb.windrivers"   // WindowsDriver
)

// WindowsProcess is a line of the "fb.winprocesses" format: one process of the
// system's list.
type WindowsProcess struct {
	PID       uint32    `json:"pid"`
	PPID      uint32    `json:"ppid"`
	Parent    string    `json:"parent,omitempty"` // name of that process, where it was there before this one: numbers are used again
	Started   time.Time `json:"started,omitzero"` // UTC, to 100 ns
	Session   *uint32   `json:"session,omitempty"`
	Threads   uint32    `json:"threads,omitempty"`
	User      string    `json:"user,omitempty"` // by the machine's own list of profiles; no domain controller is asked
	SID       string    `json:"sid,omitempty"`
	Integrity string    `json:"integrity,omitempty"` // untrusted, low, medium, high, system
	Elevated  bool      `json:"elevated,omitempty"`
	Self      bool      `json:"self,omitempty"` // it is the collector
	Comm      string    `json:"comm"`           // as the list names it
	Command   string    `json:"command,omitempty"`
	Services  []string  `json:"services,omitempty"` // those it runs
	Exe       string    `json:"exe,omitempty"`
	Missing   bool      `json:"exe_deleted,omitempty"` // nothing has the executable's name any more
	ExeSHA256 string    `json:"exe_sha256,omitempty"`
	ExeSize   int64     `json:"exe_size,omitempty"`
	Modified  time.Time `json:"exe_modified,omitzero"`

	Refused []string `json:"refused,omitempty"` // what could not be read: "exe: Access is denied."
}

// WindowsSocket is a line of the "fb.winsockets" format.
type WindowsSocket struct {
	Proto   string    `json:"proto"` // tcp, tcp6, udp, udp6
	State   string    `json:"state"` // listen, established, …; unconn for UDP
	Local   string    `json:"local"` // address:port, [address%scope]:port
	Remote  string    `json:"remote,omitempty"`
	Opened  time.Time `json:"opened,omitzero"` // UTC; of a connection that was accepted, when that was
	PID     uint32    `json:"pid,omitempty"`
	Process string    `json:"process,omitempty"`
}

// WindowsDriver is a line of the "fb.windrivers" format: a module of the running
// kernel.
type WindowsDriver struct {
	Name     string    `json:"name"`
	Path     string    `json:"path"`
	Loaded   int       `json:"load_order"`
	Size     int64     `json:"image_size"` // in memory
	SHA256   string    `json:"sha256,omitempty"`
	Modified time.Time `json:"modified,omitzero"`

	Refused string `json:"refused,omitempty"`
}

// filetime is 100 ns since 1601, in UTC; the zero time where there is none.
func filetime(n uint64) time.Time {
	const epoch = 116444736000000000 // 1970
	if n == 0 || n > 1<<63-1 {
		return time.Time{}
	}
	d := int64(n) - epoch
	return time.Unix(d/1e7, d%1e7*100).UTC()
}

// helperTable is the form of one of the tables of iphlpapi whose rows name their
// owner's module: the count, then rows from offset 8 on. Offsets are in a row.
type helperTable struct {
	proto                    string
	size, local, port, state int
	remote, remotePort       int // 0 for UDP
	pid, opened              int
	wide                     bool // IPv6: the scope follows the address
}

// helperTables are those of 64-bit Windows.
// Reference: MIB_TCPROW_OWNER_MODULE, MIB_TCP6ROW_OWNER_MODULE,
// MIB_UDPROW_OWNER_MODULE, MIB_UDP6ROW_OWNER_MODULE of iphlpapi.h.
func helperTables() []helperTable {
	return []helperTable{
		{proto: "tcp", size: 160, state: 0, local: 4, port: 8, remote: 12, remotePort: 16, pid: 20, opened: 24},
		{proto: "tcp6", size: 192, local: 0, port: 20, remote: 24, remotePort: 44, state: 48, pid: 52, opened: 56, wide: true},
		{proto: "udp", size: 160, local: 0, port: 4, pid: 8, opened: 16},
		{proto: "udp6", size: 176, local: 0, port: 20, pid: 24, opened: 32, wide: true},
	}
}

// parse reads a table.
func (t *helperTable) parse(b []byte) ([]WindowsSocket, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("table of %s sockets: %d bytes", t.proto, len(b))
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n == 0 {
		return nil, nil
	}
	if n > maxWindowsSockets || len(b) < 8+n*t.size {
		return nil, fmt.Errorf("table of %s sockets: %d rows in %d bytes", t.proto, n, len(b))
	}
	out := make([]WindowsSocket, 0, n)
	for row := b[8 : 8+n*t.size]; len(row) > 0; row = row[t.size:] {
		s := WindowsSocket{Proto: t.proto, State: "unconn", Local: t.address(row, t.local, t.port)}
		if t.remotePort != 0 {
			s.State = windowsTCPState(binary.LittleEndian.Uint32(row[t.state:]))
			if s.State != "listen" {
				s.Remote = t.address(row, t.remote, t.remotePort)
			}
		}
		s.PID = binary.LittleEndian.Uint32(row[t.pid:])
		s.Opened = filetime(binary.LittleEndian.Uint64(row[t.opened:]))
		out = append(out, s)
	}
	return out, nil
}

// maxWindowsSockets bounds the rows of a table.
const maxWindowsSockets = 500_000

// address is an address with its port, whose two bytes stand in network order.
func (t *helperTable) address(row []byte, at, port int) string {
	a := netip.AddrFrom4([4]byte(row[at : at+4]))
	if t.wide {
		a = netip.AddrFrom16([16]byte(row[at : at+16]))
		if scope := binary.LittleEndian.Uint32(row[at+16:]); scope != 0 && a.Is6() && !a.Is4In6() {
			a = a.WithZone(fmt.Sprint(scope))
		}
	}
	return netip.AddrPortFrom(a, binary.BigEndian.Uint16(row[port:])).String()
}

// windowsTCPState is MIB_TCP_STATE in the words that Linux has for them.
func windowsTCPState(n uint32) string {
	words := [...]string{
		1: "close", "listen", "syn-sent", "syn-recv", "established", "fin-wait-1", "fin-wait-2", "close-wait", "closing", "last-ack", "time-wait", "delete",
	}
	if n == 0 || int64(n) >= int64(len(words)) {
		return fmt.Sprintf("state %d", n)
	}
	return words[n]
}
