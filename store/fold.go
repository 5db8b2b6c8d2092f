package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// The kinds of things in the projection table.
const (
	kindIncident = "incident"
	kindExhibit  = "exhibit"
	kindAction   = "action"
	kindMark     = "mark"
	kindItem     = "item"
	kindRun      = "run"
	kindErasure  = "erasure"
	kindHold     = "hold"
)

// fold applies entries to the projection. It reads nothing but the entry and
// the projection itself, so replaying a record gives the same bytes again. An
// entry that does not fit is ErrRefused, and the update that carries it fails.
type fold struct {
	ctx context.Context
	tx  *sql.Tx
	id  incident.ID
}

func refuse(e record.Entry, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %w", ErrRefused, e.Kind, fmt.Errorf(format, args...))
}

// apply folds one entry.
func (f fold) apply(e record.Entry) error {
	if (e.Seq == 1) != (e.Kind == record.IncidentOpened) {
		return refuse(e, "a record starts with %s, once", record.IncidentOpened)
	}
	switch e.Kind {
	case record.IncidentOpened:
		return f.opened(e)
	case record.IncidentChanged:
		var c record.Changed
		return f.incident(e, &c, func(i *incident.Incident) { change(i, c) })
	case record.IncidentClosed:
		return f.incident(e, &record.Reason{}, func(i *incident.Incident) { i.Status, i.Closed = incident.Closed, e.Time })
	case record.IncidentReopened:
		return f.incident(e, &record.Reason{}, func(i *incident.Incident) { i.Status, i.Closed = incident.Open, time.Time{} })
	case record.PhaseEntered:
		var p record.Entered
		return f.incident(e, &p, func(i *incident.Incident) { i.Phase = p.To })
	case record.RoleAssigned:
		var r record.Assigned
		return f.incident(e, &r, func(i *incident.Incident) { assign(i, r) })
	case record.RunStarted:
		return f.run(e)
	case record.EvidenceSealed:
		return f.sealed(e)
	case record.EvidenceChecked:
		var c record.Check
		return f.exhibit(e, &c, func(x *Exhibit) string { x.Checked = &c; return c.Exhibit })
	case record.TimelineIngested:
		var in record.Ingestion
		return f.exhibit(e, &in, func(x *Exhibit) string { x.Parsed = &in; return in.Exhibit })
	case record.EventMarked:
		return f.mark(e)
	case record.ActionPlanned:
		return f.planned(e)
	case record.ActionApproved, record.ActionRejected:
		return f.decided(e)
	case record.ActionSending:
		return f.sending(e)
	case record.ActionQueued:
		return f.queued(e)
	case record.ActionDropped:
		return f.decided(e)
	case record.ActionSent, record.ActionVerified, record.ActionFailed, record.ActionUnknown:
		return f.outcome(e)
	case record.ItemAdded:
		return f.item(e)
	case record.ErasureAsked:
		return f.asked(e)
	case record.ErasureAgreed:
		return f.agreed(e)
	case record.ErasureDone:
		return f.erased(e)
	case record.HoldPlaced, record.HoldLifted:
		return f.hold(e)
	case record.Noted, record.VariableSet, record.StepStarted, record.StepDone, record.StepFailed, record.StepSkipped,
		record.StepReopened, record.StepAdded, record.CollectionFinished, record.ReviewWritten,
		record.HeadSigned, record.HeadStamped, record.CustodyTransferred, record.CustodyAccepted, record.EvidenceAccessed,
		record.BundleMade, record.BackupMade, record.RecordRestored, record.TimelineExported, record.ClockJumped, record.DiskFull,
		record.FindingJudged, record.AlertReceived, record.ActionLapsed, record.ActionExpired, record.ActionExtended, record.RolledBack, record.Undelivered, record.UpdateWritten,
		record.ReviewText, record.ReviewMoved, record.ReviewReleased, record.MomentStated, record.ImpactStated, record.SubjectNamed,
		record.TechniqueSeen, record.FactorNamed, record.ControlJudged, record.DecisionTaken, record.ShiftHandedOn, record.ItemChanged,
		record.ClockStarted, record.ClockChosen, record.ClockMet,
		record.DrillBegun, record.DrillClock, record.DrillInject, record.DrillAnswered, record.DrillEnded, record.DrillReported:
		return nil // read from the entries; playbooks.Run replays the steps
	}
	return refuse(e, "unknown kind of entry")
}

