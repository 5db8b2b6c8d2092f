package record

import (
	"encoding/json"
	"strings"
	"time"

	"firebreak/incident"
)

// Kind says what an entry is about; each kind has one payload type below.
type Kind string

// The kinds of entries, with their payload types.
const (
	IncidentOpened   Kind = "incident.opened"   // Opened
	IncidentChanged  Kind = "incident.changed"  // Changed
	IncidentClosed   Kind = "incident.closed"   // Reason
	IncidentReopened Kind = "incident.reopened" // Reason
	PhaseEntered     Kind = "phase.entered"     // Entered
	RoleAssigned     Kind = "role.assigned"     // Assigned
	Noted            Kind = "note"              // Note

	RunStarted   Kind = "run.started"   // Started
	VariableSet  Kind = "run.variable"  // Variables
	StepStarted  Kind = "step.started"  // StepBegin
	StepDone     Kind = "step.done"     // StepEnd
	StepFailed   Kind = "step.failed"   // StepFailure
	StepSkipped  Kind = "step.skipped"  // StepSkip
	StepReopened Kind = "step.reopened" // StepSkip
	StepAdded    Kind = "step.added"    // AdHoc

	CollectionFinished Kind = "evidence.collected" // Collection
	EvidenceSealed     Kind = "evidence.sealed"    // Exhibit
	EvidenceChecked    Kind = "evidence.checked"   // Check
	TimelineIngested   Kind = "timeline.ingested"  // Ingestion
	EventMarked        Kind = "timeline.marked"    // Mark
	FindingJudged      Kind = "finding.judged"     // Judged
	AlertReceived      Kind = "alert.received"     // Received

	ActionPlanned  Kind = "action.planned"      // Planned
	ActionApproved Kind = "action.approved"     // Decision
	ActionRejected Kind = "action.rejected"     // Decision
	ActionSending  Kind = "action.sending"      // Attempt
	ActionSent     Kind = "action.sent"         // Outcome
	ActionVerified Kind = "action.verified"     // Outcome
	ActionFailed   Kind = "action.failed"       // Outcome
	ActionUnknown  Kind = "action.unknown"      // Outcome
	ActionLapsed   Kind = "action.lapsed"       // Lapse
	ActionExpired  Kind = "action.expired"      // Expiry
	ActionExtended Kind = "action.extended"     // Extension
	RolledBack     Kind = "rollback"            // Rollback
	ActionQueued   Kind = "action.queued"       // Queued
	ActionDropped  Kind = "action.dropped"      // Decision
	Undelivered    Kind = "message.undelivered" // Unheard

	ItemAdded     Kind = "item.added"     // Item
	ReviewWritten Kind = "review.written" // Written
)

// Opened starts every record.
type Opened struct {
	Title    string            `json:"title"`
	Severity incident.Severity `json:"severity"`
	TLP      incident.TLP      `json:"tlp"`
	Drill    bool              `json:"drill"`
	Summary  string            `json:"summary,omitempty"`
	Impact   string            `json:"impact,omitempty"`
	Detected time.Time         `json:"detected,omitzero"`
}

// Changed carries only what changed.
type Changed struct {
	Title    *string            `json:"title,omitempty"`
	Severity *incident.Severity `json:"severity,omitempty"`
	TLP      *incident.TLP      `json:"tlp,omitempty"`
	Summary  *string            `json:"summary,omitempty"`
	Impact   *string            `json:"impact,omitempty"`
	Detected *time.Time         `json:"detected,omitempty"`
	Reason   string             `json:"reason,omitempty"`
}

// Reason is a sentence that a person gave.
type Reason struct {
	Reason string `json:"reason"`
}

// Entered is a change of phase.
type Entered struct {
	From incident.Phase `json:"from"`
	To   incident.Phase `json:"to"`
}

// Assigned gives a role to a person; an empty person takes it away.
type Assigned struct {
	Role   incident.Role `json:"role"`
	Person string        `json:"person"`
}

// Note is free text. Decision marks it for the review's decision log.
type Note struct {
	Text     string `json:"text"`
	Decision bool   `json:"decision,omitempty"`
}

