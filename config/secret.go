package config

import (
	"fmt"
)

// hidden is what a secret prints as.
const hidden = "***"

// Secret is a value that nothing prints: fmt with any verb, encoding/json and
// slog all get "***". The value sits behind a pointer so that printing a struct
// which holds a Secret shows an address and not the value.
type Secret struct{ value *string }

// NewSecret hides value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value, for the moment of use. Do not keep or print it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String is "***".
func (Secret) String() string { return hidden }

// GoString is "***".
func (Secret) GoString() string { return hidden }

// Format writes "***" for every verb.
func (Secret) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte(hidden)) // fmt keeps the error of its own writer
}

// MarshalText is "***".
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON is "***" as JSON text.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
