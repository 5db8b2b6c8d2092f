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

// Self implements integrations.Host.
func (here) Self() int { return os.Getpid() }

// Run implements integrations.Host.
func (here) Run(_ context.Context, p integrations.Program) (integrations.Output, error) {
	return integrations.Output{}, notLinux("run " + p.Argv[0])
}

// Process implements integrations.Host.
func (here) Process(context.Context, int) (integrations.Process, error) {
	return integrations.Process{}, notLinux("read process")
}

// Stop implements integrations.Host.
func (here) Stop(context.Context, integrations.Process, bool) error {
	return notLinux("stop process")
}

func notLinux(verb string) error {
	return rejected("run firebreak on the Linux host itself", "%s: needs Linux, this host runs %s", verb, runtime.GOOS)
}