// Started pins a playbook to the incident: Source is the file as it was.
type Started struct {
	Run      string         `json:"run"`
	Playbook string         `json:"playbook"`
	Name     string         `json:"name"`
	Version  string         `json:"version"`
	SHA256   string         `json:"sha256"`
	Source   string         `json:"source"`
	Vars     map[string]any `json:"vars,omitempty"`
	// Calendar is what its business days are counted by, as it was: package
	// playbooks reads it. Without one they are Monday to Friday.
	Calendar json.RawMessage `json:"calendar,omitempty"`
}

// Variables are values given outside a step. A secret's value never comes
// here; its reference does.
type Variables struct {
	Run  string         `json:"run"`
	Vars map[string]any `json:"vars"`
}

// StepBegin opens an attempt at a step.
type StepBegin struct {
	Run     string    `json:"run"`
	Attempt int       `json:"attempt"`
	Until   time.Time `json:"until,omitzero"`  // when a wait ends
	Owner   string    `json:"owner,omitempty"` // the process that performs it, so that a later one can tell an interrupted attempt

	// Of a step that is done for each of some items: those that are new, and how
	// many they are, which stays when the items themselves are erased.
	Items []any `json:"items,omitempty"`
	Count int   `json:"count,omitempty"`

	// Of a step that calls a playbook: that playbook as it is from now on, and
	// what it was given. Source is left out where the run had it before.
	Playbook string         `json:"playbook,omitempty"`
	Version  string         `json:"version,omitempty"`
	SHA256   string         `json:"sha256,omitempty"`
	Source   string         `json:"source,omitempty"`
	Vars     map[string]any `json:"vars,omitempty"`
}

// Lapse says that nobody approved an action in the time that its playbook gives,
// and which actions tell the people on call of it.
type Lapse struct {
	Action string   `json:"action"`
	After  string   `json:"after"` // 10m
	Pages  []string `json:"pages,omitempty"`
}

// StepEnd is the success of a step: what it returned, what people answered,
// which variables it set.
type StepEnd struct {
	Run     string         `json:"run"`
	Result  map[string]any `json:"result,omitempty"`
	Answers map[string]any `json:"answers,omitempty"`
	Set     map[string]any `json:"set,omitempty"`
	Branch  string         `json:"branch,omitempty"` // "then" or "else" of an if, the value of a switch
	Note    string         `json:"note,omitempty"`
	AgainAt time.Time      `json:"again_at,omitzero"` // the step repeats: when it is done next
}

// StepFailure is the failure of one attempt. Final says that no attempt is
// left, so that on_failure, the fallback or a person comes next.
type StepFailure struct {
	Run     string    `json:"run"`
	Error   string    `json:"error"`
	Attempt int       `json:"attempt"`
	Final   bool      `json:"final"`
	RetryAt time.Time `json:"retry_at,omitzero"`
}

// StepSkip passes a step over, or opens it again. Guard means that the step's
// own condition was false.
type StepSkip struct {
	Run    string `json:"run"`
	Reason string `json:"reason"`
	Guard  bool   `json:"guard,omitempty"`
}

// AdHoc is a manual step that people added to the run.
type AdHoc struct {
	Run   string         `json:"run"`
	ID    string         `json:"id"`
	Title string         `json:"title"`
	Text  string         `json:"text"`
	Phase incident.Phase `json:"phase"`
}

// Stat is what the file system said of a file. Times are UTC; Born is zero
// where the file system does not keep it.
type Stat struct {
	Size     int64     `json:"size"`
	Mode     string    `json:"mode"`
	UID      uint32    `json:"uid"`
	GID      uint32    `json:"gid"`
	Inode    uint64    `json:"inode"`
	Links    uint64    `json:"links,omitempty"`
	Modified time.Time `json:"modified"`
	Accessed time.Time `json:"accessed"`
	Changed  time.Time `json:"changed"`
	Born     time.Time `json:"born,omitzero"`
}

// Mapping says what the members or columns of a file mean: the text of a mapping
// file, so that the exhibit can be read again as it was.
type Mapping struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of Text
	Text   string `json:"text"`
}

