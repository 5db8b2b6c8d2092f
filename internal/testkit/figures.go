package testkit

import (
	"encoding/json"
	"os"
	"strconv"
	"sync"
	"testing"
)

// The environment of the fault suite. FIREBREAK_SOAK asks for the long forms of
// the tests; FIREBREAK_SCALE multiplies their rounds (0.1 for a tenth);
// FIREBREAK_FIGURES is the file that they write their counts to.
const (
	soakEnv    = "FIREBREAK_SOAK"
	scaleEnv   = "FIREBREAK_SCALE"
	figuresEnv = "FIREBREAK_FIGURES"
)

// Soak says that the long forms of the tests are wanted.
func Soak() bool { return os.Getenv(soakEnv) != "" }

// Rounds is how often a test goes round, in its short or its long form.
func Rounds(t testing.TB, short, long int) int {
	t.Helper()
	if !Soak() {
		return short
	}
	s := os.Getenv(scaleEnv)
	if s == "" {
		return long
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f <= 0 {
		t.Fatalf("%s=%q: want a number above 0", scaleEnv, s)
	}
	return max(1, int(f*float64(long)))
}

// Figure is what one test of the fault suite counted. tools/reliability makes
// docs/reliability.md of them. Name is the test's subject, unique; the counts
// that a test does not have stay nil.
type Figure struct {
	Name     string         `json:"name"`
	Rounds   int            `json:"rounds,omitempty"`
	Detected *int           `json:"detected,omitempty"` // it was noticed and named
	Harmless *int           `json:"harmless,omitempty"` // everything reads as before
	Lost     *int           `json:"lost,omitempty"`     // acknowledged entries that are gone, or anything silently wrong
	Acked    *int           `json:"acked,omitempty"`    // acknowledged entries that were looked for
	Where    map[string]int `json:"where,omitempty"`    // how often it was noticed where
	Values   map[string]any `json:"values,omitempty"`   // other figures: a number, or text with its unit
	Note     string         `json:"note,omitempty"`
}

// N is a count in a Figure.
func N(n int) *int { return &n }

var figures sync.Mutex //nolint:gochecknoglobals // lines of one process must not mix

// Tell logs the figure and, where FIREBREAK_FIGURES names a file, appends it as
// one line of JSON.
func Tell(t testing.TB, f Figure) {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("figures: %s", b)
	path := os.Getenv(figuresEnv)
	if path == "" || t.Failed() {
		return
	}
	figures.Lock()
	defer figures.Unlock()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(append(b, '\n')); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
