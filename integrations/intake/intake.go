// Package intake turns the reports and alerts of other tools into findings: of
// scanners for code, images, secrets and dependencies, of runtime sensors, of
// monitors and pagers. One result is one finding.
//
// It is pure: bytes in, findings out. It knows no network, no clock and no file.
// Decode streams: lists and texts of one value a line are read at any length in
// constant memory; one value may have 256 MiB. Depth, counts and texts have
// limits, numbers keep their digits, a member that is there twice is refused. An
// object that tells of an error in the place of results is an error.
//
// Where to begin reading: decode.go is one reading; formats.go is the table of
// formats; json.go reads values by their bytes. Every other file is a format.
package intake

import (
	"errors"
	"time"
)

// What can be wrong with an input.
var (
	ErrEmpty     = errors.New("there is nothing in it")
	ErrMalformed = errors.New("it cannot be read")
	ErrUnknown   = errors.New("no format that is known fits it")
	ErrReported  = errors.New("the source reports an error in the place of results")
	ErrTooLarge  = errors.New("it is too large")
)

// Kind is what a finding is about.
type Kind string

// The kinds.
const (
	Vulnerability    Kind = "vulnerability"
	SecretLeak       Kind = "secret"
	Code             Kind = "code"
	Misconfiguration Kind = "misconfiguration"
	License          Kind = "license"
	Runtime          Kind = "runtime"
	Alert            Kind = "alert"
)

// Kinds are all kinds.
func Kinds() []Kind {
	return []Kind{Vulnerability, SecretLeak, Code, Misconfiguration, License, Runtime, Alert}
}

// Severity is how bad a finding is, in our words; the source's own is kept
// beside it.
type Severity string

// The severities, the worst first. Unknown is for sources that say none.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
	Unknown  Severity = "unknown"
)

// Severities are all severities, the worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low, Info, Unknown} }

// AtLeast says whether s is as bad as least, or worse. Unknown is at least
// nothing but itself.
func (s Severity) AtLeast(least Severity) bool { return rank(s) <= rank(least) }

func rank(s Severity) int {
	for i, x := range Severities() {
		if s == x {
			return i
		}
	}
	return len(Severities())
}

// State is what the source says has become of a finding.
type State string

// The states. Passed is a check that found nothing.
const (
	Open       State = "open"
	Fixed      State = "fixed"
	Suppressed State = "suppressed"
	Passed     State = "passed"
)

// Finding is one result of a tool. Texts are as the source has them, cut to a
// length; secrets that a tool found are not among them.
type Finding struct {
	Key         string   `json:"key"`                // 16 hex digits: of the tool and of Fingerprint
	Fingerprint string   `json:"fingerprint"`        // what makes two findings the same one
	Composed    bool     `json:"composed,omitempty"` // the source has no key of its own: made of what it says
	Format      string   `json:"format"`             //
	Tool        string   `json:"tool"`               // as it calls itself
	ToolVersion string   `json:"tool_version,omitempty"`
	Kind        Kind     `json:"kind"`
	Title       string   `json:"title"`
	Message     string   `json:"message,omitempty"`
	Severity    Severity `json:"severity"`
	Says        string   `json:"source_severity,omitempty"` // the source's own word
	Score       string   `json:"score,omitempty"`           // CVSS, as the source writes it
	Rule        string   `json:"rule,omitempty"`
	CVE         []string `json:"cve,omitempty"`
	CWE         []string `json:"cwe,omitempty"`
	IDs         []string `json:"ids,omitempty"` // of other lists: GHSA-…, SNYK-…

	Where

	State      State     `json:"state"`
	StateSays  string    `json:"source_state,omitempty"`
	Time       time.Time `json:"time,omitzero"`    // began, was made or detected
	Updated    time.Time `json:"updated,omitzero"` // changed last
	Ended      time.Time `json:"ended,omitzero"`   // was resolved
	Seen       time.Time `json:"seen,omitzero"`    // when the report was made
	URL        string    `json:"url,omitempty"`
	Pointer    string    `json:"pointer"` // JSON pointer of the result; docs/intake.md says what it is in other forms
	Scope      string    `json:"scope"`   // whose report it is, of what: what is gone is gone from a scope
	instanceOf string    // made of what the composed key leaves out
}

// Where is where a finding is. What does not apply is empty.
type Where struct {
	File       string `json:"file,omitempty"`
	Line       int64  `json:"line,omitempty"`
	EndLine    int64  `json:"end_line,omitempty"`
	Commit     string `json:"commit,omitempty"`
	Package    string `json:"package,omitempty"`
	Version    string `json:"version,omitempty"`
	FixedIn    string `json:"fixed_in,omitempty"`
	Image      string `json:"image,omitempty"`
	Host       string `json:"host,omitempty"`
	Container  string `json:"container,omitempty"`
	Process    string `json:"process,omitempty"`
	User       string `json:"user,omitempty"`
	Resource   string `json:"resource,omitempty"`
	Repository string `json:"repository,omitempty"`
}

// Report is what was read as a whole.
type Report struct {
	Format   string            `json:"format"`
	Tools    []string          `json:"tools,omitempty"`  // with their versions
	Scopes   []string          `json:"scopes,omitempty"` // what it reports on
	Snapshot bool              `json:"snapshot"`         // it lists all that there is: what is missing in it is gone
	Findings int               `json:"findings"`
	Severity map[Severity]int  `json:"severity"`
	Kind     map[Kind]int      `json:"kind"`
	State    map[State]int     `json:"state"`
	Worst    Severity          `json:"worst,omitempty"` // of those that are open
	Notes    []string          `json:"notes,omitempty"` // what to know of it: parts that are missing, what was put aside
	worst    map[Severity]Kind // the kind of the first open finding of each severity
	scoped   map[string]bool
	tooled   map[string]bool
}

// Leading is the kind of the worst open finding, "" where nothing is open.
func (r Report) Leading() Kind { return r.worst[r.Worst] }

// Limits of what is read.
const (
	MaxValue   = 256 << 20 // bytes of one JSON value, or of one text in another form
	maxTotal   = 64 << 30  // bytes of a list
	maxDepth   = 128       // brackets within brackets
	maxListed  = 20        // CVEs, CWEs and other ids of one finding
	maxNotes   = 20
	maxText    = 2000 // bytes of a message
	maxShort   = 300  // bytes of any other text
	maxScopes  = 1000
	maxMembers = 2_000_000 // of one object
)
