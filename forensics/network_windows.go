package forensics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The tables of sockets with the modules that own them, by name.
const (
	tableOfModules    = 8 // TCP_TABLE_OWNER_MODULE_ALL
	udpTableOfModules = 2 // UDP_TABLE_OWNER_MODULE
)

// windowsSockets writes the "fb.winsockets" snapshot.
func windowsSockets(ctx context.Context, l *liveReading) error {
	names := map[uint32]string{}
	list, err := processList()
	if err != nil {
		l.noteOnce("processes are not named: " + err.Error())
	}
	for _, p := range list {
		names[p.ProcessID] = windows.UTF16ToString(p.ExeFile[:])
	}
	helper := windows.NewLazySystemDLL("iphlpapi.dll")
	tcp, udp := helper.NewProc("GetExtendedTcpTable"), helper.NewProc("GetExtendedUdpTable")
	for _, t := range helperTables() {
		if err := ctx.Err(); err != nil {
			return err
		}
		ask, class, family := tcp, uintptr(tableOfModules), uintptr(windows.AF_INET)
		if t.remotePort == 0 {
			ask, class = udp, udpTableOfModules
		}
		if t.wide {
			family = windows.AF_INET6
		}
		b, err := ipTable(ask, family, class)
		if err != nil {
			l.refuse(t.proto+" sockets", refuse("%v", err))
			continue
		}
		sockets, err := t.parse(b)
		if err != nil {
			l.refuse(t.proto+" sockets", refuse("%v", err))
			continue
		}
		for _, s := range sockets {
			s.Process = names[s.PID]
			if err := l.add(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// ipTable is one table, which may grow while it is asked for.
func ipTable(ask *windows.LazyProc, family, class uintptr) ([]byte, error) {
	if err := ask.Find(); err != nil {
		return nil, err
	}
	size := uint32(64 << 10)
	for range 8 {
		b := make([]byte, size)
		n := size
		code, _, _ := ask.Call(uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0, family, class, 0) //nolint:gosec // of that size
		switch err := windows.Errno(code); {
		case code == 0:
			return b, nil
		case !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER):
			return nil, err
		}
		size = n + 64<<10
	}
	return nil, errors.New("the table grew faster than it could be read")
}

// windowsNetwork writes the "fb.routes" snapshot: addresses and routes.
func windowsNetwork(_ context.Context, l *liveReading) error {
	links, err := net.Interfaces()
	if err != nil {
		l.refuse("interfaces", refuse("%v", err))
	}
	names := map[uint32]string{}
	for _, link := range links {
		names[uint32(link.Index)] = link.Name //nolint:gosec // an index
		state := "down"
		if link.Flags&net.FlagUp != 0 {
			state = "up"
		}
		addrs, err := link.Addrs()
		if err != nil {
			l.refuse(link.Name, refuse("addresses: %v", err))
		}
		for _, a := range addrs {
			if err := l.add(Route{Kind: "address", Interface: link.Name, Address: a.String(), Hardware: link.HardwareAddr.String(), State: state}); err != nil {
				return err
			}
		}
	}
	var table *windows.MibIpForwardTable2
	if err := windows.GetIpForwardTable2(windows.AF_UNSPEC, &table); err != nil {
		l.refuse("routes", refuse("%v", err))
		return nil
	}
	defer windows.FreeMibTable(unsafe.Pointer(table)) //nolint:gosec // as the call wants it
	for _, row := range table.Rows() {
		to, ok := rawAddress(&row.DestinationPrefix.Prefix)
		if !ok {
			continue
		}
		r := Route{Kind: "route", Interface: names[row.InterfaceIndex], Address: fmt.Sprintf("%s/%d", to, row.DestinationPrefix.PrefixLength), Metric: row.Metric}
		if r.Interface == "" {
			r.Interface = fmt.Sprint(row.InterfaceIndex)
		}
		if by, ok := rawAddress(&row.NextHop); ok && !by.IsUnspecified() {
			r.Gateway = by.String()
		}
		if err := l.add(r); err != nil {
			return err
		}
	}
	return nil
}

func rawAddress(a *windows.RawSockaddrInet) (netip.Addr, bool) {
	switch a.Family {
	case windows.AF_INET:
		return netip.AddrFrom4((*windows.RawSockaddrInet4)(unsafe.Pointer(a)).Addr), true //nolint:gosec // the family says so
	case windows.AF_INET6:
		return netip.AddrFrom16((*windows.RawSockaddrInet6)(unsafe.Pointer(a)).Addr), true //nolint:gosec // the family says so
	}
	return netip.Addr{}, false
}
