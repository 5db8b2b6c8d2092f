package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"firebreak/incident"
)

// ErasureNamespace is that of the signatures under consents to an erasure.
const ErasureNamespace = "firebreak-erasure"

// ErasedMark stands where a field was erased with a record. A field that is
// missing for another reason is shown otherwise.
const ErasedMark = "(erased)"

// WithheldMark stands where the maker of an export left a field out.
const WithheldMark = "(withheld)"

// ActorName is the field that holds the name of who acted.
const ActorName = actorName

// way says how a field may be erased.
type way int

const (
	never       way = iota // structural: the record could not be replayed without it
	alone                  // its place is shown empty
	asText                 // ErasedMark stands in its place
	withExhibit            // only together with the sealed bytes it describes
	textWith               // the same, with ErasedMark in its place
)

// erasable is what may be erased, by kind of entry. What does not stand here is
// structural: ids, digests, states, counts, consents, and the marks of custody.
// New fields are structural until they are put here.
var erasable = map[Kind]map[string]way{ //nolint:gochecknoglobals // a table
	IncidentOpened:     {"title": asText, "summary": asText, "impact": asText},
	IncidentChanged:    {"title": asText, "summary": asText, "impact": asText, "reason": asText},
	IncidentClosed:     {"reason": asText},
	IncidentReopened:   {"reason": asText},
	RoleAssigned:       {"person": asText},
	Noted:              {"text": asText},
	RunStarted:         {"vars": alone},
	VariableSet:        {"vars": alone},
	StepStarted:        {"items": alone, "vars": alone},
	StepDone:           {"result": alone, "answers": alone, "set": alone, "note": asText},
	StepFailed:         {"error": asText},
	StepSkipped:        {"reason": asText},
	StepReopened:       {"reason": asText},
	StepAdded:          {"title": asText, "text": asText},
	CollectionFinished: {"host": asText, "root": asText, "refused": alone, "cut": asText},
	EvidenceSealed: {
		"title": asText, "source": asText, "host": asText, "authority": asText, "method": asText, "deviations": alone,
		"before": alone, "after": alone, "size": withExhibit, "sha256": textWith, "blob": withExhibit,
		"mapping": withExhibit, "root": asText, "member": asText, "taken": alone, "machine": alone, "argv": alone, "stored": asText,
	},
	EvidenceChecked:    {"found": asText},
	TimelineIngested:   {"samples": alone, "first": alone, "last": alone},
	EventMarked:        {"tags": alone, "comment": asText, "message": asText, "time": alone},
	FindingJudged:      {"reason": asText, "host": asText, "about": asText, "says": asText, "first": alone},
	AlertReceived:      {"changes": alone, "notes": alone},
	ActionPlanned:      {"title": asText, "target": asText, "plan": alone, "undo": asText, "reason": asText, "tried": asText, "overrides": alone},
	ActionExpired:      {"error": asText},
	ActionExtended:     {"reason": asText},
	RolledBack:         {"reason": asText, "results": alone},
	ActionApproved:     {"reason": asText, "signature": alone},
	ActionRejected:     {"reason": asText, "signature": alone},
	ActionQueued:       {"error": asText},
	ActionDropped:      {"reason": asText, "signature": alone},
	Undelivered:        {"error": asText},
	ActionSent:         outcomeFields,
	ActionVerified:     outcomeFields,
	ActionFailed:       outcomeFields,
	ActionUnknown:      outcomeFields,
	UpdateWritten:      {"text": asText, "by_hand": asText},
	ItemAdded:          {"text": asText, "owner": asText, "verify": asText},
	ItemChanged:        {"text": asText, "owner": asText, "verify": asText, "link": asText, "reason": asText},
	ReviewText:         {"text": asText, "public": asText, "executive": asText, "regulator": asText},
	ReviewMoved:        {"reason": asText, "statement": asText, "signature": alone},
	ReviewReleased:     {"to": asText, "reason": asText, "secret": asText, "beside": alone},
	MomentStated:       {"reason": asText},
	ImpactStated:       {"class": asText, "place": asText, "basis": asText, "text": asText, "low": alone, "high": alone},
	SubjectNamed:       {"value": asText, "as": asText, "note": asText},
	TechniqueSeen:      {"text": asText},
	FactorNamed:        {"text": asText},
	ControlJudged:      {"text": asText},
	DecisionTaken:      {"question": asText, "choice": asText, "known": asText, "alternatives": alone, "reason": asText, "by": asText},
	ShiftHandedOn:      {"to": asText, "text": asText},
	ClockStarted:       {"reason": asText, "basis": alone},
	ClockChosen:        {"reason": asText, "basis": alone},
	ClockMet:           {"to": asText, "how": asText, "proof": asText, "note": asText},
	HeadSigned:         {"reason": asText},
	CustodyTransferred: {"reason": asText, "place": asText, "statement": asText, "from_signature": alone, "to_signature": alone},
	CustodyAccepted:    {"reason": asText, "place": asText, "signature": alone},
	EvidenceAccessed:   {"purpose": asText, "to": asText},
	HoldPlaced:         {"reason": asText},
	HoldLifted:         {"reason": asText},
	ErasureAsked:       {"reason": asText},
	ErasureAgreed:      {"reason": asText},
	BundleMade:         {"recipients": alone},
	BackupMade:         {"recipients": alone},
	TimelineExported:   {"to": asText, "filter": asText},
	RecordRestored:     {"reason": asText},
	DiskFull:           {"path": asText, "failed": asText},
	DrillBegun:         {"seats": alone},
	DrillClock:         {"reason": asText},
	DrillInject:        {"from": asText, "title": asText, "text": asText, "choices": alone},
	DrillAnswered:      {"note": asText},
	DrillEnded:         {"reason": asText},
}

