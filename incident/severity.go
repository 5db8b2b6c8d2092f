package incident

import (
	"fmt"
	"strings"
)

// Severity ranks an incident: SEV1 is the worst.
type Severity int

// The four severities.
const (
	SEV1 Severity = iota + 1
	SEV2
	SEV3
	SEV4
)

// ParseSeverity reads "sev1" to "sev4", in any case.
func ParseSeverity(s string) (Severity, error) {
	switch strings.ToLower(s) {
	case "sev1":
		return SEV1, nil
	case "sev2":
		return SEV2, nil
	case "sev3":
		return SEV3, nil
	case "sev4":
		return SEV4, nil
	}
	return 0, fmt.Errorf("severity %q: want sev1, sev2, sev3 or sev4", s)
}

// String is "SEV1" to "SEV4", or "SEV?" for a value out of range.
func (s Severity) String() string {
	if s < SEV1 || s > SEV4 {
		return "SEV?"
	}
	return fmt.Sprintf("SEV%d", int(s))
}

// MarshalText writes "sev1" to "sev4".
func (s Severity) MarshalText() ([]byte, error) {
	if s < SEV1 || s > SEV4 {
		return nil, fmt.Errorf("severity %d is out of range", int(s))
	}
	return []byte(strings.ToLower(s.String())), nil
}

// UnmarshalText is the inverse of MarshalText.
func (s *Severity) UnmarshalText(b []byte) error {
	v, err := ParseSeverity(string(b))
	if err != nil {
		return err
	}
	*s = v
	return nil
}
