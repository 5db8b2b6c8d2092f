package review_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
)

// story writes a record the way a team does, one entry after the other.
type story struct {
	t       testing.TB
	clock   *testkit.Clock
	by      incident.Actor
	phase   incident.Phase
	entries []record.Entry
}

func newStory(t *testing.T) *story {
	t.Helper()
	return &story{t: t, clock: testkit.NewClock(0), by: ada(), phase: incident.Identify}
}

func ada() incident.Actor { return incident.Actor{ID: "k-ada", Name: "Ada Okafor"} }

func jun() incident.Actor { return incident.Actor{ID: "k-jun", Name: "Jun Lindqvist"} }

// then lets time pass and adds an entry.
func (s *story) then(after time.Duration, kind record.Kind, step string, payload any) record.Entry {
	s.t.Helper()
	s.clock.Advance(after)
	d, err := record.NewDraft(s.by, kind, s.phase, step, payload)
	if err != nil {
		s.t.Fatal(err)
	}
	mono, boot := s.clock.Monotonic()
	e := record.Entry{
		Seq: int64(len(s.entries) + 1), Time: s.clock.Now(), Mono: mono, Boot: boot,
		Actor: d.Actor, Kind: d.Kind, Phase: d.Phase, Step: d.Step, Fields: d.Fields,
	}
	s.entries = append(s.entries, e)
	return e
}

func (s *story) enter(after time.Duration, p incident.Phase) {
	s.t.Helper()
	from := s.phase
	s.phase = p
	s.then(after, record.PhaseEntered, "", record.Entered{From: from, To: p})
}

// as hands the keyboard to somebody else for one entry.
func (s *story) as(who incident.Actor, after time.Duration, kind record.Kind, step string, payload any) record.Entry {
	s.t.Helper()
	before := s.by
	s.by = who
	defer func() { s.by = before }()
	return s.then(after, kind, step, payload)
}

func (s *story) head() record.Head {
	return record.Head{
		Origin: "firebreak-7c1f/2026-0007", Size: int64(len(s.entries)),
		Root:   strings.Repeat("9f2c77ab", 8),
		Signed: []byte("firebreak-7c1f/2026-0007\n" + fmt.Sprint(len(s.entries)) + "\nnyx3q58sd6s=\n\n— firebreak-7c1f Zm9vYmFy\n"),
	}
}

const playbook = `
playbook: v1
id: stolen-key
name: Stolen deploy key
version: 1.2.0
owner: team-appsec
severity: sev2
vars:
  lessons: {type: string}
  personal_data: {type: bool}
phases:
  identify:
    - {id: scope, title: What did the key reach?, manual: Look., ask: {personal_data: "Was personal data reachable?"}}
    - {id: take, title: Collect from the build host, collect: triage}
  contain:
    - {id: tell, title: Tell the team, notify: [chat], with: {text: "We are on it"}}
    - id: decide
      title: Is the key still in use?
      if: personal_data
      then:
        - {id: page-legal, title: Page legal, manual: Call them.}
      else:
        - {id: note-it, title: Write down why not, manual: Write.}
    - {id: wall, title: Watch the outgoing traffic, manual: Watch., if: personal_data}
  eradicate:
    - {id: purge, title: Remove the key from history, manual: Purge.}
    - {id: rotate, title: Rotate the neighbours, manual: Rotate.}
  recover:
    - {id: build, title: Build again from clean, manual: Build.}
  learn:
    - {id: talk, title: Talk it through, manual: Talk., ask: {lessons: "What would you do differently?"}}
    - {id: write, title: Write the review, review: blameless}
`

