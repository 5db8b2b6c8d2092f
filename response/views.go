package response

import (
	"time"

	"firebreak/forensics/parse"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/intake"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/review/clocks"
	"firebreak/store"
	"firebreak/timeline"
)

// NewIncident is what a responder says when opening an incident.
type NewIncident struct {
	Title    string
	Severity incident.Severity // 0 takes the playbook's, else SEV3
	TLP      incident.TLP      // "" takes the playbook's, else amber
	Summary  string
	Impact   string
	Detected time.Time
	Playbook string // library id, or path of a file; "" for none
	Vars     map[string]any
	Drill    bool

	begin func(*store.Tx) ([]record.Draft, error) // more entries that it begins with
}

// Listed is one line of the incident list.
type Listed struct {
	incident.Incident
	Entries int64  `json:"entries"`
	Hold    bool   `json:"hold,omitempty"`   // a legal hold stands
	Broken  string `json:"broken,omitempty"` // why the incident cannot be opened
	// Clock is the deadline of the open incident that ends first, or is late.
	Clock *NearestClock `json:"clock,omitempty"`
}

// Board is one consistent picture of an incident: what every screen's header,
// the dashboard and the walker show.
type Board struct {
	Incident  incident.Incident    `json:"incident"`
	Head      record.Head          `json:"head"`
	Playbook  string               `json:"playbook,omitempty"` // name and version
	Phases    []PhaseView          `json:"phases"`
	Missing   []playbooks.Question `json:"missing,omitempty"` // values the playbook needs and nobody gave yet
	Next      string               `json:"next,omitempty"`    // id of the step that waits for a person
	Approvals int                  `json:"approvals"`         // plans that wait for one
	Unknown   int                  `json:"unknown"`           // actions whose outcome is unknown
	Queued    int                  `json:"queued,omitempty"`  // actions in the outbox
	Failures  int                  `json:"failures"`          // failed steps and actions nobody dealt with
	Exhibits  int                  `json:"exhibits"`
	Events    int64                `json:"events"`
	// Unread is how many exhibits are not on the timeline with all their events. The
	// next ingest or collection reads them on.
	Unread int `json:"unread,omitempty"`
	// NoTimeline says why the events cannot be counted: the timeline is damaged,
	// or the disk has no room to open it.
	NoTimeline string      `json:"no_timeline,omitempty"`
	ReadOnly   string      `json:"read_only,omitempty"` // why nothing can be written
	LowRoom    string      `json:"low_room,omitempty"`  // what is left on the disk, when that is little
	Hold       *store.Hold `json:"hold,omitempty"`      // the legal hold that stands
	// Unfinished says that an erasure is recorded, and that traces are left.
	Unfinished string `json:"unfinished,omitempty"`
	// Exercise is where a drill with a scenario stands.
	Exercise *ExerciseView `json:"exercise,omitempty"`
	// Contained is what is in force until it is undone; what ends first is first.
	Contained []Containment `json:"contained,omitempty"`
	// Updates are the audiences that are to be told what is new, or were told.
	Updates []UpdateDue `json:"updates,omitempty"`
	// Clocks are the deadlines that count down, are late, or are open duties, the most
	// urgent first; NoClocks says why they are not known.
	Clocks   []clocks.Line `json:"clocks,omitempty"`
	NoClocks string        `json:"no_clocks,omitempty"`
	Unjudged []clocks.Line `json:"unjudged_clocks,omitempty"` // that the playbook asks for, and of which nobody has said since when
	Actions  []ActionView  `json:"actions"`
	Recent   []Activity    `json:"recent"` // newest last, at most 50
}

// PhaseView is one phase of the run.
type PhaseView struct {
	Phase incident.Phase `json:"phase"`
	State string         `json:"state"` // "", "current", "done"
	Done  int            `json:"done"`
	Total int            `json:"total"`
	Steps []StepView     `json:"steps"`
}

// StepView is one step of the run as people see it.
type StepView struct {
	ID       string               `json:"id"`
	Title    string               `json:"title"`
	Verb     playbooks.Verb       `json:"verb"`
	Phase    incident.Phase       `json:"phase"`
	Depth    int                  `json:"depth"` // nesting under steps that hold others
	State    playbooks.State      `json:"state"`
	Why      string               `json:"why,omitempty"`  // why locked, skipped or failed
	By       string               `json:"by,omitempty"`   // who did it last
	At       time.Time            `json:"at,omitzero"`    // when its state last changed
	Text     string               `json:"text,omitempty"` // instructions of a manual step; what an automatic one will do
	Assign   string               `json:"assign,omitempty"`
	Due      time.Time            `json:"due,omitzero"`
	Ask      []playbooks.Question `json:"ask,omitempty"`
	Action   string               `json:"action,omitempty"`    // name of the integration's action
	ActionID string               `json:"action_id,omitempty"` // a1, once planned
	Danger   incident.Danger      `json:"danger"`
	Result   map[string]any       `json:"result,omitempty"`
	Note     string               `json:"note,omitempty"`
	Advice   string               `json:"advice,omitempty"` // the playbook's remark beside the step
	Until    time.Time            `json:"until,omitzero"`   // when a wait ends
	Adhoc    bool                 `json:"adhoc,omitempty"`
	Item     string               `json:"item,omitempty"`    // what a step of a for_each is done for
	Rounds   int                  `json:"rounds,omitempty"`  // how often a step that repeats was done
	AgainAt  time.Time            `json:"again_at,omitzero"` // when it is done next
	Calls    string               `json:"calls,omitempty"`   // the playbook that the step calls
}

