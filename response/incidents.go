package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
)

// Open opens an incident and, when it names a playbook, starts the run. The
// folder appears under its id only when its record holds both.
func (s *Session) Open(ctx context.Context, n NewIncident) (incident.Incident, error) {
	if strings.TrimSpace(n.Title) == "" {
		return incident.Incident{}, usage("firebreak open \"what happened, in a few words\"", "an incident needs a title")
	}
	if len(n.Title) > 300 {
		return incident.Incident{}, usage("put the rest into the summary", "the title has %d bytes; 300 is the limit", len(n.Title))
	}
	var p *playbooks.Playbook
	if n.Playbook != "" {
		var err error
		if p, err = s.s.Runnable(n.Playbook); err != nil {
			return incident.Incident{}, err
		}
	}
	opened := record.Opened{Title: n.Title, Severity: n.Severity, TLP: n.TLP, Drill: n.Drill, Summary: n.Summary, Impact: n.Impact, Detected: n.Detected}
	if opened.Severity == 0 {
		opened.Severity = incident.SEV3
		if p != nil && p.Severity != 0 {
			opened.Severity = p.Severity
		}
	}
	if opened.TLP == "" {
		opened.TLP = incident.TLPAmber
		if p != nil && p.TLP != "" {
			opened.TLP = p.TLP
		}
	}
	var started *record.Started
	var uncounted error
	if p != nil {
		vars, err := p.Values(n.Vars, n.Drill)
		if err != nil {
			return incident.Incident{}, usage("--var NAME=VALUE, as the playbook declares it", "%w", err)
		}
		var c json.RawMessage
		c, uncounted = s.businessDays(p)
		started = &record.Started{Run: "r1", Playbook: p.ID, Name: p.Name, Version: p.Version, SHA256: p.SHA256, Source: string(p.Source), Vars: vars, Calendar: c}
	}
	id, err := s.create(ctx, opened, started, n.begin)
	if err != nil {
		return incident.Incident{}, err
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return incident.Incident{}, err
	}
	if uncounted != nil { // no reason to keep anybody waiting
		note := record.Note{Text: "Business days are counted as Monday to Friday: " + uncounted.Error()}
		if err := s.actIn(ctx, f, record.Noted, "", note, nil); err != nil {
			return incident.Incident{}, err
		}
	}
	return f.incident(ctx)
}

// create writes the new record in a folder with a working name and renames it
// to its id.
func (s *Session) create(ctx context.Context, opened record.Opened, started *record.Started, begin func(*store.Tx) ([]record.Draft, error)) (incident.ID, error) {
	unlock, err := lockFile(filepath.Join(s.s.incidentsDir(), ".lock"))
	if err != nil {
		return "", fmt.Errorf("open incident: %w", unwritable(err))
	}
	defer unlock()
	id, err := s.s.nextID()
	if err != nil {
		return "", err
	}
	work := filepath.Join(s.s.incidentsDir(), ".new-"+string(id))
	if err := os.RemoveAll(work); err != nil { // a former attempt that was interrupted
		return "", fmt.Errorf("open incident: %w", err)
	}
	first, err := s.newDraft(record.IncidentOpened, incident.NoPhase, "", opened)
	if err != nil {
		return "", err
	}
	data, err := s.s.newDataKey()
	if err != nil {
		return "", err
	}
	defer data.Wipe()
	st, err := store.Create(ctx, work, id, s.s.storeOptions(data), first)
	if err != nil {
		return "", errors.Join(storeError(id, err), os.RemoveAll(work))
	}
	err = errors.Join(makeEvidenceKey(work, s.s.o.Rand, data), s.s.keepDataKey(work, data))
	if err == nil && started != nil {
		err = s.startRun(ctx, st, *started)
	}
	if err == nil && begin != nil {
		_, err = st.UpdateAll(ctx, begin)
	}
	if err = errors.Join(err, st.Close()); err != nil {
		return "", errors.Join(err, os.RemoveAll(work))
	}
	if err := os.Rename(work, s.s.Dir(id)); err != nil {
		return "", errors.Join(fmt.Errorf("open incident: %w", err), os.RemoveAll(work))
	}
	if err := durable.SyncDir(s.s.incidentsDir()); err != nil { // or its name may be gone after a power cut
		return "", fmt.Errorf("open incident %s: it is there, and may be lost if the power fails: %w", id, err)
	}
	return id, nil
}

// nextID is the next running number of this year.
func (s *Service) nextID() (incident.ID, error) {
	year := s.o.Now().UTC().Year()
	ids, err := s.ids()
	if err != nil {
		return "", err
	}
	seen, err := os.ReadDir(s.headsDir()) // an incident that was taken away keeps its number
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("open incident: %w", err)
	}
	for _, e := range seen {
		ids = append(ids, incident.ID(e.Name()))
	}
	highest := 0
	for _, id := range ids {
		y, number, _ := strings.Cut(string(id), "-")
		n, err := strconv.Atoi(number)
		if err == nil && y == strconv.Itoa(year) {
			highest = max(highest, n)
		}
	}
	return incident.ID(fmt.Sprintf("%d-%04d", year, highest+1)), nil
}

// List returns the incidents, newest first. One that cannot be opened is
// listed with the reason.
func (s *Session) List(ctx context.Context) ([]Listed, error) {
	ids, err := s.s.ids()
	if err != nil {
		return nil, err
	}
	out := make([]Listed, 0, len(ids))
	terms, wrong := s.s.clockTerms() // what is wrong with deadlines hides no incident: firebreak clocks says it
	for _, id := range ids {
		l := Listed{Incident: incident.Incident{ID: id}}
		f, err := s.s.open(ctx, id)
		if err == nil {
			l.Incident, err = f.incident(ctx)
			l.Entries = f.store.Head().Size
		}
		if err == nil {
			hold, holdErr := f.hold(ctx)
			l.Hold, err = hold != nil, holdErr
		}
		if err == nil && wrong == nil && l.Status == incident.Open {
			l.Clock, err = s.s.nearestClock(ctx, f, terms)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			l.Broken = err.Error()
			l.ID = id
		}
		out = append(out, l)
	}
	return out, nil
}

