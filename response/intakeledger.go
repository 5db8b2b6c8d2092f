package response

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"firebreak/forensics/parse"
	"firebreak/integrations/intake"
	"firebreak/record"
	"firebreak/store"
)

// maxChanges is how many keys an entry lists; of more it says that the exhibit has
// them.
const maxChanges = 5000

// ledger is what the incident knows of findings: made of the entries
// alert.received, in their order.
type ledger struct {
	known  map[string]standingFinding
	items  map[string]string // item of the inbox → exhibit
	opened map[string]bool   // items that the incident was opened for
}

// standingFinding is how a finding stands: in whose reports, and how.
type standingFinding struct {
	scope string
	how   findingState
}

type findingState uint8

const (
	findingOpen findingState = iota
	findingClosed
	findingGone
)

func newLedger() *ledger {
	return &ledger{known: map[string]standingFinding{}, items: map[string]string{}, opened: map[string]bool{}}
}

// reported is what one report says, by key, in the order of the report.
type reported struct {
	keys     []string
	is       map[string]standingFinding
	scopes   []string
	snapshot bool
}

func (r *reported) add(f *intake.Finding) {
	if r.is == nil {
		r.is = map[string]standingFinding{}
	}
	how := findingClosed
	if f.State == intake.Open {
		how = findingOpen
	}
	old, there := r.is[f.Key]
	if !there {
		r.keys = append(r.keys, strings.Clone(f.Key))
	} else if old.how == findingOpen {
		return
	}
	r.is[f.Key] = standingFinding{scope: strings.Clone(f.Scope), how: how}
}

// take changes the ledger by a report and says what changed.
func (l *ledger) take(r reported) (c record.Received) {
	at := map[string]int{}
	scope := func(name string) *record.ReceivedScope {
		i, ok := at[name]
		if !ok {
			i = len(c.Changes)
			at[name] = i
			c.Changes = append(c.Changes, record.ReceivedScope{Scope: name})
		}
		return &c.Changes[i]
	}
	for _, key := range r.keys {
		now := r.is[key]
		was, known := l.known[key]
		l.known[key] = now
		switch {
		case !known:
			c.New++
			s := scope(now.scope)
			if now.how == findingOpen {
				s.New = append(s.New, key)
			} else {
				s.Closed = append(s.Closed, key)
			}
		case was.how == findingOpen && now.how == findingClosed:
			c.Resolved++
			s := scope(now.scope)
			s.Resolved = append(s.Resolved, key)
		case was.how != findingOpen && now.how == findingOpen:
			c.Reopened++
			s := scope(now.scope)
			s.Reopened = append(s.Reopened, key)
		default:
			c.Again++
		}
	}
	if r.snapshot {
		var gone []string
		for key, f := range l.known {
			if _, here := r.is[key]; !here && f.how == findingOpen && slices.Contains(r.scopes, f.scope) {
				gone = append(gone, key)
			}
		}
		slices.Sort(gone)
		for _, key := range gone {
			f := l.known[key]
			l.known[key] = standingFinding{scope: f.scope, how: findingGone}
			s := scope(f.scope)
			s.Gone = append(s.Gone, key)
		}
		c.Gone = len(gone)
	}
	if c.New+c.Resolved+c.Reopened+c.Gone > maxChanges {
		c.Changes, c.Cut = nil, true
	}
	return c
}

// apply takes over what an entry says that changed.
func (l *ledger) apply(c record.Received) {
	for _, s := range c.Changes {
		for _, list := range []struct {
			keys []string
			how  findingState
		}{{s.New, findingOpen}, {s.Closed, findingClosed}, {s.Resolved, findingClosed}, {s.Reopened, findingOpen}, {s.Gone, findingGone}} {
			for _, key := range list.keys {
				l.known[key] = standingFinding{scope: s.Scope, how: list.how}
			}
		}
	}
}

// open counts the findings that are open.
func (l *ledger) open() (n int) {
	for _, f := range l.known {
		if f.how == findingOpen {
			n++
		}
	}
	return n
}

// ledger folds the entries of the incident. Where an entry could not list what
// changed, the exhibit is read once more; one that was erased tells nothing.
func (s *Session) ledger(ctx context.Context, f *folder, tx *store.Tx) (*ledger, error) {
	l := newLedger()
	entries, err := tx.EntriesOf(record.AlertReceived, record.Noted)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Kind == record.Noted {
			if item := itemOfNote(e); item != "" {
				l.opened[item] = true
			}
			continue
		}
		var c record.Received
		if err := e.Decode(&c); err != nil {
			return nil, err
		}
		if c.Item != "" {
			l.items[c.Item] = c.Exhibit
		}
		if !c.Cut {
			l.apply(c)
			continue
		}
		r, err := s.reportedBy(ctx, f, tx, c.Exhibit)
		if err != nil {
			return nil, fmt.Errorf("read again what %s reported: %w", c.Exhibit, err)
		}
		l.take(r)
	}
	return l, nil
}

// reportedBy reads a sealed report.
func (s *Session) reportedBy(ctx context.Context, f *folder, tx *store.Tx, exhibit string) (reported, error) {
	x, err := tx.Exhibit(exhibit)
	if err != nil || x.Erased != "" {
		return reported{}, err
	}
	r, _, err := s.readSealed(ctx, f, x.Exhibit)
	return r, err
}

// readSealed decodes the sealed bytes as the exhibit says that they are read.
func (s *Session) readSealed(ctx context.Context, f *folder, x record.Exhibit) (reported, intake.Report, error) {
	var out reported
	o := intake.Options{Name: x.Title}
	o.Format, _ = parse.FindingFormat(x.Format)
	if x.Mapping != nil {
		m, err := parse.FindingMapping(x.Mapping)
		if err != nil {
			return out, intake.Report{}, err
		}
		o.Mapping, o.Format = m, ""
	}
	in, err := f.locker.Open(x.Blob)
	if err != nil {
		return out, intake.Report{}, fmt.Errorf("open what was sealed: %w", err)
	}
	report, err := intake.Decode(stoppable{ctx, in}, o, func(f *intake.Finding) error { out.add(f); return nil })
	out.scopes, out.snapshot = report.Scopes, report.Snapshot
	return out, report, errors.Join(err, in.Close())
}