// ActionState is where an action stands in the outbox.
type ActionState string

// The states of an action, in the order they are passed.
const (
	Planned  ActionState = "planned"
	Approved ActionState = "approved"
	Sending  ActionState = "sending"
	Sent     ActionState = "sent"
	Verified ActionState = "verified"
	Failed   ActionState = "failed"
	Rejected ActionState = "rejected"
	Unknown  ActionState = "unknown"
	Queued   ActionState = "queued"  // in the outbox: it is sent when it can be
	Dropped  ActionState = "dropped" // a person gave it up
)

// ActionView is one action with its plan.
type ActionView struct {
	record.Planned
	Step       string      `json:"step,omitempty"`
	State      ActionState `json:"state"`
	PlannedAt  time.Time   `json:"planned_at"`
	PlannedBy  string      `json:"planned_by"`
	ApprovedBy []string    `json:"approved_by,omitempty"`
	Given      []Given     `json:"approved,omitempty"`
	Expires    time.Time   `json:"expires,omitzero"` // of the approval
	Attempts   int         `json:"attempts"`
	Changed    time.Time   `json:"changed"`
	Ref        string      `json:"ref,omitempty"`
	Says       string      `json:"says,omitempty"`  // what the other side says, or the error
	Class      string      `json:"class,omitempty"` // of a failure: not-sent, rejected, throttled, ambiguous
	RevertedBy string      `json:"reverted_by,omitempty"`
	NextTry    time.Time   `json:"next_try,omitzero"` // of one in the outbox
	Lapsed     bool        `json:"lapsed,omitempty"`  // nobody approved it in the time that the playbook gives
	Details    PlanDetails `json:"details"`
}

// Given is one person's approval, with how well the person is known.
type Given struct {
	Person    string          `json:"person"`
	Strength  record.Strength `json:"strength"`
	Principal string          `json:"principal,omitempty"` // who signed, as the roster names them
	Key       string          `json:"key,omitempty"`
	Expires   time.Time       `json:"expires,omitzero"`
	Reason    string          `json:"reason,omitempty"`
	// BreakGlass says that a rule was gone around with it.
	BreakGlass bool `json:"break_glass,omitempty"`
}

// String is the person and the strength, as in "ada (agent)".
func (g Given) String() string {
	if g.BreakGlass {
		return g.Person + " (" + string(g.Strength) + ", BREAK-GLASS)"
	}
	return g.Person + " (" + string(g.Strength) + ")"
}

// Approvers are those who approved, each with the strength.
func (a ActionView) Approvers() []string {
	out := make([]string, len(a.Given))
	for i, g := range a.Given {
		out[i] = g.String()
	}
	return out
}

// NotSent says that the action failed before anything was sent: it may be sent
// again under the same key.
func (a ActionView) NotSent() bool {
	return a.State == Failed && (a.Class == string(integrations.NotSent) || a.Class == string(integrations.Throttled))
}

