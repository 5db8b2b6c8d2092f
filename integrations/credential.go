package integrations

import (
	"errors"
	"strings"
	"time"

	"firebreak/internal/lazyre"
)

// ErrNotAsked is returned by a system's Check where there is nothing to ask with,
// or nobody who would answer.
var ErrNotAsked = errors.New("it cannot be asked")

// Credential is what a system says of a connection's credential.
type Credential struct {
	Identity string // who it stands for; "" where the system does not say
	// Granted is what it may do, in the words of Description.Scopes. Listed says
	// that the system told all of it: what is not there is not allowed.
	Granted []string
	Listed  bool
	// Implied is what Granted brings along, and Helps what no action needs by
	// itself and reading back does: neither is ever too much.
	Implied, Helps []string
	Editions       []string  // the vendor's editions that it may be; nil: not known
	Expires        time.Time // zero: never, or the system does not say
	Note           string    // what the system does not say, for people
}

const maxScopes = 200

var scopeShape = lazyre.New(`^[A-Za-z0-9_.:/-]{1,64}$`)

// ScopeList reads the scopes of a header, leaving out what is none. There are at
// most 200.
func ScopeList(header string) []string {
	out := []string{}
	for s := range strings.FieldsFuncSeq(header, func(r rune) bool { return r == ',' || r == ' ' }) {
		if scopeShape.MatchString(s) && len(out) < maxScopes {
			out = append(out, s)
		}
	}
	return out
}
