package response

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/playbooks"
)

// detectStep performs a playbook's detect step: it counts the events that any of
// the filters finds, and tags the first of them where the step says so.
func (s *Session) detectStep(ctx context.Context, f *folder, res playbooks.Resolved, p ProgressFunc) (map[string]any, error) {
	among, _ := res.With["among"].(string)
	hits, err := s.Sweep(ctx, f.id, SweepRequest{Filters: res.Filters, Among: among}, p)
	if err != nil {
		return nil, usage("", "detect: %w", err)
	}
	result := map[string]any{"count": int64(0), "first": "", "last": "", "tagged": int64(0)}
	var first, last time.Time
	var terms []string
	for _, h := range hits {
		if h.Count == 0 {
			continue
		}
		terms = append(terms, "("+h.Filter+")")
		if first.IsZero() || !h.First.IsZero() && h.First.Before(first) {
			first = h.First
		}
		if h.Last.After(last) {
			last = h.Last
		}
	}
	if len(terms) == 0 {
		return result, nil
	}
	filter := strings.Join(terms, " or ")
	if among != "" {
		filter = "(" + among + ") (" + filter + ")"
	}
	count, err := s.Count(ctx, f.id, filter) // an event that two filters find is one
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	result["count"] = count
	if !last.IsZero() {
		result["first"], result["last"] = first.Format(time.RFC3339Nano), last.Format(time.RFC3339Nano)
	}
	tag, _ := res.With["tag"].(string)
	if tag == "" {
		return result, nil
	}
	found, err := s.Page(ctx, f.id, PageRequest{Filter: filter, Limit: MaxMarks})
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	result["tagged"] = int64(len(found))
	found = slices.DeleteFunc(found, func(e MarkedEvent) bool { return slices.Contains(e.Tags, tag) })
	if err := s.MarkAll(ctx, f.id, found, MarkRequest{Tags: []string{tag}}); err != nil {
		return nil, fmt.Errorf("detect: tag what was found: %w", err)
	}
	return result, nil
}
