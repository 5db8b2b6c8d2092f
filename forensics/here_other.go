//go:build !linux

package forensics

import (
	"runtime"

	"firebreak/record"
)

// ClockNow is what is known of this machine's clock against UTC: nothing.
func ClockNow() *record.Clock { return &record.Clock{} }

// ThisMachine is the machine this program runs on.
func ThisMachine() *record.Machine {
	return &record.Machine{System: runtime.GOOS + " " + runtime.GOARCH}
}
