package record

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"firebreak/incident"
)

// CustodyAccepted is the receiver's answer to a transfer. Until it is a yes,
// the exhibits stay with the one who offered them.
const CustodyAccepted Kind = "custody.accepted" // Acceptance

// Acceptance is the answer to one transfer. Signature is over the transfer's
// own Statement; over Handover.Refusal where the answer is no, so that a no
// can never be shown as a yes.
type Acceptance struct {
	ID        string     `json:"transfer"`
	By        string     `json:"by"` // who takes the exhibits, or will not
	No        bool       `json:"no,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Place     string     `json:"place,omitempty"` // where they are kept from now on
	Signature *Signature `json:"signature,omitempty"`
}

// The ways by which evidence comes to be sealed.
const (
	OriginLive    = "live"    // of the machine that firebreak ran on
	OriginImage   = "image"   // of a file system that was mounted there
	OriginArchive = "archive" // a member of what another tool made
	OriginFile    = "file"    // of a file that somebody gave
	OriginInput   = "input"   // of the standard input
	OriginSystem  = "system"  // asked of a connected system
)

// Clock is what is known of a clock against UTC. Offset and MaxError are the
// kernel's own estimates; nobody outside was asked.
type Clock struct {
	Known        bool          `json:"known"`
	Synchronised bool          `json:"synchronised"`
	Offset       time.Duration `json:"offset_ns"`
	MaxError     time.Duration `json:"max_error_ns"`
}

// String says it in words, without claiming more.
func (c *Clock) String() string {
	switch {
	case c == nil || !c.Known:
		return "unknown: nothing says how far it was from UTC"
	case !c.Synchronised:
		return "not synchronised: how far it was from UTC is unknown"
	}
	return fmt.Sprintf("synchronised: off by about %s, at most %s, by the kernel's own estimate", c.Offset, c.MaxError)
}

// Machine is the machine a collection ran on, as its kernel names it. Boot
// tells one start of it from another.
type Machine struct {
	System string `json:"system"` // Linux 6.1.0-18-amd64 x86_64
	Boot   string `json:"boot,omitempty"`
}

// Handover is what both sides of a transfer sign.
type Handover struct {
	Incident incident.ID
	Transfer string // t1, t2, …
	Exhibits []HandoverItem
	From, To string
	Reason   string
	Place    string
	Time     time.Time // to the second, UTC
	Head     string    // the seal line of the record when it was offered
}

// HandoverItem is an exhibit as it changes hands.
type HandoverItem struct {
	ID     string
	Size   int64
	SHA256 string
}

const (
	handoverTitle = "firebreak custody handover v1"
	refusalTitle  = "firebreak custody refusal v1"

	// MaxHandover bounds a statement that is read.
	MaxHandover = 1 << 20
	// MaxHandoverItems bounds the exhibits of one transfer.
	MaxHandoverItems = 5000
)

// Text is the one form of the statement, a line for each thing that there is.
// What could be read in two ways, such as a line break in a reason, is written in quotes as
// a Go string.
func (h Handover) Text() string {
	var b strings.Builder
	b.WriteString(handoverTitle + "\n")
	row := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	row("incident", string(h.Incident))
	row("transfer", h.Transfer)
	for _, x := range h.Exhibits {
		row("exhibit", fmt.Sprintf("%s, %d bytes, sha256 %s", x.ID, x.Size, x.SHA256))
	}
	row("from", plain(h.From))
	row("to", plain(h.To))
	row("reason", plain(h.Reason))
	row("place", plain(h.Place))
	row("time", h.Time.UTC().Format(time.RFC3339))
	row("head", plain(h.Head))
	return b.String()
}

// Refusal is what a receiver signs who does not take the exhibits.
func (h Handover) Refusal(reason string) string {
	if reason == "" {
		return refusalTitle + "\n" + h.Text()
	}
	return refusalTitle + "\nreason: " + plain(reason) + "\n" + h.Text()
}

// Refuses says whether text is a refusal of this handover for that reason;
// "" is one that was withheld or erased, and any will do.
func (h Handover) Refuses(text, reason string) bool {
	if !Gone(reason) {
		return text == h.Refusal(reason)
	}
	head, ok := strings.CutSuffix(text, "\n"+h.Text())
	first, said, _ := strings.Cut(head, "\n")
	return ok && first == refusalTitle && (said == "" || strings.HasPrefix(said, "reason: ") && !strings.Contains(said, "\n"))
}

// Gone says that a text is not there, or that a mark stands in its place which
// says that it was erased or withheld.
func Gone(text string) bool { return text == "" || text == ErasedMark || text == WithheldMark }

// plain writes a value on one line so that it reads back as itself.
func plain(s string) string {
	clean := s == strings.TrimSpace(s) && !strings.HasPrefix(s, `"`)
	for _, r := range s {
		if !clean || r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return strconv.QuoteToASCII(s)
		}
	}
	if !clean {
		return strconv.QuoteToASCII(s)
	}
	return s
}

