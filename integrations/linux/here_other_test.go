//go:build !linux

package linux

import (
	"testing"

	"firebreak/integrations"
)

func TestNotLinux(t *testing.T) {
	_, run := here{}.Run(t.Context(), integrations.Program{Argv: []string{"nft"}})
	_, read := here{}.Process(t.Context(), 1)
	for _, err := range []error{run, read, here{}.Signal(t.Context(), integrations.Process{PID: 1}, integrations.SIGSTOP)} {
		if integrations.OutcomeOf(err) != integrations.Rejected {
			t.Errorf("a host without Linux: %v", err)
		}
	}
}
