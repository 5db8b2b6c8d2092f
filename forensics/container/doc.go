// Package container is the form in which a collection travels: one stream that is
// written while the host is read and needs no second copy anywhere.
//
// A container is a tar in zstd in age, so that age -d | zstd -d | tar -x opens it
// without this program (docs/container.md). Its members stand in the order in
// which they were made:
//
//	firebreak-container.txt     what this is, for people
//	head.json                   Head: host, tool, time, the key that signs
//	items/000001/start.json     record.Exhibit, as far as it was known before reading
//	items/000001/content.000    the bytes, at most 4 MiB a member; content.001, …
//	items/000001/item.json      record.Exhibit with size and SHA-256 of all the bytes
//	items/000002/dropped.json   instead: why there is no such exhibit after all
//	actions/000001.jsonl        Action, a line each: what was done when, refused, cut
//	collection.json             record.Collection
//	SHA256SUMS                  of every member before it, in their order
//	seal.txt, seal.txt.sig      the hash of SHA256SUMS, and an ssh signature over that
//
// The parts of several items may alternate. A stream that ends before the seal
// was cut: what came is readable, and the reader says so. Writing and reading take
// memory for one part of each item that is open, whatever the size of the whole.
//
// The package knows no files, no network and no clock; streams, keys, randomness
// and time are handed in.
//
// Where to begin reading: write.go seals items while others are under way; read.go
// hands them out again, and readseal.go judges what stands behind the last.
package container

import (
	"errors"
	"time"

	"firebreak/internal/lazyre"
	"firebreak/record"
)

// Errors of this package.
var (
	// ErrNot says that a stream is no container.
	ErrNot = errors.New("not a firebreak container")
	// ErrDamaged says that a container is not what was written, or not as the format says.
	ErrDamaged = errors.New("the container is damaged")
	// ErrKey says that none of the identities opens it.
	ErrKey = errors.New("no key at hand opens the container")
	// ErrOpen says that neither recipients nor Plain were given.
	ErrOpen = errors.New("nobody to encrypt to")
)

// Format is what Head.Format says.
const Format = "firebreak container v1"

// Namespace is what the signature is made for (ssh-keygen -Y … -n).
const Namespace = "firebreak-container"

// The members.
const (
	nameText       = "firebreak-container.txt"
	nameHead       = "head.json"
	nameCollection = "collection.json"
	nameSums       = "SHA256SUMS"
	nameSeal       = "seal.txt"
	nameSignature  = "seal.txt.sig"
)

// The limits of the format. A reader refuses what goes beyond them.
const (
	partSize   = 4 << 20   // of one content member
	maxJSON    = 1 << 20   // of any other member but SHA256SUMS
	maxItems   = 1_000_000 // of one container
	maxParts   = 1 << 20   // of one item: 4 TiB
	maxOpen    = 64        // items whose parts alternate
	maxActions = 1 << 20   // members of the log
	window     = 1 << 20   // of the compressor: what both sides hold in memory
	maxWindow  = 8 << 20   // of what is read
)

var (
	itemName   = lazyre.New(`^items/(\d{6,7})/(start\.json|item\.json|dropped\.json|content\.(\d{3,7}))$`)
	actionName = lazyre.New(`^actions/\d{6,7}\.jsonl$`)
)

// Head begins a container.
type Head struct {
	Format     string          `json:"format"`
	ID         string          `json:"id"` // 16 random bytes, hexadecimal
	Created    time.Time       `json:"created"`
	Host       string          `json:"host"`
	Tool       string          `json:"tool"`
	ToolSHA256 string          `json:"tool_sha256"`
	Argv       []string        `json:"argv,omitempty"`
	Machine    *record.Machine `json:"machine,omitempty"`
	Signer     string          `json:"signer"`              // the public key, as in authorized_keys
	Ephemeral  bool            `json:"ephemeral,omitempty"` // the key was made for this container, and is gone
	Recipients []string        `json:"recipients,omitempty"`
}

// Action is one line of the log.
type Action struct {
	Time time.Time `json:"time"`
	Act  string    `json:"act"`            // begin, read, refused, dropped, kept, cut, end
	What string    `json:"what,omitempty"` // the collector, the file
	Why  string    `json:"why,omitempty"`
}

// ActKept is the Act of a file that was not read again; Why is the container or the
// incident that has it.
const ActKept = "kept"

// text is for whoever unpacks a container by hand.
const text = `This is a firebreak container: evidence of one host, as it was collected.

  items/NNNNNN/content.*   the bytes of an item; join the parts in order: cat content.*
  items/NNNNNN/item.json   where they come from, when, how, their size and SHA-256
  actions/*.jsonl          what was done when, and what was refused
  collection.json          the collection as a whole

To verify: sha256sum -c SHA256SUMS; the SHA-256 of SHA256SUMS itself stands in
seal.txt, and ssh-keygen -Y check-novalidate -n firebreak-container -s seal.txt.sig
< seal.txt says which key signed it. Compare that key with the one that was printed
when the container was made. A container without seal.txt was cut.
`
