package record

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firebreak/incident"
)

// structural are the fields that may never be erased. A new field of a payload
// belongs here or into the table of erasable ones: somebody has to decide.
var structural = map[Kind]string{
	IncidentOpened:     "severity tlp drill detected",
	IncidentChanged:    "severity tlp detected",
	IncidentClosed:     "",
	IncidentReopened:   "",
	PhaseEntered:       "from to",
	RoleAssigned:       "role",
	Noted:              "decision",
	RunStarted:         "run playbook name version sha256 source calendar",
	VariableSet:        "run",
	StepStarted:        "run attempt until owner count playbook version sha256 source",
	StepDone:           "run branch again_at",
	StepFailed:         "run attempt final retry_at",
	StepSkipped:        "run guard",
	StepReopened:       "run guard",
	StepAdded:          "run id phase",
	CollectionFinished: "profile as_root exhibits bytes took_ns continues kept",
	EvidenceSealed:     "exhibit kind collector tool tool_sha256 origin started finished clock_offset_ns clock piece format reading owner within elsewhere",
	EvidenceChecked:    "exhibit ok",
	TimelineIngested:   "exhibit parser year zone skew events added rejected recovered seen",
	EventMarked:        "event star exhibit",
	FindingJudged:      "finding verdict rules severity title technique events exhibits",
	ActionPlanned:      "action name connection danger digest key reverts approvals by second typed level lasts ends message instead again item",
	ActionApproved:     "action digest strength expires break_glass",
	ActionRejected:     "action digest strength expires break_glass",
	ActionDropped:      "action digest strength expires break_glass",
	ActionExpired:      "action lasts undo pages",
	ActionExtended:     "action until",
	RolledBack:         "step to",
	ActionQueued:       "action attempt tries class not_before until since",
	Undelivered:        "actions connections queued",
	AlertReceived:      "exhibit source tools snapshot findings severity kinds states new again resolved reopened gone cut item",
	ActionSending:      "action attempt owner",
	ActionSent:         "action attempt class retry_at",
	ActionVerified:     "action attempt class retry_at",
	ActionFailed:       "action attempt class retry_at",
	ActionUnknown:      "action attempt class retry_at",
	ActionLapsed:       "action after pages",
	UpdateWritten:      "update audience profile tlp through actions due",
	ItemAdded:          "item due class factor",
	ItemChanged:        "item state due class factor action source",
	ReviewWritten:      "files size root profile",
	ReviewText:         "part version",
	ReviewMoved:        "from to size root",
	ReviewReleased:     "release profile files size root made tool program fonts",
	MomentStated:       "moment at",
	ImpactStated:       "measure unit from to certainty withdrawn",
	SubjectNamed:       "kind role withdrawn",
	TechniqueSeen:      "technique name at events withdrawn",
	FactorNamed:        "factor category key withdrawn",
	ControlJudged:      "control refs held techniques withdrawn",
	DecisionTaken:      "decision role at withdrawn",
	ShiftHandedOn:      "through",
	ClockStarted:       "event at clocks zone",
	ClockChosen:        "clock applies",
	ClockMet:           "clock at",
	HeadSigned:         "size root signature",
	HeadStamped:        "size root authority serial time token",
	CustodyTransferred: "transfer exhibits from to",
	CustodyAccepted:    "transfer by no",
	EvidenceAccessed:   "exhibit",
	HoldPlaced:         "authority",
	HoldLifted:         "authority",
	ErasureAsked:       "erasure fields exhibits basis digest",
	ErasureAgreed:      "erasure digest no strength signature",
	ErasureDone:        "erasure fields exhibits events basis approvers left",
	BundleMade:         "name sha256 bytes profile exhibits tested size root",
	BackupMade:         "name sha256 bytes profile exhibits tested size root",
	RecordRestored:     "from sha256 size root known_size known_root lost aside",
	TimelineExported:   "format events left_out bytes sha256",
	ClockJumped:        "*",
	DiskFull:           "*",
	DrillBegun:         "scenario name version sha256 source seed speed pack pack_version pack_sha256",
	DrillClock:         "by_ns",
	DrillInject:        "inject at_ns due_ns to",
	DrillAnswered:      "inject choice",
	DrillEnded:         "",
	DrillReported:      "files size root percent",
}

