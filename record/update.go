package record

import (
	"encoding/json"
	"time"

	"firebreak/incident"
)

// UpdateWritten says what an audience is told, and by which actions. It comes
// before they are sent: whether they were is in their own entries.
const UpdateWritten Kind = "update.written" // Update

// Update is one message to one audience. Through is the last entry that was
// looked at for it: the next one to the same audience goes on from there.
type Update struct {
	ID       string       `json:"update"` // u1, u2, …
	Audience string       `json:"audience"`
	Profile  Profile      `json:"profile"` // what they may see
	TLP      incident.TLP `json:"tlp"`     // its own label: a person's word where it is below the incident's
	Text     string       `json:"text"`
	Through  int64        `json:"through"`
	Actions  []string     `json:"actions,omitempty"`
	ByHand   string       `json:"by_hand,omitempty"` // how people were told where no action did it
	Due      time.Time    `json:"due,omitzero"`      // when it was wanted
}

// ShowsPeople says whether readers of that profile may see who people are.
func (p Profile) ShowsPeople() bool { return p == FullProfile || audienceOf[p]&person != 0 }

// ShowsHosts says whether readers of that profile may see hosts, addresses and
// what was done on them.
func (p Profile) ShowsHosts() bool { return p == FullProfile || audienceOf[p]&detail != 0 }

// Hide returns the entry without the fields that readers of the profile may not
// see.
func (p Profile) Hide(e Entry) Entry {
	if p == FullProfile {
		return e
	}
	fields := make(map[string]json.RawMessage, len(e.Fields))
	for name, value := range e.Fields {
		if p.Discloses(e.Kind, name) {
			fields[name] = value
		}
	}
	e.Fields = fields
	if !p.Discloses(e.Kind, actorName) {
		e.Actor.Name = ""
	}
	return e
}
