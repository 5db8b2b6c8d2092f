package review

import (
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// Figure is one number of the incident that nobody typed: it was counted or
// measured. Where it is not known, Reason says why.
type Figure struct {
	Key    string  `json:"key"` // detect, contain, systems, actions, …
	Title  string  `json:"title"`
	Shown  string  `json:"shown"` // with its unit, for people; "unknown"
	Known  bool    `json:"known"`
	Reason string  `json:"reason,omitempty"`
	Note   string  `json:"note,omitempty"` // what is counted
	Seqs   []int64 `json:"entries,omitempty"`
}

// Measured is what the incident did, in one measure, by the latest word on it.
type Measured struct {
	record.Impact
	Act
	Shown   string  `json:"shown"`             // the number and its unit, for people
	Earlier []int64 `json:"earlier,omitempty"` // entries that said otherwise before
}

// Moment is a point of the incident's own history: the definition, when it was,
// and how that is known. One that people stated counts before one that the phases
// imply.
type Moment struct {
	Key        string    `json:"key"` // occurred, detected, acknowledged, contained, eradicated, recovered
	Title      string    `json:"title"`
	Definition string    `json:"definition"`
	At         time.Time `json:"at,omitzero"`
	Known      bool      `json:"known"`
	Stated     bool      `json:"stated,omitempty"` // a person said so
	By         string    `json:"by,omitempty"`
	What       string    `json:"what,omitempty"`   // what it was taken from
	Reason     string    `json:"reason,omitempty"` // how that is known; why it is not
	Seq        int64     `json:"seq,omitempty"`
	// Implied is what the record would say without the person's word.
	Implied    time.Time `json:"implied,omitzero"`
	ImpliedSeq int64     `json:"implied_seq,omitempty"`
}

// The sides of the timeline: who a row is about.
const (
	Attacker  = "attacker"
	Responder = "responder"
	System    = "system" // Firebreak, or a tool that it heard from
	Evidence  = "evidence"
)

// Detection is what gave the incident away, and what did not.
type Detection struct {
	Caught []Catch `json:"caught"` // the earliest first
	Should []Catch `json:"should"` // controls that did not hold
	// After is how long it went on unseen, where both ends are known.
	After time.Duration `json:"after_ns,omitempty"`
	Known bool          `json:"after_known,omitempty"`
}

// Catch is one thing that saw something, or should have.
type Catch struct {
	Act
	At   time.Time `json:"at,omitzero"` // when it was seen
	What string    `json:"what"`        // alert, finding, first sign, control
	Text string    `json:"text"`
	Refs []string  `json:"refs,omitempty"` // of a control
	Held string    `json:"held,omitempty"`
}

// PhaseResponse is what was done in one phase of the response, all its stretches
// together.
type PhaseResponse struct {
	Phase     incident.Phase `json:"phase"`
	Functions []CSFFunction  `json:"csf"` // what the phase is in NIST CSF 2.0
	From      time.Time      `json:"from,omitzero"`
	To        time.Time      `json:"to,omitzero"`
	Took      time.Duration  `json:"took_ns,omitempty"` // in all stretches
	Times     int            `json:"times"`             // how often it was entered
	Seq       int64          `json:"seq,omitempty"`     // the entry that it began with
	Entries   int            `json:"entries"`
	Done      []PhaseAct     `json:"done"` // what changed something, in the order of the record
}

// CSFFunction is a category of NIST CSF 2.0 that a phase belongs to.
type CSFFunction struct {
	Ref  string `json:"ref"`  // RS.MI
	Name string `json:"name"` // our short name for it
}

// PhaseAct is one deed of a phase.
type PhaseAct struct {
	Act
	Kind string `json:"kind"` // step, action, decision, evidence
	Text string `json:"text"`
	Bad  bool   `json:"bad,omitempty"`
}

// Factor is a condition that made the incident possible, or worse. There are
// several, and none of them is a person.
type Factor struct {
	record.Factor
	Act
	Note  bool     `json:"note,omitempty"`     // it stands in a note or an answer, without a category
	Items []string `json:"answered,omitempty"` // follow-ups that answer it
}

// PartNow is one part of the review as a person wrote it, in its latest version.
type PartNow struct {
	Key      string         `json:"part"`
	For      record.Profile `json:"for,omitempty"` // for whose readers it was written; missing: the team's own
	Title    string         `json:"title"`
	Text     string         `json:"text"`
	Version  int            `json:"version"`
	Versions []Act          `json:"versions"` // who wrote which, the first first
	Act
}

// Deviation is one difference between the playbook and what was done.
type Deviation struct {
	Run   string  `json:"run"`
	Step  string  `json:"step"`
	Title string  `json:"title"`
	Kind  string  `json:"kind"` // skipped, failed, added, out of order, overdue, repeated, retried, never reached
	Text  string  `json:"text"` // what happened
	Why   string  `json:"why,omitempty"`
	By    string  `json:"by,omitempty"`
	Seqs  []int64 `json:"entries"`
}

// Proposal is what the playbook would look like if it were to say what was done:
// a difference for people to read, change and apply. Nothing applies it by itself.
type Proposal struct {
	Run      string   `json:"run"`
	Playbook string   `json:"playbook"`
	Version  string   `json:"version,omitempty"`
	SHA256   string   `json:"sha256"`           // of the file that it applies to
	File     string   `json:"file"`             // its name in the difference
	Diff     string   `json:"diff,omitempty"`   // unified
	Says     []string `json:"says,omitempty"`   // each change in a sentence
	Reason   string   `json:"reason,omitempty"` // why there is none
}

// ClockLine is one deadline as it stood when the review was made. Package
// review/clocks works it out; the caller hands it over in Extra.
type ClockLine struct {
	ID         string    `json:"clock"`  // eu-gdpr-33-authority
	Regime     string    `json:"regime"` // the law, or "internal"
	Duty       string    `json:"duty"`   // what is to be done
	Recipient  string    `json:"recipient,omitempty"`
	Start      string    `json:"start_event"` // what it counts from
	Started    time.Time `json:"started,omitzero"`
	StartedSeq int64     `json:"started_seq,omitempty"`
	Due        time.Time `json:"due,omitzero"`
	DueText    string    `json:"due_text,omitempty"` // without undue delay, where there is no hour
	Met        time.Time `json:"met,omitzero"`
	MetSeq     int64     `json:"met_seq,omitempty"`
	Proof      string    `json:"proof,omitempty"`
	State      string    `json:"state"`            // not started, running, met, met late, missed, does not apply
	Reason     string    `json:"reason,omitempty"` // why it counts, or does not apply
	Source     string    `json:"source,omitempty"`
	Confidence string    `json:"confidence,omitempty"`
	Checked    string    `json:"checked,omitempty"` // when the source was last looked at
	Seqs       []int64   `json:"entries,omitempty"`
}

// TechniqueUse is a technique of ATT&CK with all that says it was used.
type TechniqueUse struct {
	ID      string    `json:"technique"` // T1566.001
	Name    string    `json:"name,omitempty"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Sources []string  `json:"sources"` // stated, tag, finding
	Texts   []string  `json:"texts,omitempty"`
	Events  []string  `json:"events,omitempty"`
	Held    string    `json:"controls,omitempty"` // what controls did against it: held, partly, failed, missing
	Seqs    []int64   `json:"entries"`
}

// Subject is who or what a name in this incident belongs to.
type Subject struct {
	record.Subject
	Act
}

// Control is what a control did or did not do.
type Control struct {
	record.Control
	Act
	Names []string `json:"names,omitempty"` // our short name of each reference, "" where we have none
}

// Framework gathers the gaps that one set of controls speaks of.
type Framework struct {
	Key  string `json:"framework"` // csf, iso27001, cis, pci, soc2, hipaa
	Name string `json:"name"`
	Gaps []Gap  `json:"gaps"`
}

// Gap is a control that did not hold, or only in part.
type Gap struct {
	Ref      string   `json:"ref"` // DE.CM-01
	Name     string   `json:"name,omitempty"`
	Held     string   `json:"held"` // the worst that was said: missing, failed, partly
	Controls []string `json:"controls"`
	Texts    []string `json:"texts,omitempty"`
	Seqs     []int64  `json:"entries"`
}

// ItemEvent is one change of a follow-up.
type ItemEvent struct {
	Act
	Text string `json:"text"`
}

// Standing is how far the review is, and who took it there.
type Standing struct {
	State record.ReviewState `json:"state"`
	Since time.Time          `json:"since,omitzero"`
	Seq   int64              `json:"seq,omitempty"`
	By    string             `json:"by,omitempty"`
	Moves []Move             `json:"moves,omitempty"`
	// Stale says that the record grew behind the sign-off by more than the review's
	// own entries.
	Stale bool `json:"stale,omitempty"`
}

// Move is one change of state, with its sign-off.
type Move struct {
	Act
	From   record.ReviewState `json:"from"`
	To     record.ReviewState `json:"to"`
	Size   int64              `json:"size"`
	Root   string             `json:"root,omitempty"`
	Reason string             `json:"reason,omitempty"`
	Signer string             `json:"signer,omitempty"` // "" when nobody signed
	Key    string             `json:"key,omitempty"`
}

// Released is one frozen release of the review.
type Released struct {
	Act
	ID      string            `json:"release"`
	Profile record.Profile    `json:"profile"`
	Files   map[string]string `json:"files,omitempty"`
	Size    int64             `json:"size"`
	Root    string            `json:"root,omitempty"`
	To      string            `json:"to,omitempty"`
	Reason  string            `json:"reason,omitempty"`
}

// Gone is what the review should say and nobody recorded.
type Gone struct {
	Section string `json:"section"` // the key of the section
	What    string `json:"what"`
	How     string `json:"how"` // how to record it
}