var payloads = map[Kind]any{
	IncidentOpened: Opened{}, IncidentChanged: Changed{}, IncidentClosed: Reason{}, IncidentReopened: Reason{}, PhaseEntered: Entered{},
	RoleAssigned: Assigned{}, Noted: Note{}, RunStarted: Started{}, VariableSet: Variables{}, StepStarted: StepBegin{}, StepDone: StepEnd{},
	StepFailed: StepFailure{}, StepSkipped: StepSkip{}, StepReopened: StepSkip{}, StepAdded: AdHoc{}, CollectionFinished: Collection{},
	EvidenceSealed: Exhibit{}, EvidenceChecked: Check{}, TimelineIngested: Ingestion{}, EventMarked: Mark{}, FindingJudged: Judged{}, AlertReceived: Received{}, ActionPlanned: Planned{},
	ActionApproved: Decision{}, ActionRejected: Decision{}, ActionSending: Attempt{}, ActionSent: Outcome{}, ActionVerified: Outcome{},
	ActionFailed: Outcome{}, ActionUnknown: Outcome{}, ActionLapsed: Lapse{}, ActionExpired: Expiry{}, ActionExtended: Extension{}, RolledBack: Rollback{}, ActionQueued: Queued{}, ActionDropped: Decision{}, Undelivered: Unheard{}, UpdateWritten: Update{}, ItemAdded: Item{}, ReviewWritten: Written{}, ReviewText: PartText{}, ReviewMoved: ReviewMove{}, ReviewReleased: Release{},
	MomentStated: Moment{}, ImpactStated: Impact{}, SubjectNamed: Subject{}, TechniqueSeen: Technique{}, FactorNamed: Factor{}, ControlJudged: Control{},
	DecisionTaken: Decided{}, ShiftHandedOn: HandedOn{}, ItemChanged: ItemChange{}, ClockStarted: ClockStart{}, ClockChosen: ClockChoice{}, ClockMet: Submission{}, HeadSigned: Signed{}, HeadStamped: Stamped{},
	CustodyTransferred: Transfer{}, CustodyAccepted: Acceptance{}, RecordRestored: Restored{}, EvidenceAccessed: Access{}, HoldPlaced: Hold{}, HoldLifted: Hold{}, ErasureAsked: ErasureRequest{},
	ErasureAgreed: ErasureConsent{}, ErasureDone: Erasure{}, BundleMade: Copy{}, BackupMade: Copy{}, TimelineExported: Exported{}, ClockJumped: ClockJump{}, DiskFull: Fullness{},
	DrillBegun: Exercise{}, DrillClock: ClockMove{}, DrillInject: Inject{}, DrillAnswered: InjectAnswer{}, DrillEnded: Reason{}, DrillReported: DrillReport{},
}

func jsonNames(v any) []string {
	var out []string
	for f := range fieldsOf(reflect.TypeOf(v)) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func TestEveryFieldIsDecided(t *testing.T) {
	for kind, payload := range payloads {
		kept := strings.Fields(structural[kind])
		names := jsonNames(payload)
		for _, name := range names {
			inTable := Erasable(kind, name)
			if slices.Contains(kept, "*") {
				continue
			}
			if inTable == slices.Contains(kept, name) {
				t.Errorf("%s %s: want it in erasable (record/erasable.go) or, when the record cannot do without it, in structural (here), not in %v", kind, name,
					map[bool]string{true: "both", false: "none"}[inTable])
			}
		}
		for name := range erasable[kind] {
			if !slices.Contains(names, name) {
				t.Errorf("%s has no field %s", kind, name)
			}
		}
	}
	for kind := range maps.Keys(erasable) {
		if payloads[kind] == nil {
			t.Errorf("%s: no payload is known for it here", kind)
		}
	}
}

// What stands in the place of a text must be a text.
func TestStandInsFitTheirFields(t *testing.T) {
	for kind, payload := range payloads {
		for f := range fieldsOf(reflect.TypeOf(payload)) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			of := f.Type
			if of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			text := of.Kind() == reflect.String
			switch wayOf(kind, name) {
			case asText, textWith:
				if !text {
					t.Errorf("%s %s is a %s, no text", kind, name, f.Type)
				}
			case alone:
				if text {
					t.Errorf("%s %s is a text and would be shown empty", kind, name)
				}
			case never, withExhibit:
			}
			e := Entry{Kind: kind, Fields: map[string]json.RawMessage{}}
			e.MarkErased([]string{name})
			if err := e.Decode(reflect.New(reflect.TypeOf(payload)).Interface()); err != nil {
				t.Errorf("%s without %s: %v", kind, name, err)
			}
		}
	}
}

func TestMarkErased(t *testing.T) {
	e := Entry{Kind: Noted, Actor: incident.Actor{ID: "p-1"}, Fields: map[string]json.RawMessage{"decision": json.RawMessage("true")}}
	e.MarkErased([]string{"text", "decision", actorName, "text"})
	if want := []string{actorName, "text"}; !slices.Equal(e.Erased, want) {
		t.Errorf("erased %v, want %v: what is there was not erased", e.Erased, want)
	}
	var n Note
	if err := e.Decode(&n); err != nil || n.Text != ErasedMark || !n.Decision || e.Actor.Name != "(erased) p-1" {
		t.Errorf("%+v, %+v, %v", n, e.Actor, err)
	}
	if _, there := e.Fields["text"]; there {
		t.Error("Decode has changed the entry")
	}
}

