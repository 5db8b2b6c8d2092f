package incident

import (
	"fmt"
	"slices"
	"strings"
)

// Phase is one of the five parts of a response, in order.
type Phase int

// The five phases. NoPhase stands for work outside them.
const (
	NoPhase Phase = iota
	Identify
	Contain
	Eradicate
	Recover
	Learn
)

var phaseNames = []string{"", "identify", "contain", "eradicate", "recover", "learn"}

// Phases lists the five phases in order.
func Phases() []Phase { return []Phase{Identify, Contain, Eradicate, Recover, Learn} }

// ParsePhase reads a phase's name; the empty string is NoPhase.
func ParsePhase(s string) (Phase, error) {
	i := slices.Index(phaseNames, strings.ToLower(s))
	if i < 0 {
		return NoPhase, fmt.Errorf("phase %q: want %s", s, strings.Join(phaseNames[1:], ", "))
	}
	return Phase(i), nil
}

// String is the phase's lower-case name, empty for NoPhase.
func (p Phase) String() string {
	if p < NoPhase || p > Learn {
		return "phase?"
	}
	return phaseNames[p]
}

// MarshalText writes the phase's name.
func (p Phase) MarshalText() ([]byte, error) {
	if p < NoPhase || p > Learn {
		return nil, fmt.Errorf("phase %d is out of range", int(p))
	}
	return []byte(p.String()), nil
}

// UnmarshalText is the inverse of MarshalText.
func (p *Phase) UnmarshalText(b []byte) error {
	v, err := ParsePhase(string(b))
	if err != nil {
		return err
	}
	*p = v
	return nil
}