// Exhibit is sealed evidence: what was taken, from where, how, by what, and
// what the bytes hash to. Size and SHA256 are of the plain content; Blob names
// the sealed file in the locker.
type Exhibit struct {
	ID          string        `json:"exhibit"` // e1, e2, …
	Kind        string        `json:"kind"`    // artefact kind, as in "linux.processes"
	Title       string        `json:"title"`
	Source      string        `json:"source"` // path or description of the origin
	Host        string        `json:"host"`
	Collector   string        `json:"collector"`
	Origin      string        `json:"origin,omitempty"`    // live, image, file, input, archive
	Root        string        `json:"root,omitempty"`      // of the image
	Within      string        `json:"within,omitempty"`    // the exhibit that it is a member of
	Member      string        `json:"member,omitempty"`    // its name there, or in the folder Root
	Taken       time.Time     `json:"taken,omitzero"`      // when another tool took it, by that tool's word
	Elsewhere   bool          `json:"elsewhere,omitempty"` // known by its hash only: its bytes are at Source, not in the locker
	Machine     *Machine      `json:"machine,omitempty"`   // a live host's kernel and boot
	Authority   string        `json:"authority,omitempty"` // on whose word; "" when nobody said
	Method      string        `json:"method"`              // how it was read
	Argv        []string      `json:"argv,omitempty"`      // the command line that firebreak was started with
	Tool        string        `json:"tool"`                // program and version
	ToolSHA256  string        `json:"tool_sha256"`
	Size        int64         `json:"size"`
	SHA256      string        `json:"sha256"`
	Blob        string        `json:"blob"`
	Started     time.Time     `json:"started"`
	Finished    time.Time     `json:"finished"`
	ClockOffset time.Duration `json:"clock_offset_ns"`   // source clock minus ours
	Clock       *Clock        `json:"clock,omitempty"`   // ours against UTC: what Started and Finished were read from
	Stored      string        `json:"stored,omitempty"`  // the machine whose locker it was sealed into
	Mapping     *Mapping      `json:"mapping,omitempty"` // how its records are to be read
	Before      *Stat         `json:"before,omitempty"`
	After       *Stat         `json:"after,omitempty"`
	Deviations  []string      `json:"deviations,omitempty"`
	Piece       *Piece        `json:"piece,omitempty"`   // which part of a growing file this is
	Format      string        `json:"format"`            // which parser reads it; "" when none does
	Reading     *Reading      `json:"reading,omitempty"` // what a person, or an image's own settings, said of how to read it
	Owner       string        `json:"owner,omitempty"`   // the process that sealed it, and reads it into the timeline
}

// Piece is the stretch of a growing file that an exhibit holds: bytes From up
// to, and without, To.
type Piece struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Reading is what a person says of how an exhibit is to be read. It is kept with
// the exhibit, so that it is read so again after an interruption.
type Reading struct {
	Zone string `json:"zone,omitempty"` // of times that name none: its IANA name
	Year int    `json:"year,omitempty"` // of the first line of a log without years
	Skew string `json:"skew,omitempty"` // how far the source's clock was ahead, as "1m30s"
}

// Refusal is an item that could not be taken whole, and why.
type Refusal struct {
	Collector string `json:"collector"`
	Source    string `json:"source"`
	Reason    string `json:"reason"`
}

// Collection sums up one pass of the collectors.
type Collection struct {
	Profile  string        `json:"profile"`
	Host     string        `json:"host"`
	Root     string        `json:"root"`
	AsRoot   bool          `json:"as_root"`
	Exhibits int           `json:"exhibits"`
	Bytes    int64         `json:"bytes"`
	Took     time.Duration `json:"took_ns"`
	Refused  []Refusal     `json:"refused,omitempty"`
	Cut      string        `json:"cut,omitempty"` // why it ended early
	// Continues are the containers, or the incident, of earlier collections that this
	// one goes on with: unchanged files that they hold whole were left out.
	Continues []string `json:"continues,omitempty"`
	Kept      int      `json:"kept,omitempty"` // how many were left out
}

// Check is a later verification of an exhibit.
type Check struct {
	Exhibit string `json:"exhibit"`
	OK      bool   `json:"ok"`
	Found   string `json:"found"`
}