func TestBindIsOfWhatGoes(t *testing.T) {
	r := ErasureRequest{ID: "x1", Basis: "GDPR Art. 17(1)(a)", Fields: []ErasedField{{3, "text", "d3"}, {5, "title", "d5"}}, Exhibits: []string{"e1"}}
	first, err := r.Bind("2026-0001")
	if err != nil || len(first) != 64 {
		t.Fatal(first, err)
	}
	r.Reason = "another reason"
	if again, err := r.Bind("2026-0001"); again != first || err != nil {
		t.Error("the reason is bound, and could not be erased")
	}
	for name, change := range map[string]func(*ErasureRequest) incident.ID{
		"incident": func(*ErasureRequest) incident.ID { return "2026-0002" },
		"id":       func(r *ErasureRequest) incident.ID { r.ID = "x2"; return "2026-0001" },
		"basis":    func(r *ErasureRequest) incident.ID { r.Basis = "another"; return "2026-0001" },
		"fewer":    func(r *ErasureRequest) incident.ID { r.Fields = r.Fields[:1]; return "2026-0001" },
		"digest":   func(r *ErasureRequest) incident.ID { r.Fields[0].Digest = "other"; return "2026-0001" },
		"exhibits": func(r *ErasureRequest) incident.ID { r.Exhibits = nil; return "2026-0001" },
	} {
		other := r
		other.Fields = slices.Clone(r.Fields)
		id := change(&other)
		if got, err := other.Bind(id); got == first || err != nil {
			t.Errorf("%s: the digest is the same, %v", name, err)
		}
	}
}

// A record in which a field was erased: missing with a word for it is no fault,
// still there is one, and nothing else may be explained that way.
func TestVerifyErasures(t *testing.T) {
	k := testKey(t, 1)
	build := func(done func(fields []Disclosed) Erasure, drop bool) Report {
		t.Helper()
		ev := Evidence{Incident: testID, Keys: keysOf(t, k)}
		var tree Tree
		add := func(kind Kind, payload any) {
			t.Helper()
			d, err := NewDraft(incident.Actor{ID: "p-1", Name: "Ann"}, kind, incident.Identify, "", payload)
			if err != nil {
				t.Fatal(err)
			}
			n := len(ev.Lines)
			s, err := Seal(testID, Entry{Seq: int64(n + 1), Actor: d.Actor, Kind: kind, Phase: d.Phase, Fields: d.Fields}, dice(byte(n)))
			if err != nil {
				t.Fatal(err)
			}
			ev.Lines = append(ev.Lines, s)
			if err := tree.Append(LeafHash(s.Line)); err != nil {
				t.Fatal(err)
			}
		}
		add(IncidentOpened, Opened{Title: "x", Severity: incident.SEV3})
		add(Noted, Note{Text: "Ann Example lives here"})
		fields, err := FieldsOf(ev.Lines[1])
		if err != nil {
			t.Fatal(err)
		}
		add(ErasureDone, done(fields))
		root, err := tree.Root(tree.Size())
		if err != nil {
			t.Fatal(err)
		}
		h, err := SignHead(k, Origin(k.Name(), testID), tree.Size(), root)
		if err != nil {
			t.Fatal(err)
		}
		ev.Heads = h.Signed
		if drop {
			ev.Lines[1].Disclosures = slices.DeleteFunc(ev.Lines[1].Disclosures, func(d string) bool { return DigestOf(d) == digestOf(fields, "text") })
		}
		return Verify(ev)
	}
	good := func(fields []Disclosed) Erasure {
		return Erasure{ID: "x1", Fields: []ErasedField{{2, "text", digestOf(fields, "text")}}}
	}
	if r := build(good, true); !r.OK() || r.Erased != 1 || !slices.ContainsFunc(r.Notes, func(n string) bool {
		return strings.Contains(n, `1 field was erased with a record: erasure "x1", entry 3`)
	}) {
		t.Errorf("erased: %v, %d, %v", r.Problems, r.Erased, r.Notes)
	}
	if r := build(good, false); len(r.Problems) != 1 || r.Problems[0].What != NotErased || r.Problems[0].Seq != 2 || r.Erased != 0 {
		t.Errorf("still there: %v", r.Problems)
	}
	none := func([]Disclosed) Erasure { return Erasure{ID: "x1"} }
	if r := build(none, true); len(r.Problems) != 1 || r.Problems[0].What != MissingDisclosure {
		t.Errorf("without a word: %v", r.Problems)
	}
	for name, f := range map[string]func(fields []Disclosed) ErasedField{
		"another entry": func(fs []Disclosed) ErasedField { return ErasedField{1, "text", digestOf(fs, "text")} },
		"a later entry": func(fs []Disclosed) ErasedField { return ErasedField{3, "text", digestOf(fs, "text")} },
		"structural":    func(fs []Disclosed) ErasedField { return ErasedField{2, "event", digestOf(fs, "text")} },
	} {
		r := build(func(fs []Disclosed) Erasure { return Erasure{ID: "x1", Fields: []ErasedField{f(fs)}} }, true)
		if r.OK() || r.Erased != 0 {
			t.Errorf("%s: explains the missing field: %v", name, r.Problems)
		}
	}
}

func digestOf(fields []Disclosed, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return f.Digest
		}
	}
	return ""
}
