package forensics

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// liveStates are what is read of a running Windows, what changes soonest first.
func liveStates() []liveState {
	const method = "in-process calls of the system; no program is run, and no domain controller is asked"
	return []liveState{
		{"windows.live.system", "Machine, system and clock", "RtlGetVersion, HKLM", FormatSystem, method, true, windowsSystem},
		{"windows.live.processes", "Processes with hashes of their executables", "Toolhelp, OpenProcess", FormatWindowsProcesses, method + "; executables hashed by the name that the system gives", false, windowsProcesses},
		{"windows.live.sockets", "Sockets with their processes", "GetExtendedTcpTable, GetExtendedUdpTable", FormatWindowsSockets, method, false, windowsSockets},
		{"windows.live.network", "Routes and addresses", "GetAdaptersAddresses, GetIpForwardTable2", FormatRoutes, method, false, windowsNetwork},
		{"windows.live.registry", "Keys of the registry", "HKLM, HKU", FormatWindowsRegistry, method, false, windowsRegistry},
		{"windows.live.drivers", "Drivers of the running kernel", "NtQuerySystemInformation", FormatWindowsDrivers, method + "; files hashed", false, windowsDrivers},
	}
}

// windowsSystem says which machine this is.
func windowsSystem(_ context.Context, l *liveReading) error {
	v := windows.RtlGetVersion()
	now := l.Now().UTC()
	s := System{Host: l.Host, Kernel: dotted(v.MajorVersion, v.MinorVersion, v.BuildNumber), Machine: os.Getenv("PROCESSOR_ARCHITECTURE"), Now: now}
	s.Booted = now.Add(-windows.DurationSinceBoot()).Truncate(time.Millisecond)
	if k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows NT\CurrentVersion`, registry.QUERY_VALUE); err == nil {
		s.OS = value(k, "ProductName") + " " + value(k, "DisplayVersion")
		s.Build = value(k, "BuildLabEx")
		_ = k.Close() // it was read only
	}
	if k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY); err == nil {
		s.MachineID = value(k, "MachineGuid")
		_ = k.Close() // it was read only
	}
	if k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Control\TimeZoneInformation`, registry.QUERY_VALUE); err == nil {
		s.Zone = value(k, "TimeZoneKeyName") // Windows' own name, as in W. Europe Standard Time
		_ = k.Close()                        // it was read only
	}
	s.OS = strings.TrimSpace(s.OS)
	return l.add(s)
}

// value is a text of the registry, "" where there is none.
func value(k registry.Key, name string) string {
	s, _, err := k.GetStringValue(name)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// systemFile is the file that the kernel means by a name of its own.
func systemFile(name string) string {
	switch {
	case strings.HasPrefix(name, `\??\`):
		return name[4:]
	case len(name) > 11 && strings.EqualFold(name[:11], `\SystemRoot`):
		if dir, err := windows.GetSystemWindowsDirectory(); err == nil {
			return filepath.Join(dir, name[11:])
		}
	case strings.HasPrefix(name, `\`):
		if dir, err := windows.GetSystemWindowsDirectory(); err == nil {
			return filepath.VolumeName(dir) + name
		}
	}
	return name
}
