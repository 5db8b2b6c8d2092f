// Package review turns the record of an incident into the post-incident review:
// Build gathers the facts, and Review writes them as JSON and as one
// self-contained HTML page. Package document makes a document of them for the
// other forms.
//
// It is pure: the same entries give the same review. Every statement in it has
// an entry or an event behind it; what nobody recorded is said to be unknown,
// and what the review does not cover stands in its Limits. It draws no
// conclusions and names no culprit: causes and lessons are what people wrote.
package review

import (
	"errors"
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/timeline"
)

// Format names the shape of the JSON form. A field may be added within a
// version; none is renamed or removed.
const Format = "firebreak.review/1"

// Extra is what a review needs besides the record's entries. All of it may be
// missing; the review then says what it cannot show.
type Extra struct {
	Head record.Head
	Now  time.Time // when the review is made
	Tool string    // program and version
	// From, To and Buckets count the timeline's events in equal stretches.
	From, To time.Time
	Buckets  []int64
	// Events are the marked events as the timeline has them, by id. For one
	// that is not here, the text kept with its mark is shown.
	Events map[string]timeline.Event
	// Clocks are the deadlines, as package review/clocks has them at Now.
	Clocks []ClockLine
	// Key is the secret that this document's pseudonyms are made with. Ids in other
	// forms follow from it, and it is in none of them.
	Key []byte
	// Readers are those that the entries were masked for.
	Readers Readers
	// Edition is what the review is made as; nil: it is not frozen.
	Edition *Edition
	// Parse is playbooks.Parse where nil; where many incidents follow the same
	// playbooks, one that remembers them. What it returns is not changed.
	Parse func(name string, source []byte) (*playbooks.Playbook, error)
}

// Readers are those that a document is for: their profile, the label that it has for
// them, and the line that stands over it. Package review/audience fills it.
type Readers struct {
	Profile record.Profile `json:"profile,omitempty"`
	Label   incident.TLP   `json:"tlp,omitempty"`
	Banner  string         `json:"banner,omitempty"`
}

// Review is the post-incident review. Strings hold foreign text as it was
// recorded; Shown makes it harmless. All times are UTC, a missing
// time is unknown, and numbers named seq are entries of the record.
type Review struct {
	Format         string            `json:"format"`
	Made           time.Time         `json:"made,omitzero"`
	Tool           string            `json:"tool,omitempty"`
	Readers        Readers           `json:"readers,omitzero"`
	Edition        *Edition          `json:"edition,omitempty"` // missing: it is not frozen
	Incident       incident.Incident `json:"incident"`
	Summary        []string          `json:"summary"` // sentences, made from typed entries alone
	People         []Person          `json:"people"`
	Roles          []RoleTerm        `json:"roles"`
	Durations      []Duration        `json:"durations"`
	Phases         []Stretch         `json:"phases"`
	Timeline       []Row             `json:"timeline"`
	LeftOut        int               `json:"timeline_left_out"` // entries with no row of their own
	Activity       *Activity         `json:"activity,omitempty"`
	Findings       []Finding         `json:"findings,omitempty"` // of triage, that people confirmed
	Decisions      []Decision        `json:"decisions"`
	Actions        []Action          `json:"actions"`
	Rollbacks      []Rollback        `json:"rollbacks,omitempty"`
	Runs           []Run             `json:"runs"`
	Communications []Communication   `json:"communications"`
	Evidence       []Exhibit         `json:"evidence"`
	Custody        HeldEvidence      `json:"custody"`
	Collections    []Collection      `json:"collections"`
	Ingested       Ingested          `json:"ingested"`
	Lessons        []Section         `json:"lessons"`
	Items          []Item            `json:"items"`
	ClockJumps     []ClockJump       `json:"clock_jumps"`
	Withheld       int               `json:"withheld,omitempty"` // fields of the record that its reader does not get
	Wording        []Wording         `json:"wording"`            // phrases to look at before this is shared
	Limits         []string          `json:"limits"`
	Integrity      Integrity         `json:"integrity"`

	Standing   Standing        `json:"review"`
	Releases   []Released      `json:"releases"`
	Glance     []Figure        `json:"glance"`
	Impact     []Measured      `json:"impact"`
	Moments    []Moment        `json:"moments"`
	Detection  Detection       `json:"detection"`
	Response   []PhaseResponse `json:"response"`
	Factors    []Factor        `json:"factors"`
	Parts      []PartNow       `json:"parts"`
	Deviations []Deviation     `json:"deviations"`
	Proposals  []Proposal      `json:"proposals"`
	Clocks     []ClockLine     `json:"clocks"`
	Techniques []TechniqueUse  `json:"techniques"`
	Indicators []Subject       `json:"indicators"` // of the attacker
	Subjects   []Subject       `json:"subjects"`   // everybody and everything else that was named
	Controls   []Control       `json:"controls"`
	Gaps       []Framework     `json:"gaps"`
	Missing    []Gone          `json:"missing"`
	Verify     []string        `json:"how_to_verify"`

	key []byte // see Extra.Key
}

