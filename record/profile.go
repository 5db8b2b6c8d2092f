package record

import "fmt"

// Profile says for whom an export is made, and so which fields go with it. The
// lines of the log go with every export as they are: they are what the
// signatures are over.
type Profile string

// The profiles. Full is everything; Public only what shows that something was
// done.
const (
	FullProfile      Profile = "full"
	TechnicalProfile Profile = "technical" // no names of people, no impact, nothing of the lawyers
	LegalProfile     Profile = "legal"     // everything that people said and did
	RegulatorProfile Profile = "regulator" // who answered for what, impact, measures; no hosts, no notes
	ExecutiveProfile Profile = "executive" // what happened and what it did; no names, no hosts
	PublicProfile    Profile = "public"
)

// Profiles are all profiles, the widest first.
func Profiles() []Profile {
	return []Profile{FullProfile, LegalProfile, TechnicalProfile, RegulatorProfile, ExecutiveProfile, PublicProfile}
}

// ParseProfile reads the name of a profile.
func ParseProfile(s string) (Profile, error) {
	for _, p := range Profiles() {
		if s == string(p) {
			return p, nil
		}
	}
	return "", fmt.Errorf("profile %q: want full, legal, technical, regulator, executive or public", s)
}

// audience is a set of profiles that see a field. Full sees all of them.
type audience uint8

const (
	technical audience = 1 << iota
	legal
	regulator
	executive
	public

	nobody   = audience(0)
	everyone = technical | legal | regulator | executive | public
	told     = technical | legal | regulator | executive // what it was, in a few words
	affected = legal | regulator | executive             // what it did, to whom
	counted  = affected | public                         // how much of it; the public's is rounded, and without money
	measured = technical | legal | regulator             // hashes, sizes, tools, times of evidence
	detail   = technical | legal                         // hosts, paths, plans, and what people wrote
	lawful   = legal | regulator                         // grounds of holds and erasures
	person   = legal | regulator                         // names and signatures of people
)

var audienceOf = map[Profile]audience{
	TechnicalProfile: technical, LegalProfile: legal, RegulatorProfile: regulator, ExecutiveProfile: executive, PublicProfile: public,
}

// keyMaterial are names of fields that leave in no export at all.
var keyMaterial = map[string]bool{"exhibit key": true, "exhibit_key": true, "key material": true, "data_key": true, "secret": true, "identity": true}

// Discloses says whether an export of that profile carries the field of an
// entry of that kind. A field that is not known here goes into full exports
// only. What is needed to tell a withheld field from an erased or a missing
// one, and to place signatures and time-stamps, goes into all.
func (p Profile) Discloses(kind Kind, field string) bool {
	switch {
	case keyMaterial[field]:
		return false
	case p == FullProfile:
		return true
	case field == actorName:
		return audienceOf[p]&person != 0
	}
	return audienceOf[p]&disclosed[kind][field] != 0
}

// OfPeople says whether a field is there to say who somebody is, or to prove it: a
// name, a signature, a place of handing over.
func OfPeople(kind Kind, field string) bool {
	return field == actorName || disclosed[kind][field] == person
}

// Mask returns the entry with the disclosures that the profile lets out, and
// the digests of the others. What cannot be read is withheld.
func (p Profile) Mask(s Sealed) (out Sealed, withheld []string) {
	out.Line = s.Line
	l, err := ParseLine(s.Line)
	for _, text := range s.Disclosures {
		d, derr := ParseDisclosure(text)
		if err == nil && derr == nil && p.Discloses(l.Kind, d.Name) {
			out.Disclosures = append(out.Disclosures, text)
			continue
		}
		withheld = append(withheld, DigestOf(text))
	}
	return out, withheld
}

