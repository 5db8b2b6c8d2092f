package record

import (
	"time"

	"firebreak/incident"
)

// The kinds of entries about trust in the record itself: who signed it, who
// held the evidence, what was erased and on what grounds, what was handed out.
const (
	HeadSigned  Kind = "head.signed"  // Signed
	HeadStamped Kind = "head.stamped" // Stamped

	CustodyTransferred Kind = "custody.transferred" // Transfer
	EvidenceAccessed   Kind = "evidence.accessed"   // Access

	HoldPlaced    Kind = "hold.placed"    // Hold
	HoldLifted    Kind = "hold.lifted"    // Hold
	ErasureAsked  Kind = "erasure.asked"  // ErasureRequest
	ErasureAgreed Kind = "erasure.agreed" // ErasureConsent
	ErasureDone   Kind = "erasure.done"   // Erasure

	BundleMade Kind = "bundle.made" // Copy
	BackupMade Kind = "backup.made" // Copy

	RecordRestored Kind = "record.restored" // Restored

	TimelineExported Kind = "timeline.exported" // Exported

	ClockJumped Kind = "clock.jumped" // ClockJump
	DiskFull    Kind = "disk.full"    // Fullness
)

// Namespaces of the ssh signatures that people give (sshsig, PROTOCOL.sshsig
// of OpenSSH): a signature given for one purpose is none for another.
const (
	HeadNamespace     = "firebreak-head"
	ApprovalNamespace = "firebreak-approval"
	CustodyNamespace  = "firebreak-custody"
)

// Strength says how well it is known who acted, weakest first.
type Strength string

// The strengths. Local is a name that whoever can write the folder can take.
const (
	Local    Strength = "local"
	Pasted   Strength = "pasted"   // signed elsewhere, brought here as text
	KeyFile  Strength = "key file" // the private key lay on this machine
	Agent    Strength = "agent"    // the key is held by an ssh-agent
	Hardware Strength = "hardware" // an sk- key: a token was touched
)

// Signature is a person's ssh signature. Text is exactly what was signed;
// ssh-keygen -Y verify accepts Armored over it.
type Signature struct {
	Principal string   `json:"principal"` // as the roster names the person
	Key       string   `json:"key"`       // fingerprint, SHA256:…
	Type      string   `json:"type"`      // ssh-ed25519, sk-ssh-ed25519@openssh.com, …
	Namespace string   `json:"namespace"`
	Text      string   `json:"text"`
	Armored   string   `json:"armored"`
	Strength  Strength `json:"strength"`
	// Verified says that the token asked for a PIN or a finger, not for a touch
	// alone. It stands in the signed flags.
	Verified bool `json:"verified,omitempty"`
}

// Signed is a person's word for a head: Signature.Text is the head's
// checkpoint text, three lines.
type Signed struct {
	Size      int64     `json:"size"`
	Root      string    `json:"root"`
	Reason    string    `json:"reason,omitempty"`
	Signature Signature `json:"signature"`
}

// Stamped is a time-stamp of a head's checkpoint text by an outside authority
// (RFC 3161). Token is the whole reply, base64 of its DER.
type Stamped struct {
	Size      int64     `json:"size"`
	Root      string    `json:"root"`
	Authority string    `json:"authority"` // who signed it, as the certificate says
	Serial    string    `json:"serial"`
	Time      time.Time `json:"time"` // the authority's
	Token     []byte    `json:"token"`
}

// Transfer offers exhibits to another person, who answers with an Acceptance.
// Statement is what both sign (Handover). A side without a signature is known
// by name only. ToSig is there when both signed before it was recorded.
type Transfer struct {
	ID        string     `json:"transfer"` // t1, t2, …
	Exhibits  []string   `json:"exhibits"`
	From      string     `json:"from"`
	To        string     `json:"to"`
	Reason    string     `json:"reason"`
	Place     string     `json:"place,omitempty"`
	Statement string     `json:"statement"`
	FromSig   *Signature `json:"from_signature,omitempty"`
	ToSig     *Signature `json:"to_signature,omitempty"`
}

// Access is a look at the plain bytes of an exhibit by a person, or a copy of
// them that left the locker.
type Access struct {
	Exhibit string `json:"exhibit"`
	Purpose string `json:"purpose"`
	To      string `json:"to,omitempty"` // where a copy went
}

// Hold forbids erasure while it stands, or lifts it.
type Hold struct {
	Reason    string `json:"reason"`
	Authority string `json:"authority,omitempty"` // on whose word
}

