//go:build !linux

package linux

import (
	"context"
	"os"
	"runtime"

	"firebreak/integrations"
)

// here is this machine, which does not run Linux: nothing can be done on it.
type here struct{}

// Name implements integrations.Host.
func (here) Name() string {
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "this host"
}

// Run implements integrations.Host.
func (here) Run(_ context.Context, p integrations.Program) (integrations.Output, error) {
	return integrations.Output{}, notLinux("run " + p.Argv[0])
}

// Facts implements integrations.Hands.
func (here) Facts(context.Context) (integrations.Facts, error) {
	return integrations.Facts{}, notLinux("look at host")
}

// Process implements integrations.Hands.
func (here) Process(context.Context, int) (integrations.Process, error) {
	return integrations.Process{}, notLinux("read process")
}

// Signal implements integrations.Hands.
func (here) Signal(context.Context, integrations.Process, integrations.Signal) error {
	return notLinux("signal process")
}

// Image implements integrations.Hands.
func (here) Image(context.Context, integrations.Process) (integrations.Image, error) {
	return integrations.Image{}, notLinux("read process")
}

// File implements integrations.Hands.
func (here) File(context.Context, string) (integrations.File, error) {
	return integrations.File{}, notLinux("read file")
}

// Quarantine implements integrations.Hands.
func (here) Quarantine(context.Context, integrations.File, string, string) error {
	return notLinux("quarantine file")
}

// Quarantined implements integrations.Hands.
func (here) Quarantined(context.Context, string, string) (integrations.File, error) {
	return integrations.File{}, notLinux("read quarantine")
}

// Restore implements integrations.Hands.
func (here) Restore(context.Context, integrations.File, string, string) error {
	return notLinux("restore file")
}

func notLinux(verb string) error {
	return rejected("run firebreak on the Linux host itself", "%s: needs Linux, this host runs %s", verb, runtime.GOOS)
}