// Shown is the masked entry as its reader sees it, with the names of what is
// withheld, so that nothing made of it takes a withheld field for one that
// never was.
func (p Profile) Shown(s Sealed) (Entry, error) {
	masked, _ := p.Mask(s)
	e, _, err := Unseal(masked.Line, masked.Disclosures)
	if err != nil {
		return e, err
	}
	fields, err := FieldsOf(s)
	if err != nil {
		return e, err
	}
	for _, f := range fields {
		if !p.Discloses(e.Kind, f.Name) {
			e.Withheld = append(e.Withheld, f.Name)
		}
	}
	return e, nil
}

// disclosed is who sees which field of which kind of entry.
var disclosed = map[Kind]map[string]audience{
	IncidentOpened: {
		"title": told, "severity": everyone, "tlp": everyone, "drill": everyone,
		"summary": affected, "impact": affected, "detected": told,
	},
	IncidentChanged: {
		"title": told, "severity": everyone, "tlp": everyone,
		"summary": affected, "impact": affected, "detected": told, "reason": detail,
	},
	IncidentClosed:   {"reason": detail},
	IncidentReopened: {"reason": detail},
	PhaseEntered:     {"from": everyone, "to": everyone},
	RoleAssigned:     {"role": everyone, "person": person},
	Noted:            {"text": detail, "decision": everyone},

	RunStarted: {
		"run": everyone, "playbook": told, "name": told, "version": told, "sha256": told, "source": detail, "vars": detail, "calendar": detail,
	},
	VariableSet: {"run": everyone, "vars": detail},
	StepStarted: {
		"run": everyone, "attempt": everyone, "until": everyone, "owner": detail, "items": detail, "count": everyone,
		"playbook": told, "version": told, "sha256": told, "source": detail, "vars": detail,
	},
	StepDone: {
		"run": everyone, "result": detail, "answers": detail, "set": detail, "branch": everyone, "note": detail, "again_at": everyone,
	},
	StepFailed:   {"run": everyone, "error": detail, "attempt": everyone, "final": everyone, "retry_at": everyone},
	StepSkipped:  {"run": everyone, "reason": detail, "guard": everyone},
	StepReopened: {"run": everyone, "reason": detail, "guard": everyone},
	StepAdded:    {"run": everyone, "id": everyone, "title": detail, "text": detail, "phase": everyone},

	CollectionFinished: {
		"profile": told, "host": detail, "root": detail, "as_root": everyone, "exhibits": everyone, "bytes": everyone,
		"took_ns": measured, "refused": detail, "cut": detail, "continues": measured, "kept": everyone,
	},
	EvidenceSealed: {
		"exhibit": everyone, "kind": measured, "title": detail, "source": detail, "host": detail, "collector": measured,
		"authority": person, "method": detail, "tool": measured, "tool_sha256": measured, "size": measured, "sha256": measured,
		"blob": detail, "started": measured, "finished": measured, "clock_offset_ns": measured,
		"before": detail, "after": detail, "deviations": detail, "format": measured, "mapping": detail, "piece": measured,
		"origin": measured, "root": detail, "within": measured, "member": detail, "taken": measured, "elsewhere": measured, "machine": detail, "argv": detail, "clock": measured, "stored": detail,
		"reading": measured, "owner": detail,
	},
	EvidenceChecked: {"exhibit": everyone, "ok": everyone, "found": measured},
	TimelineIngested: {
		"exhibit": everyone, "parser": measured, "year": measured, "zone": measured, "skew": measured, "events": everyone, "added": everyone,
		"rejected": everyone, "recovered": everyone, "seen": everyone, "first": measured, "last": measured, "samples": detail,
	},
	EventMarked: {
		"event": detail, "star": everyone, "tags": detail, "comment": detail, "time": detail, "message": detail, "exhibit": everyone,
	},
	FindingJudged: {
		"finding": detail, "verdict": everyone, "reason": detail, "rules": told, "severity": everyone, "title": told, "technique": told,
		"host": detail, "about": detail, "says": detail, "first": detail, "events": detail, "exhibits": everyone,
	},
	AlertReceived: {
		"exhibit": everyone, "source": measured, "tools": measured, "snapshot": everyone, "findings": everyone, "severity": told, "kinds": told, "states": told,
		"new": everyone, "again": everyone, "resolved": everyone, "reopened": everyone, "gone": everyone, "changes": detail, "cut": everyone, "item": detail, "notes": detail,
	},

	ActionPlanned: {
		"action": everyone, "name": told, "connection": detail, "title": detail, "target": detail, "danger": everyone,
		"digest": measured, "key": detail, "plan": detail, "undo": detail, "reverts": everyone, "reason": detail,
		"approvals": everyone, "by": everyone, "second": everyone, "typed": everyone, "level": everyone, "tried": detail,
		"lasts": everyone, "ends": everyone, "overrides": detail, "message": everyone, "instead": everyone, "again": everyone, "item": everyone,
	},
	ActionExpired:  {"action": everyone, "lasts": everyone, "undo": everyone, "pages": everyone, "error": detail},
	ActionExtended: {"action": everyone, "until": everyone, "reason": detail},
	RolledBack:     {"step": told, "to": everyone, "reason": detail, "results": detail},
	ActionApproved: decision,
	ActionRejected: decision,
	ActionSending:  {"action": everyone, "attempt": everyone, "owner": detail},
	ActionQueued: {
		"action": everyone, "attempt": everyone, "tries": everyone, "class": everyone, "error": detail,
		"not_before": everyone, "until": everyone, "since": everyone,
	},
	ActionDropped:  decision,
	Undelivered:    {"actions": everyone, "connections": detail, "queued": everyone, "error": detail},
	ActionSent:     outcome,
	ActionVerified: outcome,
	ActionFailed:   outcome,
	ActionUnknown:  outcome,
	ActionLapsed:   {"action": everyone, "after": everyone, "pages": everyone},

	UpdateWritten: {
		"update": everyone, "audience": everyone, "profile": everyone, "tlp": everyone, "text": detail, "through": everyone, "actions": everyone,
		"by_hand": detail, "due": everyone,
	},

	ItemAdded:     {"item": everyone, "text": told, "owner": person, "due": told, "class": told, "verify": told, "factor": everyone},
	ReviewWritten: {"files": told, "size": everyone, "root": everyone, "profile": everyone},
	ReviewText: {
		"part": everyone, "version": everyone, "text": told, "public": everyone, "executive": legal | executive, "regulator": legal | regulator,
	},
	ReviewMoved: {
		"from": everyone, "to": everyone, "size": everyone, "root": everyone, "reason": detail, "statement": person, "signature": person,
	},
	ReviewReleased: {
		"release": everyone, "profile": everyone, "files": told, "size": everyone, "root": everyone, "made": everyone, "tool": everyone, "program": everyone,
		"to": person, "reason": detail, "fonts": everyone, "secret": nobody, "beside": nobody,
	},

	MomentStated: {"moment": everyone, "at": told, "reason": detail},
	ImpactStated: {
		"measure": everyone, "class": affected, "place": affected, "low": counted, "high": counted, "unit": counted, "from": affected,
		"to": affected, "certainty": everyone, "basis": detail, "text": affected, "withdrawn": everyone,
	},
	SubjectNamed:  {"kind": everyone, "value": detail, "role": everyone, "as": told, "note": detail, "withdrawn": everyone},
	TechniqueSeen: {"technique": everyone, "name": everyone, "at": told, "events": detail, "text": detail, "withdrawn": everyone},
	FactorNamed:   {"factor": everyone, "category": everyone, "key": told, "text": told, "withdrawn": everyone},
	ControlJudged: {"control": everyone, "refs": told, "held": told, "techniques": told, "text": told, "withdrawn": everyone},
	DecisionTaken: {
		"decision": everyone, "question": detail, "choice": detail, "known": detail, "alternatives": detail, "reason": detail, "by": person,
		"role": everyone, "at": told, "withdrawn": everyone,
	},
	ShiftHandedOn: {"to": person, "text": detail, "through": everyone},
	ItemChanged: {
		"item": everyone, "state": told, "text": told, "owner": person, "due": told, "class": told, "verify": told, "factor": everyone,
		"link": detail, "action": everyone, "reason": detail, "source": everyone,
	},

	ClockStarted: {"event": told, "at": told, "reason": lawful, "clocks": told, "zone": told, "basis": told},
	ClockChosen:  {"clock": told, "applies": told, "reason": lawful, "basis": told},
	ClockMet:     {"clock": told, "at": told, "to": lawful, "how": lawful, "proof": lawful, "note": lawful},

	HeadSigned:  {"size": everyone, "root": everyone, "reason": person, "signature": person},
	HeadStamped: {"size": everyone, "root": everyone, "authority": everyone, "serial": everyone, "time": everyone, "token": everyone},

	CustodyTransferred: {
		"transfer": everyone, "exhibits": everyone, "from": person, "to": person, "reason": person, "place": person,
		"statement": person, "from_signature": person, "to_signature": person,
	},
	CustodyAccepted:  {"transfer": everyone, "by": person, "no": everyone, "reason": person, "place": person, "signature": person},
	EvidenceAccessed: {"exhibit": everyone, "purpose": detail, "to": detail},

	HoldPlaced: {"reason": lawful, "authority": lawful},
	HoldLifted: {"reason": lawful, "authority": lawful},
	ErasureAsked: {
		"erasure": everyone, "fields": everyone, "exhibits": everyone, "basis": lawful, "reason": lawful, "digest": measured,
	},
	ErasureAgreed: {
		"erasure": everyone, "digest": measured, "no": everyone, "reason": lawful, "strength": everyone, "signature": person,
	},
	ErasureDone: {
		"erasure": everyone, "fields": everyone, "exhibits": everyone, "events": everyone, "basis": lawful, "approvers": person, "left": lawful,
	},

	BundleMade: copied,
	BackupMade: copied,

	TimelineExported: {
		"format": everyone, "to": detail, "filter": detail, "events": everyone, "left_out": everyone, "bytes": everyone, "sha256": measured,
	},

	DrillBegun: {
		"scenario": told, "name": told, "version": told, "sha256": told, "source": detail, "seed": told, "speed": everyone, "seats": person,
		"pack": told, "pack_version": told, "pack_sha256": told,
	},
	DrillClock: {"by_ns": everyone, "reason": detail},
	DrillInject: {
		"inject": everyone, "at_ns": everyone, "due_ns": everyone, "from": detail, "to": everyone, "title": told, "text": detail, "choices": detail,
	},
	DrillAnswered: {"inject": everyone, "choice": everyone, "note": detail},
	DrillEnded:    {"reason": detail},
	DrillReported: {"files": told, "size": everyone, "root": everyone, "percent": everyone},

	ClockJumped: {"by_ns": everyone, "before": everyone, "elapsed": everyone},
	DiskFull:    {"path": detail, "failed": detail, "recorded": everyone, "ballast": everyone},

	"record.restored": {
		"from": detail, "sha256": measured, "size": everyone, "root": everyone, "known_size": everyone, "known_root": everyone,
		"lost": detail, "aside": detail, "reason": detail,
	},
}

var (
	decision = map[string]audience{
		"action": everyone, "digest": measured, "reason": detail, "strength": everyone, "expires": everyone, "signature": person,
		"break_glass": everyone,
	}
	outcome = map[string]audience{
		"action": everyone, "attempt": everyone, "class": told, "error": detail, "ref": detail, "says": detail,
		"receipt": detail, "retry_at": everyone,
	}
	copied = map[string]audience{
		"name": detail, "sha256": measured, "bytes": everyone, "profile": everyone, "exhibits": everyone,
		"recipients": person, "size": everyone, "root": everyone, "tested": measured,
	}
)
