package response

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/timeline"
)

// PortableFormat names the form of a portable export. Members may be added
// within a version; none is renamed or removed. docs/portable.md describes it.
const PortableFormat = "firebreak.portable/1"

// PortableOptions says what a portable export is about.
type PortableOptions struct {
	Incident incident.ID // "" is all incidents, and wants a person
	Person   string      // a name, mail address or host; "" is everything of the incident
	Events   int         // how many events of the timeline for each incident, at most; 0 is all
	// Evidence is called for each exhibit with its plain bytes, and returns the
	// name under which they were kept. nil leaves them out.
	Evidence func(id incident.ID, exhibit string, plain io.Reader) (string, error)
}

// PortableSum is what an export came to.
type PortableSum struct {
	Incidents int   `json:"incidents"`
	Entries   int   `json:"entries"`
	Exhibits  int   `json:"exhibits"`
	Events    int64 `json:"events"`
	LeftOut   int64 `json:"events_left_out"`
}

type portableEntry struct {
	Seq    int64                      `json:"seq"`
	Time   string                     `json:"time"`
	Actor  incident.Actor             `json:"actor"`
	Kind   record.Kind                `json:"kind"`
	Phase  incident.Phase             `json:"phase"`
	Step   string                     `json:"step,omitempty"`
	Fields map[string]json.RawMessage `json:"fields"`
	Erased []string                   `json:"erased,omitempty"`
}

type portableExhibit struct {
	ExhibitView
	Seq  int64  `json:"seq"`
	File string `json:"file,omitempty"` // where its bytes were kept
}

// Portable writes everything about an incident, or everything about a person in
// one incident or in all of them, as one JSON document, one member or element a
// line. The same records give the same bytes. It holds a page of events at a
// time, not all.
func (s *Session) Portable(ctx context.Context, o PortableOptions, w io.Writer, p ProgressFunc) (PortableSum, error) {
	var sum PortableSum
	ids := []incident.ID{o.Incident}
	o.Person = strings.TrimSpace(o.Person)
	switch {
	case o.Person != "" && len([]rune(o.Person)) < minPerson:
		return sum, usage("give the whole name", "%q is too short to look for", o.Person)
	case o.Incident == "" && o.Person == "":
		return sum, usage("firebreak export INCIDENT --portable, or --person NAME", "say what is to be exported")
	case o.Incident == "":
		var err error
		if ids, err = s.s.ids(); err != nil {
			return sum, err
		}
		slices.Reverse(ids) // the oldest first
	}
	out := &portableWriter{w: w}
	about, err := json.Marshal(struct {
		Incident incident.ID `json:"incident,omitempty"`
		Person   string      `json:"person,omitempty"`
	}{o.Incident, o.Person})
	if err != nil {
		return sum, err
	}
	out.text("{\"format\": \"" + PortableFormat + "\",\n\"about\": " + string(about) + ",\n\"incidents\": [")
	for i, id := range ids {
		tell(p, "reading "+string(id), int64(i), int64(len(ids)))
		if err := s.portableIncident(ctx, id, o, out, &sum, p); err != nil {
			return sum, fmt.Errorf("export %s: %w", id, err)
		}
	}
	out.text("\n]}\n")
	return sum, out.err
}

// portableIncident writes one incident; one that has nothing of the person is
// left out.
func (s *Session) portableIncident(ctx context.Context, id incident.ID, o PortableOptions, out *portableWriter, sum *PortableSum, p ProgressFunc) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	part, err := s.portablePart(ctx, f, o)
	if err != nil {
		return err
	}
	filter := ""
	if o.Person != "" {
		filter = textFilter(o.Person)
	}
	total, err := s.Count(ctx, id, filter)
	if err != nil && CodeOf(err) != CodeIntegrity { // a damaged timeline is made again from the evidence
		return err
	}
	if o.Person != "" && part.empty() && total == 0 {
		return nil
	}
	if o.Evidence != nil {
		if err := s.portableEvidence(ctx, f, part.exhibits, o, p); err != nil {
			return err
		}
	}
	if sum.Incidents++; sum.Incidents > 1 {
		out.text(",")
	}
	out.text("\n{\"incident\": ")
	out.value(part.incident)
	out.text(",\n\"head\": ")
	out.value(part.head)
	portableList(out, "entries", part.entries)
	portableList(out, "exhibits", part.exhibits)
	portableList(out, "actions", part.actions)
	portableList(out, "marks", part.marks)
	portableList(out, "items", part.items)
	sum.Entries += len(part.entries)
	sum.Exhibits += len(part.exhibits)
	n, err := s.portableEvents(ctx, f, filter, o.Events, out, p)
	sum.Events += n
	sum.LeftOut += total - n
	out.text(fmt.Sprintf(",\n\"events_left_out\": %d}", total-n))
	return err
}

// portablePart is what the record has, of the person or of all.
type portablePart struct {
	incident incident.Incident
	head     struct {
		Origin string `json:"origin"`
		Size   int64  `json:"size"`
		Root   string `json:"root"`
	}
	entries  []portableEntry
	exhibits []portableExhibit
	actions  []store.Action
	marks    []store.Mark
	items    []record.Item
}

