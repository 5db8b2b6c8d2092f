package record

import (
	"fmt"

	"firebreak/incident"
)

// Fault is one word for what is wrong with a record.
type Fault string

// The faults that Verify tells apart. Where the kept leaf hashes are gone too,
// an edit can only be placed between two heads.
const (
	Edited    Fault = "edited"    // a line is not the one that was signed
	Removed   Fault = "removed"   // an entry is missing in the middle
	Reordered Fault = "reordered" // an entry stands in another place
	Inserted  Fault = "inserted"  // an entry that was never signed, or a copy
	Truncated Fault = "truncated" // the newest entries are gone: cut, or an old backup restored
	Rewritten Fault = "rewritten" // two signed heads, or a head and a seal, contradict each other
	Unvouched Fault = "unvouched" // entries behind the last head

	ChangedDisclosure Fault = "changed disclosure"
	MissingDisclosure Fault = "missing disclosure"
	ForeignDisclosure Fault = "foreign disclosure"
	NotErased         Fault = "not erased" // an entry says that it was

	BadHead      Fault = "bad head"      // bytes that are no head
	BadSignature Fault = "bad signature" // a head that none of the keys signed
	HeadRemoved  Fault = "head removed"
	BadPerson    Fault = "bad signature of a person"
	BadStamp     Fault = "bad time-stamp"

	Derived Fault = "projection differs" // what is derived does not follow from the record
	Damaged Fault = "damaged"            // the file itself
)

// Problem is one thing wrong. Seq is the entry, 0 where it is not about one.
type Problem struct {
	Seq   int64  `json:"seq,omitempty"`
	What  Fault  `json:"what"`
	Where string `json:"where"`
}

// String is the problem in one line.
func (p Problem) String() string {
	if p.Seq == 0 {
		return fmt.Sprintf("%s: %s", p.What, p.Where)
	}
	return fmt.Sprintf("entry %d: %s: %s", p.Seq, p.What, p.Where)
}

// Report is the result of a verification. Notes say what it could not prove;
// they are there on a good record too.
type Report struct {
	Incident    incident.ID `json:"incident"`
	Entries     int64       `json:"entries"`
	Heads       int         `json:"heads"`
	Disclosures int         `json:"disclosures"`
	Withheld    int         `json:"withheld"` // left out of an export by its profile, which says so
	Erased      int         `json:"erased"`   // destroyed, with an entry that says on what grounds
	Missing     []Missing   `json:"missing,omitempty"`
	Exhibits    int         `json:"exhibits"` // whose sealed bytes were hashed again, by whoever holds them
	// ErasedExhibits are those whose sealed bytes were destroyed, with a record.
	ErasedExhibits int   `json:"erased_exhibits"`
	Head           Head  `json:"head"`     // the newest with a good signature
	Attested       int64 `json:"attested"` // entries that a seal from outside vouches for
	// Signatures are those that people gave, where a roster was at hand.
	Signatures []PersonSignature `json:"signatures"`
	Stamps     []StampCheck      `json:"stamps"`
	Problems   []Problem         `json:"problems"`
	Notes      []string          `json:"notes"`
}

// Missing is a field that is gone and that no entry and no export accounts for:
// the entry and the digest that stands in its line.
type Missing struct {
	Seq    int64  `json:"seq"`
	Digest string `json:"digest"`
}

// OK says whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) fault(seq int64, what Fault, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{seq, what, fmt.Sprintf(format, args...)})
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}