// Incident returns the incident as the record has it now.
func (s *Session) Incident(ctx context.Context, id incident.ID) (incident.Incident, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return incident.Incident{}, err
	}
	return f.incident(ctx)
}

func (f *folder) incident(ctx context.Context) (inc incident.Incident, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) error {
		inc, err = tx.Incident()
		return err
	})
	return inc, err
}

// Change corrects the incident's head data.
func (s *Session) Change(ctx context.Context, id incident.ID, c record.Changed) error {
	if c.Title != nil && strings.TrimSpace(*c.Title) == "" {
		return usage("", "an incident needs a title")
	}
	return s.act(ctx, id, record.IncidentChanged, "", c, mustBeOpen)
}

// Assign gives a role to a person; "" takes it away.
func (s *Session) Assign(ctx context.Context, id incident.ID, role incident.Role, person string) error {
	return s.act(ctx, id, record.RoleAssigned, "", record.Assigned{Role: role, Person: person}, mustBeOpen)
}

// Note records free text; decision puts it into the review's decision log.
func (s *Session) Note(ctx context.Context, id incident.ID, step, text string, decision bool) error {
	if strings.TrimSpace(text) == "" {
		return usage("", "the note is empty")
	}
	if len(text) > 64<<10 {
		return usage("seal it as evidence: firebreak ingest", "the note has %d bytes; 64 KiB is the limit", len(text))
	}
	return s.act(ctx, id, record.Noted, step, record.Note{Text: text, Decision: decision}, nil)
}

// CloseIncident ends the work on an incident. What is unknown must be looked
// at first. With a signing key the person who closes signs the record.
func (s *Session) CloseIncident(ctx context.Context, id incident.ID, reason string) error {
	if err := s.closeIncident(ctx, id, reason); err != nil {
		return err
	}
	return s.SignDecision(ctx, id, "closed")
}

func (s *Session) closeIncident(ctx context.Context, id incident.ID, reason string) error {
	return s.act(ctx, id, record.IncidentClosed, "", record.Reason{Reason: reason}, func(tx *store.Tx) error {
		if err := mustBeOpen(tx); err != nil {
			return err
		}
		actions, err := tx.Actions()
		if err != nil {
			return err
		}
		for _, a := range actions {
			if ActionState(a.State) == Unknown || ActionState(a.State) == Sending {
				return refused("firebreak do "+string(id)+" "+a.Action+" --look", "close %s: nobody knows what became of action %s (%s)", id, a.Action, a.Title)
			}
			if ActionState(a.State) == Queued {
				return refused("firebreak outbox run "+string(id)+" sends it, firebreak outbox drop "+string(id)+" "+a.Action+" gives it up", "close %s: action %s (%s) is still in the outbox", id, a.Action, a.Title)
			}
		}
		return nil
	})
}

// Reopen takes up a closed incident again.
func (s *Session) Reopen(ctx context.Context, id incident.ID, reason string) error {
	return s.act(ctx, id, record.IncidentReopened, "", record.Reason{Reason: reason}, func(tx *store.Tx) error {
		inc, err := tx.Incident()
		if err == nil && inc.Status != incident.Closed {
			return refused("", "%s is open", id)
		}
		return err
	})
}

// AddItem adds a follow-up to the review and returns its id.
func (s *Session) AddItem(ctx context.Context, id incident.ID, item record.Item) (string, error) {
	if strings.TrimSpace(item.Text) == "" {
		return "", usage("", "the follow-up is empty")
	}
	if !validClass(item.Class) {
		return "", usage("prevent, detect, respond or recover", "class %.40q is not known", item.Class)
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return "", err
	}
	_, err = f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		if item.ID, err = tx.NextID("i"); err != nil {
			return record.Draft{}, err
		}
		return s.draft(tx, record.ItemAdded, "", item)
	})
	return item.ID, err
}

// act records one entry, if the guard lets it.
func (s *Session) act(ctx context.Context, id incident.ID, kind record.Kind, step string, payload any, guard func(*store.Tx) error) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	return s.actIn(ctx, f, kind, step, payload, guard)
}

func (s *Session) actIn(ctx context.Context, f *folder, kind record.Kind, step string, payload any, guard func(*store.Tx) error) error {
	_, err := f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		if guard != nil {
			if err := guard(tx); err != nil {
				return record.Draft{}, err
			}
		}
		return s.draft(tx, kind, step, payload)
	})
	return err
}

// draft makes an entry's draft in the incident's present phase.
func (s *Session) draft(tx *store.Tx, kind record.Kind, step string, payload any) (record.Draft, error) {
	inc, err := tx.Incident()
	if err != nil {
		return record.Draft{}, err
	}
	return s.newDraft(kind, inc.Phase, step, payload)
}

// mayAct refuses an action in a closed incident, unless it files a follow-up: those
// go on when the incident is over.
func mayAct(tx *store.Tx, p record.Planned) error {
	if p.Item != "" {
		return nil
	}
	return mustBeOpen(tx)
}

func mustBeOpen(tx *store.Tx) error {
	inc, err := tx.Incident()
	if err == nil && inc.Status == incident.Closed {
		return refused("firebreak open --again "+string(inc.ID)+" takes it up again", "%s was closed at %s", inc.ID, inc.Closed.UTC().Format(time.RFC3339))
	}
	return err
}