// rich is a whole incident with every kind of entry, and what can go wrong.
func rich(t *testing.T) *story {
	s := newStory(t)
	minute := time.Minute
	at := testkit.Start()
	s.then(0, record.IncidentOpened, "", record.Opened{
		Title: "Deploy key of acme/widgets used from an unknown address", Severity: incident.SEV3, TLP: incident.TLPAmber,
		Summary:  "GitHub reported a clone with a deploy key that only the build host should have.",
		Detected: at.Add(-14 * minute),
	})
	s.then(0, record.RunStarted, "", record.Started{
		Run: "r1", Playbook: "stolen-key", Name: "Stolen deploy key", Version: "1.2.0",
		SHA256: strings.Repeat("ab12", 16), Source: playbook,
	})
	s.then(0, record.VariableSet, "", record.Variables{Run: "r1", Vars: map[string]any{"repo": "acme/widgets"}})
	s.then(3*minute, record.RoleAssigned, "", record.Assigned{Role: incident.Commander, Person: "Ada Okafor"})
	s.as(jun(), minute, record.RoleAssigned, "", record.Assigned{Role: incident.Investigator, Person: "Jun Lindqvist"})
	sev := incident.SEV2
	impact := "Source code of one private repository was read by an unknown party.\nNo customer data is in it."
	s.then(2*minute, record.IncidentChanged, "", record.Changed{Severity: &sev, Impact: &impact, Reason: "the key could write"})
	s.then(0, record.StepStarted, "scope", record.StepBegin{Run: "r1", Attempt: 1})
	s.then(9*minute, record.StepDone, "scope", record.StepEnd{Run: "r1", Answers: map[string]any{"personal_data": false}, Note: "read access to one repository, see e2"})
	s.then(0, record.StepStarted, "take", record.StepBegin{Run: "r1", Attempt: 1})
	s.then(20*time.Second, record.StepFailed, "take", record.StepFailure{Run: "r1", Error: "host build-1: connection reset", Attempt: 1, RetryAt: s.clock.Now().Add(10 * time.Second)})
	s.then(10*time.Second, record.StepStarted, "take", record.StepBegin{Run: "r1", Attempt: 2})
	stat := record.Stat{Size: 48_211, Mode: "-rw-r-----", Inode: 99, Modified: at.Add(-30 * minute), Accessed: at, Changed: at.Add(-30 * minute)}
	later := stat
	later.Size, later.Modified = 48_377, at.Add(16*minute)
	for i, x := range []record.Exhibit{
		{Kind: "linux.processes", Title: "Running processes", Source: "/proc", Method: "read /proc, executables hashed", Size: 91_204, Format: "fb.processes"},
		{Kind: "linux.auth", Title: "Authentication log", Source: "/var/log/auth.log", Method: "O_NOATIME read of one descriptor", Size: 48_211, Format: "syslog", Before: &stat, After: &later, Deviations: []string{"grew while it was read"}},
		{Kind: "linux.wtmp", Title: "Login history", Source: "/var/log/wtmp", Method: "O_NOATIME read of one descriptor", Size: 12_288_000, Format: "utmp", ClockOffset: 2100 * time.Millisecond},
	} {
		x.ID, x.Host, x.Collector, x.Tool, x.Authority = fmt.Sprintf("e%d", i+1), "build-1", x.Kind, "firebreak 0.1.0", "commander"
		x.SHA256 = strings.Repeat(fmt.Sprintf("%02x", 0x77+i), 32)
		x.Started, x.Finished = s.clock.Now(), s.clock.Now().Add(2*time.Second)
		s.then(2*time.Second, record.EvidenceSealed, "take", x)
	}
	s.then(time.Second, record.CollectionFinished, "take", record.Collection{
		Profile: "triage", Host: "build-1", Root: "/", Exhibits: 3, Bytes: 12_427_415, Took: 7 * time.Second,
		Refused: []record.Refusal{
			{Collector: "linux.btmp", Source: "/var/log/btmp", Reason: "permission denied"},
			{Collector: "linux.history", Source: "/root/.bash_history", Reason: "permission denied"},
		},
	})
	s.then(time.Second, record.TimelineIngested, "take", record.Ingestion{Exhibit: "e1", Parser: "fb.processes", Events: 212, Added: 212, Seen: 212, First: at, Last: at.Add(15 * minute)})
	s.then(time.Second, record.TimelineIngested, "take", record.Ingestion{
		Exhibit: "e2", Parser: "syslog", Events: 4811, Added: 4790, Rejected: 3, Seen: 4814,
		First: at.Add(-50 * time.Hour), Last: at.Add(16 * minute), Samples: []string{"-- MARK --", "\x00\x00\x00garbage"},
	})
	s.then(0, record.StepDone, "take", record.StepEnd{Run: "r1", Result: map[string]any{"exhibits": 3}})
	yes := true
	s.as(jun(), 4*minute, record.EventMarked, "", record.Mark{Event: "EV1", Star: &yes, Tags: []string{"initial-access"}, Time: at.Add(-126 * minute), Message: "Accepted publickey for deploy from 203.0.113.9 port 50122 ssh2", Exhibit: "e2"})
	s.as(jun(), minute, record.EventMarked, "", record.Mark{Event: "EV2", Star: &yes, Tags: []string{"exfiltration", "T1213"}, Comment: "that is the clone GitHub saw", Time: at.Add(-15 * minute), Message: "git-upload-pack 'acme/widgets' by deploy", Exhibit: "e2"})
	s.as(jun(), minute, record.EventMarked, "", record.Mark{Event: "EV3", Comment: "no time in this one", Message: "deleted but open: /tmp/.x/kworkerd", Exhibit: "e1"})
	s.then(2*minute, record.Noted, "", record.Note{Text: "We take the key away before we look further: every minute it can push.", Decision: true})

	s.enter(0, incident.Contain)
	plan := json.RawMessage(`{"call":{"params":{"repo":"acme/widgets","key_id":8841}},"effects":["acme/widgets loses the deploy key build-1","builds of acme/widgets stop until a new key is there"]}`)
	s.then(30*time.Second, record.ActionPlanned, "", record.Planned{
		Action: "a1", Name: "github.deploykey.delete", Connection: "github", Title: "Delete a deploy key", Target: "acme/widgets",
		Danger: incident.High, Digest: strings.Repeat("9f2c", 16), Key: "k1", Plan: plan, Approvals: 2, By: incident.Approver, Reason: "it was used from 203.0.113.9",
		Undo: "add the saved public key again, read-only",
	})
	s.then(minute, record.ActionApproved, "", record.Decision{Action: "a1", Digest: strings.Repeat("9f2c", 16), Strength: "local", Reason: "worth a broken build", Expires: s.clock.Now().Add(15 * minute)})
	s.as(jun(), minute, record.ActionApproved, "", record.Decision{Action: "a1", Digest: strings.Repeat("9f2c", 16), Strength: "ssh key in agent", Expires: s.clock.Now().Add(15 * minute)})
	s.then(5*time.Second, record.ActionSending, "", record.Attempt{Action: "a1", Attempt: 1, Owner: "p-1"})
	s.then(time.Second, record.ActionSent, "", record.Outcome{Action: "a1", Attempt: 1, Ref: "key 8841"})
	s.then(2*time.Second, record.ActionVerified, "", record.Outcome{Action: "a1", Attempt: 1, Says: "GET /repos/acme/widgets/keys/8841: 404"})

	s.then(minute, record.ActionPlanned, "", record.Planned{Action: "a2", Name: "linux.nft.block", Connection: "build-1", Title: "Block an address", Target: "203.0.113.9", Danger: incident.Medium, Digest: strings.Repeat("11aa", 16), Key: "k2", Plan: json.RawMessage(`{"effects":["nothing more leaves build-1 for 203.0.113.9"]}`), Approvals: 1, Undo: "delete the element from the set"})
	s.then(20*time.Second, record.ActionApproved, "", record.Decision{Action: "a2", Digest: strings.Repeat("11aa", 16), Strength: "local"})
	s.then(time.Second, record.ActionSending, "", record.Attempt{Action: "a2", Attempt: 1, Owner: "p-1"})
	s.then(time.Second, record.ActionSent, "", record.Outcome{Action: "a2", Attempt: 1})
	s.then(time.Second, record.ActionVerified, "", record.Outcome{Action: "a2", Attempt: 1, Says: "the set holds 203.0.113.9"})

	s.then(minute, record.ActionPlanned, "tell", record.Planned{Action: "a3", Name: "webhook.post", Connection: "chat", Title: "Post a message", Target: "#incidents", Danger: incident.Low, Digest: strings.Repeat("22bb", 16), Key: "k3", Plan: json.RawMessage(`{"call":{"params":{"text":"We are on it: 2026-0007, SEV2."}},"effects":["people are told"]}`)})
	s.then(time.Second, record.ActionSending, "tell", record.Attempt{Action: "a3", Attempt: 1, Owner: "p-1"})
	s.then(time.Second, record.ActionSent, "tell", record.Outcome{Action: "a3", Attempt: 1, Ref: "msg-551"})
	s.then(0, record.StepDone, "tell", record.StepEnd{Run: "r1"})
	s.then(0, record.ActionPlanned, "", record.Planned{Action: "a4", Name: "pagerduty.event.trigger", Connection: "pagerduty", Title: "Trigger an alert", Target: "dba-oncall", Danger: incident.Low, Digest: strings.Repeat("33cc", 16), Key: "k4", Plan: json.RawMessage(`{"call":{"params":{"summary":"Deploy key abused, builds are stopped"}},"effects":["dba-oncall is paged"]}`), Reason: "builds stop"})
	s.then(time.Second, record.ActionSending, "", record.Attempt{Action: "a4", Attempt: 1, Owner: "p-1"})
	s.then(30*time.Second, record.ActionUnknown, "", record.Outcome{Action: "a4", Attempt: 1, Class: "ambiguous", Error: "connection reset after the request was sent"})
	s.then(0, record.ActionPlanned, "", record.Planned{Action: "a5", Name: "github.repo.archive", Connection: "github", Title: "Archive the repository", Target: "acme/widgets", Danger: incident.High, Digest: strings.Repeat("44dd", 16), Key: "k5", Plan: json.RawMessage(`{}`), Approvals: 2})
	s.then(30*time.Second, record.ActionLapsed, "", record.Lapse{Action: "a5", After: "10m", Pages: []string{"a4"}})
	s.as(jun(), 30*time.Second, record.ActionRejected, "", record.Decision{Action: "a5", Digest: strings.Repeat("44dd", 16), Strength: "local", Reason: "the team still works in it"})
	s.then(0, record.ActionPlanned, "", record.Planned{Action: "a6", Name: "github.workflow.disable", Connection: "github", Title: "Disable a workflow", Target: "release.yml", Danger: incident.Medium, Digest: strings.Repeat("55ee", 16), Key: "k6", Plan: json.RawMessage(`{"effects":["no releases"]}`), Approvals: 1, Undo: "enable it again"})
	s.then(0, record.ActionApproved, "", record.Decision{Action: "a6", Digest: strings.Repeat("55ee", 16), Strength: "local"})
	s.then(0, record.ActionSending, "", record.Attempt{Action: "a6", Attempt: 1, Owner: "p-1"})
	s.then(0, record.ActionFailed, "", record.Outcome{Action: "a6", Attempt: 1, Class: "rejected", Error: "403 Forbidden: needs scope actions:write"})
	s.then(0, record.ActionPlanned, "", record.Planned{Action: "a9", Name: "linux.nft.block", Connection: "build-1", Title: "Block a network", Target: "198.51.100.0/24", Danger: incident.Medium, Digest: strings.Repeat("77ac", 16), Key: "k8", Plan: json.RawMessage(`{"effects":["nothing more comes from 198.51.100.0/24"],"timer":"the element goes after 8h0m0s","bound":{"tool":"firebreak"}}`), Approvals: 1, Undo: "delete the element from the set", Second: true, Typed: true, Level: 2, Tried: "nft --check: ok", Lasts: "1h0m0s", Overrides: []string{"protected: 198.51.100.0/24"}, Reason: "the resolver itself attacks"})
	s.as(jun(), 0, record.ActionApproved, "", record.Decision{Action: "a9", Digest: strings.Repeat("77ac", 16), Strength: "local", Reason: "the site is down anyway", BreakGlass: true})
	s.then(0, record.ActionSending, "", record.Attempt{Action: "a9", Attempt: 1, Owner: "p-1"})
	s.then(0, record.ActionSent, "", record.Outcome{Action: "a9", Attempt: 1})
	s.then(0, record.ActionVerified, "", record.Outcome{Action: "a9", Attempt: 1, Says: "the set holds 198.51.100.0/24"})
	s.then(0, record.ActionExtended, "", record.Extension{Action: "a9", Until: s.clock.Now().Add(90 * minute), Reason: "they scan us still"})
	s.then(0, record.ActionExpired, "", record.Expiry{Action: "a9", Lasts: "1h0m0s", Error: "build-1 does not answer"})
	s.then(0, record.RolledBack, "", record.Rollback{To: "identify", Reason: "it was our own scanner", Results: []record.Unwound{
		{Action: "a9", Result: record.NeedsHuman, Why: "what is there is not what a9 left"},
		{Action: "a2", Undo: "a7", Result: record.Waiting, Why: "1 approval"},
		{Action: "a1", Result: record.Irreversible, Why: "the key is gone"},
	}})
	s.then(minute, record.StepDone, "decide", record.StepEnd{Run: "r1", Branch: "else"})
	s.then(minute, record.StepSkipped, "note-it", record.StepSkip{Run: "r1", Reason: "it is in the note above"})
	s.then(0, record.StepSkipped, "wall", record.StepSkip{Run: "r1", Reason: "personal_data is false", Guard: true})
	s.then(0, record.StepAdded, "", record.AdHoc{Run: "r1", ID: "x1", Title: "Ask the hoster who 203.0.113.9 is", Text: "Write to abuse.", Phase: incident.Contain})
	s.as(jun(), 12*minute, record.StepDone, "x1", record.StepEnd{Run: "r1", Note: "a rented machine, logs asked for"})

	s.enter(minute, incident.Eradicate)
	s.then(25*minute, record.StepDone, "purge", record.StepEnd{Run: "r1"})
	s.then(0, record.StepReopened, "purge", record.StepSkip{Run: "r1", Reason: "one branch was forgotten"})
	s.then(6*minute, record.StepDone, "purge", record.StepEnd{Run: "r1", Note: "both branches"})
	s.then(0, record.StepFailed, "rotate", record.StepFailure{Run: "r1", Error: "no access to the second organisation", Attempt: 1, Final: true})
	s.enter(minute, incident.Recover)
	s.then(minute, record.ActionPlanned, "", record.Planned{Action: "a7", Name: "linux.nft.unblock", Connection: "build-1", Title: "Unblock an address", Target: "203.0.113.9", Danger: incident.Low, Digest: strings.Repeat("66ff", 16), Key: "k7", Plan: json.RawMessage(`{}`), Reverts: "a2", Approvals: 1})
	s.then(0, record.ActionApproved, "", record.Decision{Action: "a7", Digest: strings.Repeat("66ff", 16), Strength: "local"})
	s.then(0, record.ActionSending, "", record.Attempt{Action: "a7", Attempt: 1, Owner: "p-1"})
	s.then(0, record.ActionSent, "", record.Outcome{Action: "a7", Attempt: 1})
	s.then(time.Second, record.ActionVerified, "", record.Outcome{Action: "a7", Attempt: 1, Says: "the set is empty"})
	s.then(0, record.ActionPlanned, "tell", record.Planned{Action: "a8", Name: "webhook.send", Connection: "chat", Title: "Post a message", Target: "#incidents", Danger: incident.Low, Digest: strings.Repeat("77ab", 16), Key: "k8", Plan: json.RawMessage(`{"call":{"params":{"message":"The builds are back."}}}`), Message: true})
	s.then(0, record.ActionSending, "tell", record.Attempt{Action: "a8", Attempt: 1, Owner: "p-1"})
	s.then(0, record.ActionQueued, "tell", record.Queued{Action: "a8", Attempt: 1, Tries: 1, Class: "not-sent", Error: "dial tcp: no route to host", NotBefore: s.clock.Now().Add(minute), Until: s.clock.Now().Add(24 * time.Hour), Since: s.clock.Now()})
	s.then(0, record.Undelivered, "tell", record.Unheard{Actions: []string{"a8"}, Connections: []string{"chat"}, Queued: true, Error: "dial tcp: no route to host"})
	s.then(0, record.ActionDropped, "tell", record.Decision{Action: "a8", Digest: strings.Repeat("77ab", 16), Strength: "local", Reason: "said by phone"})
	s.then(18*minute, record.StepDone, "build", record.StepEnd{Run: "r1", Note: "reproducible, hashes match"})
	s.enter(minute, incident.Learn)
	s.then(minute, record.EvidenceChecked, "", record.Check{Exhibit: "e1", OK: true, Found: strings.Repeat("77", 32)})
	s.then(0, record.EvidenceChecked, "", record.Check{Exhibit: "e3", OK: false, Found: strings.Repeat("00", 32)})
	s.then(20*minute, record.Noted, "", record.Note{Text: "factor: the key had no expiry and nobody was told when it was used from elsewhere"})
	s.as(jun(), minute, record.Noted, "", record.Note{Text: "went well: the key was gone 30 minutes after the first look"})
	s.then(0, record.Noted, "", record.Note{Text: "He should have rotated it."})
	s.then(5*minute, record.StepDone, "talk", record.StepEnd{Run: "r1", Answers: map[string]any{"lessons": "Short-lived tokens instead of deploy keys."}})
	s.then(0, record.UpdateWritten, "", record.Update{ID: "u1", Audience: "executives", Profile: record.ExecutiveProfile, TLP: "amber", Text: "The key is gone.", Through: 9, ByHand: "on the call at 14:00"})
	s.facts()
	s.then(0, record.ItemAdded, "", record.Item{ID: "i1", Text: "Replace deploy keys with short-lived tokens", Owner: "Ada Okafor", Due: at.Add(30 * 24 * time.Hour), Class: "prevent"})
	s.then(0, record.ItemAdded, "", record.Item{ID: "i2", Text: "Alert on a deploy key used from a new network", Class: "detect"})
	s.then(0, record.ReviewWritten, "write", record.Written{Files: map[string]string{"review.md": strings.Repeat("aa", 32)}, Size: 70, Root: strings.Repeat("bc", 32)})
	s.then(minute, record.IncidentClosed, "", record.Reason{Reason: "the key is gone, the builds are back"})
	s.then(26*time.Hour, record.IncidentReopened, "", record.Reason{Reason: "the hoster has answered"})
	finding := record.Judged{
		Finding: "f3a90c11e2", Verdict: record.Confirmed, Reason: "not one of our jobs", Rules: []string{"cron-new"}, Severity: "medium", Title: "A cron table was written lately",
		Technique: "T1053.003", Host: "build-1", About: "/etc/cron.d/sysupd", Says: "written with no package installed then", First: at.Add(-100 * minute), Events: []string{"EV4"}, Exhibits: []string{"e2"},
	}
	s.as(jun(), minute, record.FindingJudged, "", finding)
	finding.Finding, finding.Verdict, finding.About, finding.Reason = "f77c0a9d41", record.Dismissed, "/etc/cron.d/backup", "our backup"
	s.as(jun(), minute, record.FindingJudged, "", finding)
	s.then(minute, record.AlertReceived, "", record.Received{
		Exhibit: "e2", Source: "gitleaks", Tools: []string{"gitleaks"}, Snapshot: true, Findings: 3, Severity: map[string]int{"high": 3}, New: 1, Again: 2, Gone: 1,
		Changes: []record.ReceivedScope{{Scope: "gitleaks | .", New: []string{"00aa11bb22cc33dd"}, Gone: []string{"99aa11bb22cc33dd"}}},
	})
	done, due := "done", at.Add(20*24*time.Hour)
	s.then(minute, record.ItemChanged, "", record.ItemChange{ID: "i1", State: done, Reason: "the builds use tokens of one hour", Link: "acme/widgets#41"})
	s.as(jun(), minute, record.ItemChanged, "", record.ItemChange{ID: "i2", Due: &due, Source: "github"})
	s.then(40*minute, record.IncidentClosed, "", record.Reason{Reason: "nothing new in the hoster's logs"})
	s.reviewed()
	return s
}

