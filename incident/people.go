package incident

import "fmt"

// Actor is who did something: a person, or Firebreak itself acting on a
// person's word. ID is a pseudonym that stands in the clear in the record's
// log; Name is a disclosure and can be withheld or erased.
type Actor struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Role is the part a person has in one incident.
type Role string

// The roles of design.md section 9.
const (
	Observer     Role = "observer"
	Responder    Role = "responder"
	Commander    Role = "commander"
	Investigator Role = "investigator"
	Scribe       Role = "scribe"
	Approver     Role = "approver"
	Comms        Role = "comms"
	Legal        Role = "legal"
	Auditor      Role = "auditor"
	Admin        Role = "admin"
)

// Danger says how much a wrong action can break. Every screen and command asks
// for more the higher it is.
type Danger int

// None only reads; Low asks y/n; Medium shows the plan first; High has the
// target's name typed and, at SEV1 and SEV2, wants a second person.
const (
	None Danger = iota
	Low
	Medium
	High
)

var dangerNames = []string{"none", "low", "medium", "high"}

// String is the danger's lower-case name.
func (d Danger) String() string {
	if d < None || d > High {
		return "danger?"
	}
	return dangerNames[d]
}

// ParseDanger reads "none", "low", "medium" or "high".
func ParseDanger(s string) (Danger, error) {
	for i, n := range dangerNames {
		if n == s {
			return Danger(i), nil
		}
	}
	return None, fmt.Errorf("danger %q: want none, low, medium or high", s)
}

// MarshalText writes the danger's name.
func (d Danger) MarshalText() ([]byte, error) {
	if d < None || d > High {
		return nil, fmt.Errorf("danger %d is out of range", int(d))
	}
	return []byte(d.String()), nil
}

// UnmarshalText is the inverse of MarshalText.
func (d *Danger) UnmarshalText(b []byte) error {
	v, err := ParseDanger(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