// ParseHandover reads a statement. Only the form that Text writes is one, so
// that what is signed and what is recorded cannot differ. Errors are
// ErrMalformed.
func ParseHandover(text string) (Handover, error) {
	var h Handover
	if len(text) > MaxHandover {
		return h, fmt.Errorf("statement of %d bytes: more than %d: %w", len(text), MaxHandover, ErrMalformed)
	}
	lines := strings.Split(text, "\n")
	if lines[0] != handoverTitle {
		return h, fmt.Errorf("statement: it does not begin with %q: %w", handoverTitle, ErrMalformed)
	}
	for n, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			if line == "" && n == len(lines)-2 {
				break
			}
			return h, fmt.Errorf("statement, line %d: want name and value: %w", n+2, ErrMalformed)
		}
		if err := h.set(name, value); err != nil {
			return h, fmt.Errorf("statement, line %d: %w: %w", n+2, err, ErrMalformed)
		}
	}
	if h.Text() != text {
		return h, fmt.Errorf("statement: not in the one form that it is written in: %w", ErrMalformed)
	}
	return h, nil
}

func (h *Handover) set(name, value string) (err error) {
	to := map[string]*string{
		"transfer": &h.Transfer, "from": &h.From, "to": &h.To, "reason": &h.Reason, "place": &h.Place, "head": &h.Head,
	}[name]
	switch {
	case name == "incident":
		h.Incident, err = incident.ParseID(value)
	case name == "exhibit":
		if len(h.Exhibits) >= MaxHandoverItems {
			return fmt.Errorf("more than %d exhibits", MaxHandoverItems)
		}
		x, err := parseItem(value)
		if err != nil {
			return err
		}
		h.Exhibits = append(h.Exhibits, x)
	case name == "time":
		h.Time, err = time.Parse(time.RFC3339, value)
	case to == nil:
		return fmt.Errorf("%.40q is not known", name)
	case strings.HasPrefix(value, `"`):
		*to, err = strconv.Unquote(value)
	default:
		*to = value
	}
	return err
}

// parseItem reads "e1, 4811 bytes, sha256 9f2c…".
func parseItem(text string) (HandoverItem, error) {
	var x HandoverItem
	parts := strings.Split(text, ", ")
	if len(parts) != 3 {
		return x, errors.New("want id, size and sha256 of an exhibit")
	}
	size, ok := strings.CutSuffix(parts[1], " bytes")
	sum, isSum := strings.CutPrefix(parts[2], "sha256 ")
	n, err := strconv.ParseInt(size, 10, 64)
	if !ok || !isSum || err != nil || n < 0 {
		return x, errors.New("want id, size and sha256 of an exhibit")
	}
	return HandoverItem{ID: parts[0], Size: n, SHA256: sum}, nil
}
