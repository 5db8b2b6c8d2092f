package clickhouse

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
)

// Refused is the server's no.
type Refused struct {
	Status int
	Code   int    // ClickHouse's own number of the error, 0 where it said none
	Says   string // in its words; foreign text
}

// Error is what the server said.
func (e *Refused) Error() string {
	if e.Says == "" {
		return fmt.Sprintf("it answered %d", e.Status)
	}
	return fmt.Sprintf("it answered %d: %s", e.Status, e.Says)
}

var codeShape = lazyre.New(`\bCode: (\d{1,6})\b`)

func refusal(status int, body string) *Refused {
	e := &Refused{Status: status, Says: strings.TrimSpace(body)}
	if m := codeShape.FindStringSubmatch(body); m != nil {
		e.Code, _ = strconv.Atoi(m[1]) // six digits fit
	}
	return e
}

// Denied reports whether the user or the password is not accepted: the codes of
// UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, ACCESS_DENIED and
// AUTHENTICATION_FAILED.
func (e *Refused) Denied() bool {
	switch e.Code {
	case 192, 193, 194, 497, 516:
		return true
	}
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// passing reports whether it may go well the next time: the codes of timeouts,
// of too many queries or parts, of a network error and of a keeper that is lost.
func (e *Refused) passing() bool {
	switch e.Code {
	case 159, 202, 203, 209, 210, 252, 319, 425, 999:
		return true
	case 0:
		return e.Status == http.StatusTooManyRequests || e.Status >= 502
	}
	return false
}