func (p portablePart) empty() bool {
	return len(p.entries)+len(p.exhibits)+len(p.actions)+len(p.marks)+len(p.items) == 0
}

func (s *Session) portablePart(ctx context.Context, f *folder, o PortableOptions) (portablePart, error) {
	var part portablePart
	wanted := func(v any) bool {
		if o.Person == "" {
			return true
		}
		b, err := json.Marshal(v)
		return err == nil && names(b, o.Person)
	}
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if part.incident, err = tx.Incident(); err != nil {
			return err
		}
		h, err := tx.Head()
		if err != nil {
			return err
		}
		part.head.Origin, part.head.Size, part.head.Root = h.Origin, h.Size, h.Root
		entries, err := tx.Entries(0, int(h.Size))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if wanted(e.Fields) || wanted(e.Actor.Name) {
				part.entries = append(part.entries, portableEntry{e.Seq, e.Time.UTC().Format(timeFormat), e.Actor, e.Kind, e.Phase, e.Step, e.Fields, e.Erased})
			}
		}
		xs, err := tx.Exhibits()
		if err != nil {
			return err
		}
		for _, x := range xs {
			if wanted(x) {
				v := ExhibitView{Exhibit: x.Exhibit, SealedAt: x.SealedAt, SealedBy: x.SealedBy, Parsed: x.Parsed, Checked: x.Checked, Erased: x.Erased}
				part.exhibits = append(part.exhibits, portableExhibit{ExhibitView: v, Seq: x.Seq})
			}
		}
		if part.actions, err = tx.Actions(); err != nil {
			return err
		}
		if part.marks, err = tx.Marks(); err != nil {
			return err
		}
		part.items, err = tx.Items()
		return err
	})
	part.actions = slices.DeleteFunc(part.actions, func(a store.Action) bool { return !wanted(a) })
	part.marks = slices.DeleteFunc(part.marks, func(m store.Mark) bool { return !wanted(m) })
	part.items = slices.DeleteFunc(part.items, func(i record.Item) bool { return !wanted(i) })
	return part, err
}

// timeFormat is RFC 3339 with as many digits as there are.
const timeFormat = "2006-01-02T15:04:05.999999999Z07:00"

// portableEvidence hands out the plain bytes of exhibits. The record says so
// first.
func (s *Session) portableEvidence(ctx context.Context, f *folder, xs []portableExhibit, o PortableOptions, p ProgressFunc) error {
	_, err := f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		var drafts []record.Draft
		for _, x := range xs {
			if x.Erased != "" {
				continue
			}
			d, err := s.draft(tx, record.EvidenceAccessed, "", record.Access{Exhibit: x.ID, Purpose: "portable export", To: "a file beside the export"})
			if err != nil {
				return nil, err
			}
			drafts = append(drafts, d)
		}
		return drafts, nil
	})
	if err != nil {
		return err
	}
	for i := range xs {
		x := &xs[i]
		if x.Erased != "" || x.Elsewhere {
			continue
		}
		tell(p, "writing "+x.ID, int64(i), int64(len(xs)))
		r, err := f.locker.Open(x.Blob)
		if err != nil {
			return fmt.Errorf("open exhibit %s: %w", x.ID, err)
		}
		x.File, err = o.Evidence(f.id, x.ID, r)
		if err == nil {
			err = r.Close()
		} else {
			_ = r.Close() // why it could not be kept matters more
		}
		if err != nil {
			return fmt.Errorf("write exhibit %s: %w", x.ID, err)
		}
	}
	return nil
}

// portableEvents writes the events, a page at a time.
func (s *Session) portableEvents(ctx context.Context, f *folder, filter string, most int, out *portableWriter, p ProgressFunc) (int64, error) {
	out.text(",\n\"events\": [")
	var n int64
	q, err := s.query(ctx, f.id, filter)
	if CodeOf(err) == CodeIntegrity {
		out.text("]")
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var after *timeline.Cursor
	for most == 0 || n < int64(most) {
		limit := events.MaxPage
		if most > 0 {
			limit = min(limit, most-int(n))
		}
		page, err := q.db.Page(ctx, q.filter, events.Request{After: after, Limit: limit})
		if err != nil {
			return n, fmt.Errorf("read the timeline: %w", err)
		}
		for _, e := range page {
			if n++; n > 1 {
				out.text(",")
			}
			out.text("\n")
			out.value(e)
		}
		if len(page) < limit || out.err != nil {
			break
		}
		at := page[len(page)-1].Cursor()
		after = &at
		tell(p, "writing events", n, 0)
	}
	out.text("]")
	return n, out.err
}

// portableWriter writes JSON piece by piece; the first error stays.
type portableWriter struct {
	w   io.Writer
	err error
}

func (o *portableWriter) text(s string) {
	if o.err == nil {
		_, o.err = io.WriteString(o.w, s)
	}
}

func (o *portableWriter) value(v any) {
	if o.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		o.err = fmt.Errorf("write out: %w", err)
		return
	}
	_, o.err = o.w.Write(b)
}

func portableList[T any](o *portableWriter, name string, list []T) {
	o.text(",\n\"" + name + "\": [")
	for i, v := range list {
		if i > 0 {
			o.text(",")
		}
		o.text("\n")
		o.value(v)
	}
	o.text("]")
}