// Person is somebody who acted.
type Person struct {
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	Entries int       `json:"entries"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
}

// RoleTerm is a role held by a person for a time.
type RoleTerm struct {
	Role   incident.Role `json:"role"`
	Person string        `json:"person"`
	Seq    int64         `json:"seq"`
	From   time.Time     `json:"from"`
	To     time.Time     `json:"to,omitzero"` // missing: to the end
}

// Activity counts the timeline's events in equal stretches of time.
type Activity struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Buckets []int64   `json:"buckets"`
}

// Item is a follow-up.
type Item struct {
	record.Item
	Seq     int64       `json:"seq"`
	At      time.Time   `json:"at"`
	By      string      `json:"by"`
	State   string      `json:"state"`          // open, done, verified, dropped
	Link    string      `json:"link,omitempty"` // where it is tracked
	Overdue bool        `json:"overdue,omitempty"`
	History []ItemEvent `json:"history,omitempty"`
}

// Integrity is the state of the record that the review was made over.
type Integrity struct {
	Size    int64  `json:"size"`              // entries under the head
	Entries int64  `json:"entries"`           // entries the review was made of
	Root    string `json:"root,omitempty"`    // hex
	Seal    string `json:"seal,omitempty"`    // the line to keep elsewhere
	Signed  string `json:"signed,omitempty"`  // the head as a C2SP signed note
	Problem string `json:"problem,omitempty"` // why the two numbers do not fit
}

// ErrNoRecord is returned when the entries are not the beginning of a record.
var ErrNoRecord = errors.New("entries do not start with the opening of an incident")

// Build makes the review of an incident from all entries of its record, in
// their order. An entry that cannot be read is left out and named in Limits.
// The only error is ErrNoRecord.
func Build(entries []record.Entry, extra Extra) (Review, error) {
	if len(entries) == 0 || entries[0].Kind != record.IncidentOpened {
		return Review{}, fmt.Errorf("build review: %w", ErrNoRecord)
	}
	b := newBuilder(entries, extra)
	b.r.Format, b.r.Made, b.r.Tool, b.r.Readers, b.r.Edition = Format, extra.Now.UTC(), extra.Tool, extra.Readers, extra.Edition
	b.r.key = extra.Key
	b.incident()
	b.people()
	b.clock()
	b.phases()
	b.runs()
	b.moments()
	b.durations()
	b.actions()
	b.evidence()
	b.custody()
	b.findings()
	b.controls()
	b.subjects()
	b.techniques()
	b.timeline()
	b.detection()
	b.impact()
	b.decisions()
	b.communications()
	b.lessons()
	b.items()
	b.factors()
	b.parts()
	b.response()
	b.standing()
	b.r.Clocks = extra.Clocks
	if extra.To.After(extra.From) && len(extra.Buckets) > 0 {
		b.r.Activity = &Activity{extra.From.UTC(), extra.To.UTC(), extra.Buckets}
	}
	b.integrity()
	b.deviations()
	b.wording()
	b.glance()
	b.missing()
	b.verify()
	b.summary()
	b.limits()
	b.fill()
	return b.r, nil
}