// facts is what people find out, say and decide, in fields of its own.
func (s *story) facts() {
	s.t.Helper()
	minute, at := time.Minute, testkit.Start()
	number := func(f float64) *float64 { return &f }
	s.then(minute, record.MomentStated, "", record.Moment{Moment: "occurred", At: at.Add(-127 * minute), Reason: "the first login with the key, e2"})
	s.then(0, record.MomentStated, "", record.Moment{Moment: "contained", At: at.Add(27 * minute), Reason: "guessed"})
	s.then(0, record.MomentStated, "", record.Moment{Moment: "contained", At: at.Add(29 * minute), Reason: "the key was gone"})
	s.then(0, record.MomentStated, "", record.Moment{Moment: "recovered", At: at.Add(2 * time.Hour)})
	s.then(0, record.MomentStated, "", record.Moment{Moment: "recovered", Reason: "the second organisation still builds with the old key"})
	s.then(minute, record.ImpactStated, "", record.Impact{Measure: "records", Class: "customers", Place: "DE", Low: number(1200), High: number(5000), Certainty: "suspected"})
	s.as(jun(), 0, record.ImpactStated, "", record.Impact{Measure: "records", Class: "customers", Place: "DE", Low: number(0), High: number(0), Certainty: "excluded", Basis: "no personal data is in the repository, EV2"})
	s.then(0, record.ImpactStated, "", record.Impact{Measure: "systems", Low: number(1), High: number(1), Certainty: "confirmed", Text: "build-1"})
	s.then(0, record.ImpactStated, "", record.Impact{Measure: "money", Low: number(8000), High: number(12500.5), Unit: "EUR", Certainty: "estimated", Basis: "two days of a release held back"})
	s.then(0, record.ImpactStated, "", record.Impact{Measure: "downtime", Class: "builds", From: at.Add(26 * minute), To: at.Add(98 * minute), Certainty: "confirmed"})
	s.then(0, record.ImpactStated, "", record.Impact{Measure: "people", Low: number(3), Certainty: "suspected"})
	s.then(0, record.ImpactStated, "", record.Impact{Measure: "people", Certainty: "suspected", Withdrawn: true})
	s.then(minute, record.SubjectNamed, "", record.Subject{Kind: "address", Value: "203.0.113.9", Role: "attacker", Note: "it used the key"})
	s.then(0, record.SubjectNamed, "", record.Subject{Kind: "host", Value: "build-1", Role: "victim", As: "the build host"})
	s.then(0, record.SubjectNamed, "", record.Subject{Kind: "address", Value: "192.0.2.77", Role: "attacker"})
	s.then(0, record.SubjectNamed, "", record.Subject{Kind: "address", Value: "192.0.2.77", Role: "attacker", Note: "our own scanner", Withdrawn: true})
	s.as(jun(), minute, record.TechniqueSeen, "", record.Technique{Technique: "T1078.004", Name: "valid cloud accounts", At: at.Add(-127 * minute), Events: []string{"EV1"}, Text: "the deploy key is an account"})
	s.as(jun(), 0, record.TechniqueSeen, "", record.Technique{Technique: "T1496"})
	s.as(jun(), 0, record.TechniqueSeen, "", record.Technique{Technique: "T1496", Withdrawn: true, Text: "kworkerd is ours"})
	s.then(minute, record.FactorNamed, "", record.Factor{ID: "f1", Category: "technical", Key: "key-without-expiry", Text: "Deploy keys have no expiry and work from every network."})
	s.then(0, record.FactorNamed, "", record.Factor{ID: "f2", Category: "process", Text: "Jun never looked at the list of keys."})
	s.then(0, record.FactorNamed, "", record.Factor{ID: "f2", Category: "process", Key: "no-inventory", Text: "Nobody is asked to look at the list of keys."})
	s.then(0, record.FactorNamed, "", record.Factor{ID: "f3", Category: "organisational", Text: "Ada Okafor keeps the only copy of the runbook."})
	s.then(minute, record.ControlJudged, "", record.Control{ID: "c1", Refs: []string{"csf:PR.AA-05", "iso27001:A.5.17", "cis:5.2", "pci:8.3", "soc2:CC6.1", "hipaa:164.312(a)(1)"}, Held: "failed", Techniques: []string{"T1078.004"}, Text: "keys are not bound to a network"})
	s.then(0, record.ControlJudged, "", record.Control{ID: "c2", Refs: []string{"csf:DE.CM-01", "iso27001:A.8.16"}, Held: "missing", Techniques: []string{"T1213"}, Text: "no alert for a clone from a new address"})
	s.then(0, record.ControlJudged, "", record.Control{ID: "c3", Refs: []string{"csf:RS.MI-01"}, Held: "held"})
	s.as(jun(), minute, record.DecisionTaken, "", record.Decided{
		ID: "d1", Question: "Do we stop the builds?", Choice: "We stop all builds of acme/widgets.", Known: "the key can push; whether it did is not known",
		Alternatives: []string{"let the running release end", "only watch the key"}, Reason: "a poisoned release costs more than a day", By: "Ada Okafor", Role: incident.Commander, At: at.Add(24 * minute),
	})
	s.then(0, record.DecisionTaken, "", record.Decided{ID: "d2", Choice: "We tell no customer yet."})
	s.then(0, record.Noted, "", record.Note{Text: "went wrong: the contact of the hoster was in nobody's list"})
	s.then(0, record.Noted, "", record.Note{Text: "surprise: the key worked from outside the office"})
	s.then(0, record.Noted, "", record.Note{Text: "luck: the attacker did not push"})
	s.then(0, record.ShiftHandedOn, "", record.HandedOn{To: "Jun Lindqvist", Text: "wait for the hoster", Through: int64(len(s.entries))})
	s.then(0, record.ClockStarted, "", record.ClockStart{Event: "aware", At: at.Add(30 * minute), Reason: "e2 shows the use of the key", Zone: "Europe/Berlin"})
	s.then(0, record.ClockChosen, "", record.ClockChoice{Clock: "eu-gdpr-33-authority", Applies: true, Reason: "asked counsel"})
	s.then(0, record.ClockMet, "", record.Submission{Clock: "eu-gdpr-33-authority", At: at.Add(3 * time.Hour), To: "BlnBDI", How: "portal", Proof: "receipt 0412"})
}