// Ingestion is the passage of one exhibit into the timeline.
// Events + Rejected + Recovered = Seen; all but the rejected are on the timeline.
type Ingestion struct {
	Exhibit   string    `json:"exhibit"`
	Parser    string    `json:"parser"`
	Year      int       `json:"year,omitempty"` // given for a log without one
	Zone      string    `json:"zone,omitempty"` // given for times without one: its IANA name
	Skew      string    `json:"skew,omitempty"` // given: how far the source's clock was ahead, as "1m30s"
	Events    int64     `json:"events"`
	Added     int64     `json:"added"` // events that were not there before
	Rejected  int64     `json:"rejected"`
	Recovered int64     `json:"recovered,omitempty"` // events that were read from behind damage
	Seen      int64     `json:"seen"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Samples   []string  `json:"samples,omitempty"` // of what was rejected; and notes, behind NotePrefix
}

// NotePrefix begins those samples that say what the parser assumed.
const NotePrefix = "note: "

// Split parts the samples into what was rejected and what the parser assumed.
func (i Ingestion) Split() (rejected, notes []string) {
	for _, s := range i.Samples {
		if note, ok := strings.CutPrefix(s, NotePrefix); ok {
			notes = append(notes, note)
		} else {
			rejected = append(rejected, s)
		}
	}
	return rejected, notes
}

// Mark is a star, tags or a comment on an event of the timeline. The event's
// text and time are kept so that a review can show them.
type Mark struct {
	Event   string    `json:"event"`
	Star    *bool     `json:"star,omitempty"`
	Tags    []string  `json:"tags,omitempty"`
	Comment string    `json:"comment,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Message string    `json:"message,omitempty"`
	Exhibit string    `json:"exhibit,omitempty"`
}

// Judged is a person's word on a finding of triage. Findings are derived from the
// timeline and are not in the record; what one said when it was judged is kept,
// so that a review can show it. Rules are those that spoke of the thing then:
// the word does not count for another rule that speaks of it later.
type Judged struct {
	Finding   string    `json:"finding"`
	Verdict   string    `json:"verdict"` // Confirmed or Dismissed
	Reason    string    `json:"reason"`
	Rules     []string  `json:"rules"`
	Severity  string    `json:"severity"`
	Title     string    `json:"title"` // of the rule
	Technique string    `json:"technique,omitempty"`
	Host      string    `json:"host,omitempty"`
	About     string    `json:"about,omitempty"` // the file, process, account, address
	Says      string    `json:"says,omitempty"`  // why it was found
	First     time.Time `json:"first,omitzero"`
	Events    []string  `json:"events,omitempty"`
	Exhibits  []string  `json:"exhibits,omitempty"` // that the events come from
}

// The verdicts on a finding.
const (
	Confirmed = "confirmed"
	Dismissed = "dismissed"
)

// Planned is an action with everything it will do. Digest binds approvals to
// it; Plan is the canonical plan the digest was taken of (integrations.Plan).
type Planned struct {
	Action     string          `json:"action"`     // a1, a2, …
	Name       string          `json:"name"`       // github.workflow.disable
	Connection string          `json:"connection"` // which configured system
	Title      string          `json:"title"`
	Target     string          `json:"target"`
	Danger     incident.Danger `json:"danger"`
	Digest     string          `json:"digest"` // SHA-256, hex
	Key        string          `json:"key"`    // idempotency key
	Plan       json.RawMessage `json:"plan"`
	Undo       string          `json:"undo,omitempty"`
	Reverts    string          `json:"reverts,omitempty"` // the action this one undoes
	Reason     string          `json:"reason,omitempty"`
	Approvals  int             `json:"approvals"` // how many are needed
	By         incident.Role   `json:"by,omitempty"`
	Second     bool            `json:"second,omitempty"` // somebody else than who planned it has to agree
	Typed      bool            `json:"typed,omitempty"`  // who approves types the target's name
	// Level says how far it was tried before anybody agreed: 0 it was written
	// out, 1 the state was read, 2 the other side tried it. Tried is what that said.
	Level int    `json:"level,omitempty"`
	Tried string `json:"tried,omitempty"`
	// Lasts is how long the effect is meant to last, 4h0m0s; Ends is "revert" where
	// it is then undone without another approval.
	Lasts string `json:"lasts,omitempty"`
	Ends  string `json:"ends,omitempty"`
	// Overrides are the rules that this plan goes around, in words.
	Overrides []string `json:"overrides,omitempty"`
	Message   bool     `json:"message,omitempty"` // it carries words to people
	Instead   string   `json:"instead,omitempty"` // the action whose message it carries, which could not
	Again     string   `json:"again,omitempty"`   // the action that it sends once more, as a person wants
	Item      string   `json:"item,omitempty"`    // the follow-up of the review that it files
}

// EndsReverted is the value of Planned.Ends where the end of the time box is the
// end of the effect.
const EndsReverted = "revert"

// MustType says that who approves the plan has to type its target's name.
func (p Planned) MustType() bool { return p.Typed || p.Danger >= incident.High }

