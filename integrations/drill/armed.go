package drill

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"firebreak/integrations"
)

// linux is the system of faults that the drill's host has: Method is the program,
// or "stop" for a signal, Path a part of what it is told.
const linux = "linux"

// armed is a fault that the state file keeps, so that it is met in whichever
// process sends the request.
type armed struct {
	ID string `json:"id"`
	Fault
	Left int `json:"left"`
}

// Arm makes the world fail as the fault says, in every process that has it open.
// The same id again changes nothing.
func (w *World) Arm(id string, f Fault) error {
	s, err := w.peek()
	if err != nil {
		return err
	}
	if s.armed(id) {
		return nil
	}
	return w.change(func(s *state) error {
		if !s.armed(id) {
			s.Faults = append(s.Faults, armed{id, f, max(f.Times, 1)})
		}
		return nil
	})
}

func (s *state) armed(id string) bool {
	return slices.ContainsFunc(s.Faults, func(a armed) bool { return a.ID == id })
}

func (s *state) fault(system, method, path string) int {
	return slices.IndexFunc(s.Faults, func(a armed) bool {
		return a.Left > 0 && a.System == system && (a.Method == "" || a.Method == method) && strings.Contains(path, a.Path)
	})
}

// kept takes one turn of a fault in the state file; "" when none fits.
func (w *World) kept(system, method, path string) (Mode, error) {
	s, err := w.peek()
	if err != nil || s.fault(system, method, path) < 0 {
		return "", err
	}
	var mode Mode
	err = w.change(func(s *state) error {
		if i := s.fault(system, method, path); i >= 0 {
			s.Faults[i].Left--
			mode = s.Faults[i].Mode
		}
		return nil
	})
	return mode, err
}

// mode is how this request fails, "" when it does not.
func (w *World) mode(system string, r *http.Request) (Mode, error) {
	if m := w.faults.take(system, r); m != "" {
		return m, nil
	}
	return w.kept(system, r.Method, r.URL.Path)
}

// breaks is the error with which the host meets a change, nil when it obeys.
func (f fakeHost) breaks(method, what string) error {
	mode, err := f.kept(linux, method, what)
	switch {
	case err != nil || mode == "":
		return err
	case mode == DropBefore:
		return &integrations.Error{Outcome: integrations.NotSent, Err: fmt.Errorf("%s: connection to the host lost", method)}
	case mode == TooMany || mode == Secondary:
		return &integrations.Error{Outcome: integrations.Throttled, Err: fmt.Errorf("%s: resource temporarily unavailable", method)}
	}
	return &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("%s: operation not permitted", method)}
}