// reviewed is what becomes of the review itself.
func (s *story) reviewed() {
	s.t.Helper()
	root := strings.Repeat("9f2c77ab", 8)
	s.then(time.Hour, record.ReviewText, "", record.PartText{Part: "summary", Version: 1, Text: "Somebody read our code."})
	s.as(jun(), time.Minute, record.ReviewText, "", record.PartText{Part: "summary", Version: 2, Text: "A stolen key gave somebody outside the source of one program.\n\nNothing was changed, and no data of customers is in it."})
	s.then(0, record.ReviewMoved, "", record.ReviewMove{From: record.ReviewDraft, To: record.ReviewInReview, Size: int64(len(s.entries)), Root: root})
	s.as(jun(), time.Hour, record.ReviewMoved, "", record.ReviewMove{
		From: record.ReviewInReview, To: record.ReviewReviewed, Size: int64(len(s.entries)), Root: root, Reason: "as it was",
		Signature: &record.Signature{Principal: "jun@example.org", Key: "SHA256:abc", Strength: "agent"},
	})
	s.then(time.Minute, record.ReviewReleased, "", record.Release{
		ID: "v1", Profile: record.LegalProfile, Files: map[string]string{"review.pdf": strings.Repeat("ab", 32)}, Size: int64(len(s.entries)), Root: root,
		Made: s.clock.Now(), Tool: "firebreak 0.1.0", To: "outside counsel",
	})
}