// Expiry says that the time of a containment is over, which plan would undo it,
// and which actions tell people of it.
type Expiry struct {
	Action string   `json:"action"`
	Lasts  string   `json:"lasts"`
	Undo   string   `json:"undo,omitempty"` // the action that undoes it, once approved
	Pages  []string `json:"pages,omitempty"`
	Error  string   `json:"error,omitempty"` // why no plan could be made
}

// Extension gives a containment more time.
type Extension struct {
	Action string    `json:"action"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

// Rollback is one pass of undoing several actions, and what became of each.
type Rollback struct {
	Step    string    `json:"step,omitempty"` // only what this step did
	To      string    `json:"to,omitempty"`   // only what was done after this phase
	Reason  string    `json:"reason,omitempty"`
	Results []Unwound `json:"results"`
}

// Unwound is what became of undoing one action.
type Unwound struct {
	Action string `json:"action"`
	Undo   string `json:"undo,omitempty"` // the action that undoes it
	Result string `json:"result"`
	Why    string `json:"why,omitempty"`
}

// What becomes of undoing an action.
const (
	Reverted     = "reverted"
	Waiting      = "waiting"      // its undoing is planned, and has to be approved
	Irreversible = "irreversible" // there is no way back
	NeedsHuman   = "human"        // somebody has to look, or to do it by hand
	NotOurs      = "not-ours"     // it was so before, or it never happened
)

// Decision is a person's yes or no to one plan.
type Decision struct {
	Action    string     `json:"action"`
	Digest    string     `json:"digest"`
	Reason    string     `json:"reason,omitempty"`
	Strength  Strength   `json:"strength"`
	Expires   time.Time  `json:"expires,omitzero"`
	Signature *Signature `json:"signature,omitempty"` // over the request, canonical JSON
	// BreakGlass says that a rule was gone around: Reason says why.
	BreakGlass bool `json:"break_glass,omitempty"`
}

// Attempt is committed before the first byte leaves. Owner tells a later
// process whether the one that sent is still alive.
type Attempt struct {
	Action  string `json:"action"`
	Attempt int    `json:"attempt"`
	Owner   string `json:"owner"`
}

// Queued puts an action into the outbox: it is sent when its time comes, with the
// same key, by whoever works the outbox then. Its approval is consumed by this; what
// bounds it from here on is Until.
type Queued struct {
	Action    string    `json:"action"`
	Attempt   int       `json:"attempt"`         // how many were made so far
	Tries     int       `json:"tries,omitempty"` // of them since it was put here
	Class     string    `json:"class,omitempty"` // of the last one: not-sent, throttled
	Error     string    `json:"error,omitempty"`
	NotBefore time.Time `json:"not_before"`
	Until     time.Time `json:"until"` // then a person has to be asked
	Since     time.Time `json:"since"` // when it was put here first
}

// Unheard says that a message reached nobody, and which actions tried.
type Unheard struct {
	Actions     []string `json:"actions"`
	Connections []string `json:"connections"`
	Queued      bool     `json:"queued,omitempty"` // they are still in the outbox
	Error       string   `json:"error,omitempty"`
}

// Outcome is what became of an attempt.
type Outcome struct {
	Action  string          `json:"action"`
	Attempt int             `json:"attempt"`
	Class   string          `json:"class,omitempty"` // not-sent, rejected, throttled, ambiguous
	Error   string          `json:"error,omitempty"`
	Ref     string          `json:"ref,omitempty"` // what the other side calls it
	Says    string          `json:"says,omitempty"`
	Receipt json.RawMessage `json:"receipt,omitempty"`
	RetryAt time.Time       `json:"retry_at,omitzero"`
}

// Item is a follow-up of the review.
type Item struct {
	ID    string    `json:"item"`
	Text  string    `json:"text"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
	Class string    `json:"class,omitempty"` // prevent, detect, respond, recover
	// Verify says how somebody sees that it is done; Factor is the factor that it
	// answers.
	Verify string `json:"verify,omitempty"`
	Factor string `json:"factor,omitempty"`
}

// Written says that a review was written, over which head.
type Written struct {
	Files map[string]string `json:"files"` // name → SHA-256
	Size  int64             `json:"size"`
	Root  string            `json:"root"`
	// Profile is for whom it was made; without one, for everybody who may see all.
	Profile Profile `json:"profile,omitempty"`
}