// ErasureRequest asks for what is to be destroyed, on what legal basis.
// Fields name entries and their fields; Exhibits go whole, with what quotes
// them.
type ErasureRequest struct {
	ID       string        `json:"erasure"` // x1, x2, …
	Fields   []ErasedField `json:"fields,omitempty"`
	Exhibits []string      `json:"exhibits,omitempty"`
	Basis    string        `json:"basis"`
	Reason   string        `json:"reason,omitempty"`
	Digest   string        `json:"digest"` // SHA-256, hex, of what consents are bound to
}

// ErasedField is one field of one entry.
type ErasedField struct {
	Seq    int64  `json:"seq"`
	Name   string `json:"name"`
	Digest string `json:"digest"` // of the disclosure, as in the entry's line
}

// ErasureConsent is a person's yes or no to one request.
type ErasureConsent struct {
	ID        string     `json:"erasure"`
	Digest    string     `json:"digest"`
	No        bool       `json:"no,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Strength  Strength   `json:"strength"`
	Signature *Signature `json:"signature,omitempty"`
}

// Erasure says what was destroyed: the disclosures, whose digests stay in
// their lines, and the sealed bytes of exhibits. It is what tells an erased
// field from a missing one.
type Erasure struct {
	ID        string        `json:"erasure"`
	Fields    []ErasedField `json:"fields,omitempty"`
	Exhibits  []string      `json:"exhibits,omitempty"`
	Events    int64         `json:"events,omitempty"` // of the timeline, that came of the exhibits
	Basis     string        `json:"basis"`
	Approvers []string      `json:"approvers"`
	Left      []string      `json:"left,omitempty"` // copies known to hold it still: backups, bundles
}

// Copy is a bundle or a backup that left the workspace.
type Copy struct {
	Name       string   `json:"name"`
	SHA256     string   `json:"sha256"` // of the archive
	Bytes      int64    `json:"bytes"`
	Profile    string   `json:"profile,omitempty"`
	Exhibits   []string `json:"exhibits,omitempty"`
	Recipients []string `json:"recipients,omitempty"` // age or ssh keys it is encrypted to
	Size       int64    `json:"size"`                 // of the head it holds
	Root       string   `json:"root"`
	Tested     string   `json:"tested,omitempty"` // how a restore of it was tried
}

// Exported says that events of the timeline left the workspace, readable by
// whoever has them.
type Exported struct {
	Format  string `json:"format"`
	To      string `json:"to"`               // a file's name, or a server
	Filter  string `json:"filter,omitempty"` // "" is all
	Events  int64  `json:"events"`
	LeftOut int64  `json:"left_out,omitempty"` // the format has no place for them
	Bytes   int64  `json:"bytes,omitempty"`
	SHA256  string `json:"sha256,omitempty"` // of the file
}

// Restored says that the record was put back from a copy, or mended, and what
// was lost by it. Where KnownSize is not 0, a head of that size and root had
// been seen before: its entries beyond the Size that came back are gone, and
// what follows here is another branch. Whoever holds the lost head finds it
// named by this entry.
type Restored struct {
	From      string   `json:"from,omitempty"`   // the backup's name
	SHA256    string   `json:"sha256,omitempty"` // of the backup
	Size      int64    `json:"size"`             // of what was put in place
	Root      string   `json:"root"`
	KnownSize int64    `json:"known_size,omitempty"`
	KnownRoot string   `json:"known_root,omitempty"`
	Lost      []string `json:"lost,omitempty"`  // else: what could not be brought back
	Aside     string   `json:"aside,omitempty"` // where what was there before is kept
	Reason    string   `json:"reason,omitempty"`
}

// Seal is the head that was lost, as Head.Seal writes it; "" for none.
func (r Restored) Seal(id incident.ID) string {
	return Head{Origin: string(id), Size: r.KnownSize, Root: r.KnownRoot}.Seal()
}

// ClockJump says that the wall clock and the machine's steady clock disagree
// since the entry before. By is how far the wall clock moved beyond the time
// that passed; negative is backwards.
type ClockJump struct {
	By      time.Duration `json:"by_ns"`
	Before  time.Time     `json:"before"`  // the wall clock at the entry before
	Elapsed time.Duration `json:"elapsed"` // by the steady clock
}

// Fullness says that the disk was full, and what was given up to say so.
type Fullness struct {
	Path     string `json:"path"`
	Failed   string `json:"failed"`             // kinds of the entries that had no room
	Recorded bool   `json:"recorded,omitempty"` // all the same, in the room that came free
	Ballast  int64  `json:"ballast"`
}
