package forensics

import (
	"encoding/binary"
	"net/netip"
	"reflect"
	"testing"
	"time"
)

// helperRows is a table of iphlpapi with one row.
func helperRows(t *helperTable, state uint32, local, remote netip.AddrPort, pid uint32, opened uint64) []byte {
	b := make([]byte, 8+t.size)
	binary.LittleEndian.PutUint32(b, 1)
	row := b[8:]
	put := func(at, port int, a netip.AddrPort) {
		copy(row[at:], a.Addr().AsSlice())
		binary.BigEndian.PutUint16(row[port:], a.Port())
	}
	put(t.local, t.port, local)
	if t.remotePort != 0 {
		put(t.remote, t.remotePort, remote)
		binary.LittleEndian.PutUint32(row[t.state:], state)
	}
	binary.LittleEndian.PutUint32(row[t.pid:], pid)
	binary.LittleEndian.PutUint64(row[t.opened:], opened)
	return b
}

func TestWindowsSockets(t *testing.T) {
	const opened = 133_500_000_000_000_001 // 100 ns since 1601
	when := time.Date(2024, 1, 17, 21, 20, 0, 100, time.UTC)
	v4, v6, far := netip.MustParseAddrPort("10.0.0.5:445"), netip.MustParseAddrPort("[fe80::1]:3389"), netip.MustParseAddrPort("203.0.113.9:4444")
	for i, c := range []struct {
		state         uint32
		local, remote netip.AddrPort
		want          WindowsSocket
	}{
		{5, v4, far, WindowsSocket{Proto: "tcp", State: "established", Local: "10.0.0.5:445", Remote: "203.0.113.9:4444", Opened: when, PID: 7}},
		{2, v6, v6, WindowsSocket{Proto: "tcp6", State: "listen", Local: "[fe80::1]:3389", Opened: when, PID: 7}},
		{0, v4, far, WindowsSocket{Proto: "udp", State: "unconn", Local: "10.0.0.5:445", Opened: when, PID: 7}},
		{0, v6, v6, WindowsSocket{Proto: "udp6", State: "unconn", Local: "[fe80::1]:3389", Opened: when, PID: 7}},
	} {
		table := helperTables()[i]
		b := helperRows(&table, c.state, c.local, c.remote, 7, opened)
		got, err := table.parse(b)
		if err != nil || !reflect.DeepEqual(got, []WindowsSocket{c.want}) {
			t.Errorf("%s: %+v, %v", table.proto, got, err)
		}
		if _, err := table.parse(b[:len(b)-1]); err == nil {
			t.Errorf("%s: a cut table is read", table.proto)
		}
		binary.LittleEndian.PutUint32(b, 1<<31)
		if _, err := table.parse(b); err == nil {
			t.Errorf("%s: a table of 2^31 rows is read", table.proto)
		}
		if got, err := table.parse(make([]byte, 64)); got != nil || err != nil {
			t.Errorf("%s: no rows: %v, %v", table.proto, got, err)
		}
	}
	scoped := helperTables()[1]
	b := helperRows(&scoped, 99, v6, v6, 7, 0)
	binary.LittleEndian.PutUint32(b[8+16:], 12)
	if got, err := scoped.parse(b); err != nil || got[0].Local != "[fe80::1%12]:3389" || got[0].State != "state 99" || !got[0].Opened.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}
