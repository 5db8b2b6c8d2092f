// Package integrations says what an action on an outside system is: describe
// it, read what is there, plan, do, verify, and name its inverse. One folder
// below it per system; integrations/all lists them.
//
// An action never decides. Package response records the intent before Do is
// called and the receipt after it, so that a crash in between ends as
// "unknown: look first", never as a silent repeat.
package integrations

import (
	"context"
	"time"

	"firebreak/incident"
)

// Action is one thing that a connection can do. All methods may be called many
// times; only Do changes the world. Errors from the other side carry an
// *Error, so that OutcomeOf tells what is known about the effect.
type Action interface {
	Describe() Description
	// Prior reads the state that Do would change.
	Prior(context.Context, Call) (Prior, error)
	// Plan says what Do would send and what that breaks. It sends nothing.
	Plan(context.Context, Call, Prior) (Plan, error)
	// Do carries out the plan. It may be called again with the same Call.Key
	// only when the former attempt is known not to have been sent.
	Do(context.Context, Call, Plan) (Receipt, error)
	// Verify reads the state back and says whether the effect is there.
	Verify(context.Context, Call, Receipt) (Verification, error)
}

// Reverter is implemented by actions with an inverse. The inverse is a call
// like any other: it is planned, approved, recorded and verified.
type Reverter interface {
	Inverse(Call, Prior, Receipt) (Call, error)
}

// Finder is implemented by actions that can look for the effect of an attempt
// whose outcome is unknown, by the key they left there or by the state itself.
type Finder interface {
	Find(context.Context, Call) (Receipt, bool, error)
}

// Validator is implemented by actions that can refuse a call for more than Check
// sees, without asking anybody.
type Validator interface {
	Validate(Call) error
}

// DryRunner is implemented by actions whose other side can try a plan without
// doing it (Kubernetes' dryRun=All, nft --check). It returns what the other side
// says, one line for people.
type DryRunner interface {
	DryRun(context.Context, Call, Plan) (string, error)
}

// Description is what people and playbooks may know of an action beforehand.
type Description struct {
	Name        string          `json:"name"`              // github.workflow.disable
	Version     string          `json:"version,omitempty"` // of an action whose meaning has changed; "" is the first
	Title       string          `json:"title"`
	System      string          `json:"system"` // github
	Danger      incident.Danger `json:"danger"`
	ReadOnly    bool            `json:"read_only"`
	Reversible  bool            `json:"reversible"`
	Params      []Param         `json:"params"`
	Result      []Param         `json:"result,omitempty"` // members of Receipt.Data
	Idempotency string          `json:"idempotency"`      // native, marker or none
	Scopes      []string        `json:"scopes,omitempty"` // what the credential needs, one of them
	// Available names the vendor's editions that have it (dotcom, ghec, ghes);
	// empty: each.
	Available []string `json:"available,omitempty"`
	// Wide says that it reaches a whole organisation, not one target.
	Wide   bool     `json:"wide,omitempty"`
	Tested Tested   `json:"tested,omitempty"`
	React  []string `json:"react,omitempty"`  // RE&CT response actions: RA3101
	D3fend []string `json:"d3fend,omitempty"` // D3FEND techniques: D3-NTF
}

// Param is one parameter or result member.
type Param struct {
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"`
	Type     string `json:"type"` // string, int, bool, duration, list, secret
	Required bool   `json:"required,omitempty"`
	Default  any    `json:"default,omitempty"`
	Match    string `json:"match,omitempty"` // regular expression, whole value
}

// Call is an action with its parameters. Params hold values as JSON has them;
// a secret stands as its reference.
type Call struct {
	Action     string         `json:"action"`
	Connection string         `json:"connection"`
	Params     map[string]any `json:"params"`
	Key        string         `json:"key"` // idempotency key, stable over retries
	Incident   incident.ID    `json:"incident"`
	Step       string         `json:"step,omitempty"`
	Seal       string         `json:"-"` // "incident @size root": printed in messages
}

// Prior is what was there before.
type Prior struct {
	State map[string]any `json:"state,omitempty"`
}

// Plan is all that an approver has to know. Digest covers it whole.
type Plan struct {
	Call      Call      `json:"call"`
	Identity  string    `json:"identity,omitempty"` // who the other side takes us for
	Base      string    `json:"base,omitempty"`     // base URL, or host
	Target    string    `json:"target"`             // the name an approver types
	Targets   []Target  `json:"targets,omitempty"`  // what it acts on, by ids that stay
	Effects   []string  `json:"effects"`            // what will change, in words
	Requests  []Request `json:"requests"`           // what will be sent
	Prior     Prior     `json:"prior"`
	Undo      string    `json:"undo,omitempty"` // in words; "" when irreversible
	Inverse   *Call     `json:"inverse,omitempty"`
	Proof     string    `json:"proof,omitempty"` // what Verify will look at
	Unchanged bool      `json:"unchanged,omitempty"`
	Warnings  []string  `json:"warnings,omitempty"`
	// Timer is what the other side does by itself, and when: "the rule goes after
	// 4h0m0s", "the host is let back in after 15m0s unless we confirm". It is a
	// length of time, never a moment, so that two plans of one call are the same.
	Timer string `json:"timer,omitempty"`
	// Bound is what the program adds; actions leave it out.
	Bound *Binding `json:"bound,omitempty"`
}

// Target is one thing that an action changes.
type Target struct {
	Kind string `json:"kind"`           // repo, user, host, address, process, pod
	ID   string `json:"id"`             // the other side's id, which a renaming leaves as it is
	Name string `json:"name,omitempty"` // what people call it
	// Of is how many of the kind there are in all, 0 where that is not known: a
	// limit may be a share.
	Of int `json:"of,omitempty"`
}

// Request is one thing that will be sent: an HTTP request, or a program's argv
// with its standard input. Secrets stand as "***".
type Request struct {
	Method string `json:"method,omitempty"`
	URL    string `json:"url,omitempty"`
	// Headers are those that the plan's author chose, each NAME: VALUE.
	Headers []string `json:"headers,omitempty"`
	Argv    []string `json:"argv,omitempty"`
	Env     []string `json:"env,omitempty"` // of a program, each NAME=VALUE
	Body    string   `json:"body,omitempty"`
}

// Receipt is what came back.
type Receipt struct {
	Ref  string         `json:"ref,omitempty"` // the other side's name for it
	URL  string         `json:"url,omitempty"`
	At   time.Time      `json:"at"`
	Data map[string]any `json:"data,omitempty"`
	Says string         `json:"says,omitempty"` // what people should know of it: who was refused
}

// Verification is what the other side says now. OK means that the effect is
// there; Says is one line for people. Unread means that nothing could be read
// back: the other side took it, and that is all that is known. Final means that
// a later look would say the same.
type Verification struct {
	OK     bool           `json:"ok"`
	Final  bool           `json:"final,omitempty"`
	Unread bool           `json:"unread,omitempty"`
	Says   string         `json:"says"`
	State  map[string]any `json:"state,omitempty"`
}

// Lasting is implemented by actions of which one attempt may take longer than
// some exchanges over HTTP do: a program that runs.
type Lasting interface {
	// Lasts is how long one attempt may take at most.
	Lasts(Call) time.Duration
}

// AttemptLasts is how long an attempt may take where the action does not say. Who
// sends ends it then, so that a record of its beginning says when its last byte can
// have left.
const AttemptLasts = 2 * time.Minute
