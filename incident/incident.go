// Package incident holds the words every other package shares: an incident,
// its phases, severity, roles and the people who act in it.
//
// It is pure: no files, no clock, no database. Nothing here knows how an
// incident is stored or shown.
package incident

import (
	"errors"
	"fmt"
	"time"

	"firebreak/internal/lazyre"
)

// ErrNotFound is returned where an incident, exhibit, plan or step that was
// named does not exist.
var ErrNotFound = errors.New("not found")

// ID names an incident: the year and a running number, as in "2026-0007".
// It is also the name of the incident's folder.
type ID string

var idShape = lazyre.New(`^\d{4}-\d{4,6}$`)

// ParseID returns the ID written in s, or an error that shows the right shape.
func ParseID(s string) (ID, error) {
	if !idShape.MatchString(s) {
		return "", fmt.Errorf("incident id %q: want a year and a number, as in 2026-0007", s)
	}
	return ID(s), nil
}

// Status says whether work on an incident goes on.
type Status string

// An incident is open until somebody closes it.
const (
	Open   Status = "open"
	Closed Status = "closed"
)

// TLP is a Traffic Light Protocol 2.0 label (FIRST): who may see the incident.
type TLP string

// The labels of TLP 2.0.
const (
	TLPClear       TLP = "clear"
	TLPGreen       TLP = "green"
	TLPAmber       TLP = "amber"
	TLPAmberStrict TLP = "amber+strict"
	TLPRed         TLP = "red"
)

// Incident is the head data of one incident, as the record has it now.
// Times are UTC; a zero time means that the moment is not known.
type Incident struct {
	ID       ID              `json:"id"`
	Title    string          `json:"title"`
	Severity Severity        `json:"severity"`
	Status   Status          `json:"status"`
	Phase    Phase           `json:"phase"`
	TLP      TLP             `json:"tlp"`
	Drill    bool            `json:"drill"`
	Summary  string          `json:"summary,omitempty"`
	Impact   string          `json:"impact,omitempty"`
	Roles    map[Role]string `json:"roles,omitempty"`
	Playbook string          `json:"playbook,omitempty"` // id of the playbook its run follows
	Detected time.Time       `json:"detected,omitzero"`  // when the first sign was seen
	Opened   time.Time       `json:"opened"`
	Closed   time.Time       `json:"closed,omitzero"`
}

// Mode is the word the screens show beside the title.
func (i Incident) Mode() string {
	switch {
	case i.Status == Closed:
		return "READ ONLY"
	case i.Drill:
		return "DRILL"
	default:
		return "LIVE"
	}
}

// Standing is the word that lists of incidents show.
func (i Incident) Standing() string {
	if i.Status == Closed {
		return "CLOSED"
	}
	return i.Mode()
}
