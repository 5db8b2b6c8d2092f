package forensics

import (
	"strings"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// ClockNow is what this machine's kernel knows of its clock against UTC.
func ClockNow() *record.Clock {
	k := clockState()
	return &record.Clock{Known: k.Known, Synchronised: k.Synchronised, Offset: k.Offset, MaxError: k.MaxError}
}

// ThisMachine is the machine this program runs on; nil when the kernel does
// not say.
func ThisMachine() *record.Machine {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil
	}
	words := []string{unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])}
	return &record.Machine{System: strings.Join(words, " "), Boot: kernelFile("/proc/sys/kernel/random/boot_id")}
}
