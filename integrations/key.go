package integrations

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"firebreak/incident"
)

// Key is the idempotency key of an action: 52 lower-case letters and digits,
// the same for every retry of one intent. A person who wants the thing sent
// again raises the epoch, which gives a new key.
func Key(id incident.ID, action string, epoch int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "firebreak/action\n%s\n%s\n%d\n", id, action, epoch))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
}