var outcomeFields = map[string]way{"error": asText, "ref": asText, "says": asText, "receipt": alone} //nolint:gochecknoglobals // a table

func wayOf(k Kind, field string) way {
	if field == actorName {
		switch k { //nolint:exhaustive // who agreed to an erasure has to stay known
		case ErasureAsked, ErasureAgreed, ErasureDone, HoldPlaced, HoldLifted:
			return never
		default:
			return asText
		}
	}
	return erasable[k][field]
}

// Erasable says whether a field of that kind of entry may be erased: the record
// can be replayed and verified without it. The others carry its structure.
func Erasable(k Kind, field string) bool { return wayOf(k, field) != never }

// ErasedWithExhibit says whether a field may be erased only together with the
// sealed bytes of the exhibit it describes, because they are checked by it.
func ErasedWithExhibit(k Kind, field string) bool {
	w := wayOf(k, field)
	return w == withExhibit || w == textWith
}

// MarkErased notes which fields of the entry were erased. Those that are there
// all the same are passed over. Decode then puts ErasedMark in the place of
// texts.
func (e *Entry) MarkErased(names []string) {
	for _, name := range names {
		if name == actorName {
			if e.Actor.Name == "" {
				e.Actor.Name = ErasedMark + " " + e.Actor.ID
				e.Erased = append(e.Erased, name)
			}
			continue
		}
		if _, there := e.Fields[name]; !there {
			e.Erased = append(e.Erased, name)
		}
	}
	slices.Sort(e.Erased)
	e.Erased = slices.Compact(e.Erased)
}

// standIns are the fields with ErasedMark in the place of erased texts.
func (e Entry) standIns() map[string]json.RawMessage {
	if len(e.Erased) == 0 {
		return e.Fields
	}
	out := make(map[string]json.RawMessage, len(e.Fields)+len(e.Erased))
	for name, value := range e.Fields {
		out[name] = value
	}
	for _, name := range e.Erased {
		if w := wayOf(e.Kind, name); name != actorName && (w == asText || w == textWith) {
			out[name] = json.RawMessage(`"` + ErasedMark + `"`)
		}
	}
	return out
}

// ErasedFields are the names of the fields that these entries of kind
// erasure.done say were erased, by the number of the entry they were of.
func ErasedFields(done []Entry) map[int64][]string {
	out := map[int64][]string{}
	for _, e := range done {
		var d Erasure
		if e.Kind != ErasureDone || e.Decode(&d) != nil {
			continue // one that cannot be read explains nothing
		}
		for _, f := range d.Fields {
			out[f.Seq] = append(out[f.Seq], f.Name)
		}
	}
	return out
}

// Text is what consents are given to, and what is signed: the incident, the
// request and exactly what it destroys, as one line of JSON. The reason is not
// part of it, so that it can be erased itself.
func (r ErasureRequest) Text(id incident.ID) (string, error) {
	bound := struct {
		Incident incident.ID   `json:"incident"`
		ID       string        `json:"erasure"`
		Basis    string        `json:"basis"`
		Fields   []ErasedField `json:"fields"`
		Exhibits []string      `json:"exhibits"`
	}{id, r.ID, r.Basis, r.Fields, r.Exhibits}
	if bound.Fields == nil {
		bound.Fields = []ErasedField{}
	}
	if bound.Exhibits == nil {
		bound.Exhibits = []string{}
	}
	b, err := marshal(bound)
	if err != nil {
		return "", fmt.Errorf("write out erasure %s: %w", r.ID, err)
	}
	return string(b) + "\n", nil
}

// Bind is the digest of Text: SHA-256, hex.
func (r ErasureRequest) Bind(id incident.ID) (string, error) {
	text, err := r.Text(id)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}

// FieldsOf lists the fields of an entry as it is kept, with their digests, in
// the order of their names.
func FieldsOf(s Sealed) ([]Disclosed, error) {
	out := make([]Disclosed, 0, len(s.Disclosures))
	for _, text := range s.Disclosures {
		d, err := ParseDisclosure(text)
		if err != nil {
			return nil, err
		}
		out = append(out, Disclosed{d.Name, DigestOf(text), d.Value})
	}
	slices.SortFunc(out, func(a, b Disclosed) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return out, nil
}

// Disclosed is one field that is at hand, with the digest that stands for it.
type Disclosed struct {
	Name   string
	Digest string
	Value  json.RawMessage
}
