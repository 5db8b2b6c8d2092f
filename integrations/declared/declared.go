// Package declared makes actions of YAML files: which requests read the state,
// change it, verify it and undo it, over HTTP and with the credential of a
// connection. docs/declared-actions.md describes the language.
//
// A file cannot choose the host that a request goes to, cannot read a secret,
// and never writes JSON or XML as text: bodies are trees whose leaves are values.
// What comes back is read with limits and kept only where the file names it.
package declared

import (
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// Format is the value of the key that every file begins with.
const Format = "v1"

// Limits of a file and of what it may ask for.
const (
	MaxSize    = 512 << 10 // bytes of a file
	maxDepth   = 24
	maxValues  = 20_000
	maxActions = 200
	maxParams  = 40
	maxReads   = 6
	maxKeep    = 40
	maxPages   = 50
	maxItems   = 10_000
	maxKept    = 64 << 10 // bytes that one reading keeps, as JSON
	maxText    = 16 << 10 // bytes of one text that is kept
	maxPoll    = 5 * time.Minute
)

// File is one file of declared actions.
type File struct {
	Name    string
	Kind    string  // the kind of connection that its actions go over
	System  *System // nil: another file declares the kind
	Actions []*Action

	kindAt place
}

// System is a kind of connection: where it leads and how it opens.
type System struct {
	Title      string
	Base       string // "" where each connection has to name its own
	Settings   []integrations.Param
	Credential credential
	Services   map[string]service
	Writes     float64 // requests that change something, a second
	Headers    []pair
	Errors     []rule
	Identity   *identity
}

// service is one of several hosts behind a system, as Amazon has them.
type service struct {
	base   string
	region string // that signatures name; "" is the connection's
	signed string // the service that signatures name
}

// identity says who the other side takes us for.
type identity struct {
	read *read     // nil: the text needs no question
	is   *template // over settings, and over answer where there is a question
}

// Action is one action of a file.
type Action struct {
	ID         string
	Version    string
	Title      string
	Danger     incident.Danger
	Reversible bool
	Wide       bool
	Scopes     []string
	Available  []string
	React      []string
	D3fend     []string
	Tested     integrations.Tested
	Params     []integrations.Param
	Examples   []*Example
	Spec       Spec

	targets     []target
	prior       []*read
	refuse      []refusal
	done        *program
	effects     []*template
	undone      *template // the way back in words
	do          *request
	poll        *poll
	receipt     receipt
	verify      *verify
	undo        *undo
	find        *find
	idempotency string
	keyHeader   string
	errors      []rule
	at          place
}

// Spec names the operations of a vendor's description that the requests are, for
// the tests.
type Spec struct {
	File      string
	Operation string   // of do
	Reads     []string // of the requests of prior, in their order
}

// target is what an action changes.
type target struct {
	kind         string
	id, name, of *template
}

// request is one request. Its body is one of json, form and xml, or none.
type request struct {
	method  string
	service string
	url     urlTemplate
	query   []pair
	headers []pair
	json    node
	form    node
	xml     node
	expect  []int
	answer  string   // json, xml, text or none
	refused *program // the answer says no, whatever its status
	at      place
}

// read is a request that changes nothing, and what is kept of its answer.
type read struct {
	request
	keep   []kept
	absent bool // 404 is an answer: what is kept has no value, and found is false
	pages  *pages
}

type kept struct {
	name  string
	value *program
}

// pages says how a list goes on. Items is what is gathered; next is the address
// or the cursor of the next page, nil at the end.
type pages struct {
	items *program
	next  *program
	query string // the cursor goes into this parameter; "": next is an address
	link  bool   // the next address is in the header Link (RFC 8288)
	most  int
}

// refusal is a state that the action does not take.
type refusal struct {
	when *program
	say  *template
	hint string
}

// poll asks after a request that is carried out later.
type poll struct {
	read   read
	until  *program
	failed *program
	every  time.Duration
	most   time.Duration
}

type receipt struct {
	ref, url *template
	data     []result
}

type result struct {
	param integrations.Param
	value *program
}

type verify struct {
	reads  []*read // nil: as prior reads
	ok     *program
	says   *template
	unread string // why nothing can be read back
}

type undo struct {
	action string
	with   []pair
	when   *program // what was so before is not undone
	at     place

	fromReceipt bool // it cannot be known before it is done
}

type find struct {
	read *read
	item *program // over answer or items
	ref  *template
	data []kept
}

// rule is what an answer of the other side means.
type rule struct {
	status  []int
	says    string // a part of the answer, in any case
	outcome string // rejected, throttled, ambiguous, not-sent or done
	hint    string
}
