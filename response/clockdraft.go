package response

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/internal/problem"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/clocks"
	"firebreak/store"
)

// DraftClock writes the draft of a notification: what the regime wants to be told,
// out of the record as its readers may see it. Nothing is recorded, and nothing is
// ever sent from here.
func (s *Session) DraftClock(ctx context.Context, id incident.ID, clock string) (clocks.Draft, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return clocks.Draft{}, err
	}
	t, err := s.s.clockTerms()
	if err != nil {
		return clocks.Draft{}, err
	}
	rule, known := t.book.Rule(clock)
	if !known {
		return clocks.Draft{}, notFound(problem.DidYouMean(clock, t.book.IDs()), "clock %q is not known", clock)
	}
	var entries []record.Entry
	var head record.Head
	err = f.store.View(ctx, func(tx *store.Tx) (err error) {
		if head, err = tx.Head(); err != nil {
			return err
		}
		entries, err = tx.Entries(0, int(head.Size))
		return err
	})
	if err != nil {
		return clocks.Draft{}, err
	}
	now := s.s.o.Now().UTC()
	key := s.s.documentKey("draft "+clock, f.id, rule.Profile(), head)
	shown, extra, report, err := s.shownTo(ctx, f, rule.Profile(), key, entries, review.Extra{Head: head, Now: now, Tool: s.s.o.Tool})
	if err != nil {
		return clocks.Draft{}, err
	}
	extra.Clocks = clocks.ForReview(shown, now)
	r, err := review.Build(shown, extra)
	if err != nil {
		return clocks.Draft{}, fmt.Errorf("draft %s: %w", clock, err)
	}
	facts := clocks.Fold(shown)
	line := clocks.LineOf(rule, facts, clocks.Terms{Now: now, Zone: t.zone, Calendars: t.cals})
	d := clocks.NewDraft(line, facts, r)
	d.Masked = report.Put()
	return d, nil
}

// WriteClockDraft writes a draft into a file, whole or not at all. In an encrypted
// workspace that is a file elsewhere, which anybody can read.
func (s *Session) WriteClockDraft(d clocks.Draft, to string) (path string, readable bool, err error) {
	if strings.TrimSpace(to) == "" {
		return "", false, usage("--to notification.txt", "write draft: no file is named")
	}
	if path, err = filepath.Abs(to); err != nil {
		return "", false, fmt.Errorf("write draft: %w", err)
	}
	if readable, err = s.s.InTheClear(path); err != nil {
		return "", false, err
	}
	if err := durable.Replace(path, []byte(d.Text), 0o600); err != nil {
		return "", false, fmt.Errorf("write draft: %w", err)
	}
	return path, readable, nil
}