func (f fold) opened(e record.Entry) error {
	var o record.Opened
	if err := e.Decode(&o); err != nil {
		return err
	}
	return f.put(e, kindIncident, string(f.id), 0, string(incident.Open), incident.Incident{
		ID: f.id, Title: o.Title, Severity: o.Severity, Status: incident.Open, Phase: e.Phase, TLP: o.TLP, Drill: o.Drill,
		Summary: o.Summary, Impact: o.Impact, Detected: o.Detected.UTC(), Opened: e.Time,
	})
}

// incident changes the incident by the payload, once it is decoded.
func (f fold) incident(e record.Entry, payload any, change func(*incident.Incident)) error {
	if err := e.Decode(payload); err != nil {
		return err
	}
	var i incident.Incident
	if err := f.get(e, kindIncident, string(f.id), &i); err != nil {
		return err
	}
	change(&i)
	return f.put(e, kindIncident, string(f.id), 0, string(i.Status), i)
}

func change(i *incident.Incident, c record.Changed) {
	set(&i.Title, c.Title)
	set(&i.Severity, c.Severity)
	set(&i.TLP, c.TLP)
	set(&i.Summary, c.Summary)
	set(&i.Impact, c.Impact)
	set(&i.Detected, c.Detected)
	i.Detected = i.Detected.UTC()
}

func assign(i *incident.Incident, r record.Assigned) {
	if r.Person == "" {
		delete(i.Roles, r.Role)
		return
	}
	if i.Roles == nil {
		i.Roles = map[incident.Role]string{}
	}
	i.Roles[r.Role] = r.Person
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// runDoc is what is kept of a run; its source stays in the record.
type runDoc struct {
	Playbook string `json:"playbook"`
	Name     string `json:"name"`
	Version  string `json:"version"`
	SHA256   string `json:"sha256"`
	Seq      int64  `json:"seq"`
}

func (f fold) run(e record.Entry) error {
	var s record.Started
	if err := e.Decode(&s); err != nil {
		return err
	}
	if err := f.add(e, kindRun, "r", s.Run, "", runDoc{s.Playbook, s.Name, s.Version, s.SHA256, e.Seq}); err != nil {
		return err
	}
	return f.incident(e, &record.Started{}, func(i *incident.Incident) { i.Playbook = s.Playbook })
}

func (f fold) sealed(e record.Entry) error {
	x := Exhibit{Seq: e.Seq, SealedAt: e.Time, SealedBy: called(e.Actor)}
	if err := e.Decode(&x.Exhibit); err != nil {
		return err
	}
	return f.add(e, kindExhibit, "e", x.ID, "", x)
}

// exhibit changes an exhibit by the payload that change, once it is decoded,
// puts into it.
func (f fold) exhibit(e record.Entry, payload any, change func(*Exhibit) string) error {
	if err := e.Decode(payload); err != nil {
		return err
	}
	id := change(&Exhibit{})
	var x Exhibit
	if err := f.get(e, kindExhibit, id, &x); err != nil {
		return err
	}
	change(&x)
	return f.put(e, kindExhibit, id, numberOf("e", id), "", x)
}

func (f fold) mark(e record.Entry) error {
	var in record.Mark
	if err := e.Decode(&in); err != nil {
		return err
	}
	if in.Event == "" {
		return refuse(e, "no event is named")
	}
	m := Mark{Event: in.Event}
	if err := f.get(e, kindMark, in.Event, &m); err != nil && !errors.Is(err, incident.ErrNotFound) {
		return err
	}
	m.add(in)
	return f.put(e, kindMark, in.Event, 0, "", m)
}

func (f fold) item(e record.Entry) error {
	var i record.Item
	if err := e.Decode(&i); err != nil {
		return err
	}
	return f.add(e, kindItem, "i", i.ID, "", itemDoc{i, e.Seq})
}

type itemDoc struct {
	record.Item
	Seq int64 `json:"seq"`
}

// add puts a new numbered thing; the id must be free.
func (f fold) add(e record.Entry, kind, prefix, id, state string, doc any) error {
	n := numberOf(prefix, id)
	if n == 0 {
		return refuse(e, "id %q: want %s and a number", id, prefix)
	}
	var there int
	err := f.tx.QueryRowContext(f.ctx, "SELECT count(*) FROM projection WHERE kind = ? AND id = ?", kind, id).Scan(&there)
	if err != nil {
		return fmt.Errorf("look for %s %s: %w", kind, id, err)
	}
	if there > 0 {
		return refuse(e, "%s %s is already there", kind, id)
	}
	return f.put(e, kind, id, n, state, doc)
}

func (f fold) put(e record.Entry, kind, id string, number int64, state string, doc any) error {
	b, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", kind, id, err)
	}
	_, err = f.tx.ExecContext(f.ctx, `INSERT INTO projection (kind, id, number, changed, state, doc) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, id) DO UPDATE SET changed = excluded.changed, state = excluded.state, doc = excluded.doc`,
		kind, id, number, e.Seq, state, string(b))
	if err != nil {
		return fmt.Errorf("keep %s %s: %w", kind, id, err)
	}
	return nil
}