// PlanDetails is the plan in words, for the approval dialog.
type PlanDetails struct {
	Identity  string   `json:"identity,omitempty"`
	Base      string   `json:"base,omitempty"`
	Effects   []string `json:"effects"`
	Requests  []string `json:"requests"` // one line or block each
	Proof     string   `json:"proof,omitempty"`
	Unchanged bool     `json:"unchanged,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Targets   []string `json:"targets,omitempty"` // kind, name and id of each
	Count     int      `json:"count,omitempty"`   // how many
	Prior     []string `json:"prior,omitempty"`   // what was there, NAME: VALUE
	Inverse   string   `json:"inverse,omitempty"` // the call that undoes it
	Timer     string   `json:"timer,omitempty"`   // what the other side does by itself
	Limits    string   `json:"limits,omitempty"`  // that hold
	Tool      string   `json:"tool,omitempty"`    // that made the plan
	Playbook  string   `json:"playbook,omitempty"`
	Bound     bool     `json:"-"` // all of this is covered by the digest
}

// Activity is one entry of the record in one line.
type Activity struct {
	Seq   int64          `json:"seq"`
	Time  time.Time      `json:"time"`
	Actor string         `json:"actor"`
	Kind  record.Kind    `json:"kind"`
	Phase incident.Phase `json:"phase"`
	Step  string         `json:"step,omitempty"`
	Text  string         `json:"text"`
	Bad   bool           `json:"bad,omitempty"` // a failure: stays until read
}

// Progress is told while long work goes on. Total is 0 where it is not known.
type Progress struct {
	Step  string `json:"step,omitempty"` // while steps of a run are performed
	What  string `json:"what"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

// ProgressFunc receives progress; it must return at once.
type ProgressFunc func(Progress)

// CollectOptions says what to collect.
type CollectOptions struct {
	Profile    string   // "triage" (default), "volatile", "logs", …, or a file of one's own that ends in .yaml
	Collectors []string // names; overrides the profile
	// Definitions is a folder of ForensicArtifacts or UAC, whose definitions can be
	// chosen like built-in collectors and profiles.
	Definitions string
	Root        string   // "/" by default; a mounted image or the file of one otherwise
	Partition   int      // of an image file: only this one; 0 takes all that can be read
	Paths       []string // folders to list with their MACB times
	Files       []string // files to take besides
	Authority   string   // on whose word; "" is recorded as not said
	Step        string
	Environment bool // the environments of processes and containers too: they may hold secrets
	Secrets     bool // and files whose purpose is to hold one: keys, credentials, hashes, memory
	// Resume leaves out files that the incident holds already as they are now: what a
	// collection that was cut took whole.
	Resume bool
}

// IngestOptions says how to read files into the timeline.
type IngestOptions struct {
	Parser string // "" finds out
	Host   string // for sources that do not name theirs
	Zone   *time.Location
	Year   int           // of the first year-less syslog line; 0 infers it
	Skew   time.Duration // how far the source's clock was ahead: taken off every time
	Step   string
	// Mapping says what the members or columns mean; ReadMapping reads one.
	Mapping *parse.Mapping
	// Findings is the same for what intake takes in.
	Findings *intake.Mapping

	Authority string            // on whose word; "" is recorded as not said
	stream    bool              // it came by the standard input
	told      ProgressFunc      // hears how far the reading is
	again     *record.Ingestion // what the last reading found, when it is read once more
}

// Ingested sums up an ingestion.
type Ingested struct {
	Events    int64    `json:"events"`
	Added     int64    `json:"added"`
	Rejected  int64    `json:"rejected"`
	Recovered int64    `json:"recovered"` // events from behind damage, besides Events
	Exhibits  []string `json:"exhibits"`
	Resumed   []string `json:"resumed,omitempty"` // exhibits that an earlier process had not read to their end
	Samples   []string `json:"samples,omitempty"` // some of what was rejected
	Notes     []string `json:"notes,omitempty"`   // what the parsers assumed
}

// PageRequest asks for a page of the timeline. The zero value asks for its
// start.
type PageRequest struct {
	Filter string
	After  *timeline.Cursor // events after this one
	Before *timeline.Cursor // events before this one
	At     time.Time        // events from this time on
	End    bool             // the last page
	Limit  int              // 200 by default, at most 10,000
}

// MarkedEvent is an event with what people said of it.
type MarkedEvent struct {
	timeline.Event
	Star     bool     `json:"star,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Comments []string `json:"comments,omitempty"`
	// Discovered is when the exhibit that tells of the event was sealed.
	Discovered time.Time `json:"discovered,omitzero"`
}

// Histogram counts events in equal stretches of time.
type Histogram struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Buckets []int64   `json:"buckets"`
}

// ExhibitView is an exhibit with its place in the record.
type ExhibitView struct {
	record.Exhibit
	Authority string `json:"authority"` // Exhibit's, there also when it is ""

	SealedAt time.Time         `json:"sealed_at"`
	SealedBy string            `json:"sealed_by"`
	Parsed   *record.Ingestion `json:"parsed,omitempty"`
	Checked  *record.Check     `json:"checked,omitempty"`
	Erased   string            `json:"erased,omitempty"` // the erasure that destroyed it
	Holder   string            `json:"holder"`
	Custody  int               `json:"custody_events"` // how many
	Open     string            `json:"open_transfer,omitempty"`
	Unsigned []string          `json:"unsigned_transfers,omitempty"` // not signed by both sides
	Gaps     []string          `json:"gaps,omitempty"`               // of the chain of custody
}

// PlanRequest asks for an action outside a step.
type PlanRequest struct {
	Action     string
	Connection string
	Params     map[string]any
	Reason     string
	Step       string
	Lasts      *time.Duration // how long the effect is to last; nil: as the playbook or the configuration says
	Reverts    bool           // then it is undone without another approval
	BreakGlass bool           // rules that it breaks are gone around; needs a reason and a second person
}

// Written is where a review went.
type Written struct {
	Markdown   string `json:"markdown"`
	HTML       string `json:"html"`
	JSON       string `json:"json"`
	Sealed     bool   `json:"sealed,omitempty"`     // they are encrypted, as the incident is
	Unrecorded string `json:"unrecorded,omitempty"` // why no entry tells of it

	Files map[string]string `json:"files,omitempty"` // all that was written: name → path
}

// Waiting says why an automatic run stopped.
type Waiting struct {
	Done   bool     `json:"done"`             // the run has ended
	Steps  []string `json:"steps,omitempty"`  // steps that need a person
	Others []string `json:"others,omitempty"` // steps that another process performs now
	Reason string   `json:"reason,omitempty"`
	// Unknown are actions of these steps that may have happened: somebody has to
	// look before the run can go on.
	Unknown []string  `json:"unknown,omitempty"`
	Until   time.Time `json:"until,omitzero"` // a wait step's end
}