func (f fold) get(e record.Entry, kind, id string, doc any) error {
	err := load(f.ctx, f.tx, kind, id, doc)
	if errors.Is(err, incident.ErrNotFound) {
		return refuse(e, "%w", err)
	}
	return err
}

// load reads one thing of the projection.
func load(ctx context.Context, tx *sql.Tx, kind, id string, doc any) error {
	var b []byte
	err := tx.QueryRowContext(ctx, "SELECT doc FROM projection WHERE kind = ? AND id = ?", kind, id).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s %.80q: %w", kind, id, incident.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read %s %s: %w", kind, id, err)
	}
	if err := json.Unmarshal(b, doc); err != nil {
		return fmt.Errorf("read %s %s: %w", kind, id, err)
	}
	return nil
}

// numberOf is the 12 of "e12", 0 for anything of another shape.
func numberOf(prefix, id string) int64 {
	digits, ok := strings.CutPrefix(id, prefix)
	n, err := strconv.ParseInt(digits, 10, 32)
	if !ok || err != nil || n < 1 || strconv.FormatInt(n, 10) != digits {
		return 0
	}
	return n
}

// called is the actor's name, or the pseudonym where the name is withheld.
func called(a incident.Actor) string {
	if a.Name == "" {
		return a.ID
	}
	return a.Name
}

// add takes in one more mark: a star is set or taken away, a tag is added, or
// taken away when it is written "-tag"; a comment comes behind the others.
func (m *Mark) add(in record.Mark) {
	set(&m.Star, in.Star)
	for _, t := range in.Tags {
		if gone, ok := strings.CutPrefix(t, "-"); ok {
			m.Tags = slices.DeleteFunc(m.Tags, func(s string) bool { return s == gone })
		} else if !slices.Contains(m.Tags, t) {
			m.Tags = append(m.Tags, t)
		}
	}
	slices.Sort(m.Tags)
	if in.Comment != "" {
		m.Comments = append(m.Comments, in.Comment)
	}
	if !in.Time.IsZero() {
		m.Time = in.Time.UTC()
	}
	if in.Message != "" {
		m.Message = in.Message
	}
	if in.Exhibit != "" {
		m.Exhibit = in.Exhibit
	}
}
