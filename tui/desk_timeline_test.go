package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/response"
	"firebreak/timeline"
)

// The scripted answers about the timeline.

func (s *scripted) Estimate(_ context.Context, _ incident.ID, f string) (response.Estimate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f != "" {
		return response.Estimate{Count: (s.events + 2) / 3 / 10 * 10}, nil
	}
	return response.Estimate{Count: s.events, Exact: true}, nil
}

// Complete goes on with the fields, and with two values behind "host:".
func (s *scripted) Complete(_ context.Context, _ incident.ID, text string, cursor int) ([]response.Completion, error) {
	c := timeline.CompletionAt(text, cursor)
	var out []response.Completion
	add := func(text, insert string, n int64) {
		out = append(out, response.Completion{Text: text, Insert: insert, From: c.From, To: c.To, Count: n})
	}
	if c.Kind == timeline.CompleteValue && c.Field == timeline.FieldHost {
		hosts := []string{"FIN-FS01", "FIN-DB02", "CEO LT02"}
		if s.said != nil {
			hosts = []string{s.said(), s.said(), s.said()}
		}
		for i, h := range hosts {
			if c.Fits(h) || s.said != nil {
				add(h, timeline.Term(h), int64(1000>>i))
			}
		}
		return out, nil
	}
	for _, w := range c.Words() {
		add(w, w, 0)
	}
	return out, nil
}

func (s *scripted) Fields(context.Context, incident.ID, string) ([]response.FieldInfo, error) {
	out := []response.FieldInfo{{Field: "host", Events: s.events, Values: 3}, {Field: "source", Events: s.events, Values: 1}}
	for _, name := range []string{"ip", "pid", "unit"} {
		if s.said != nil {
			name = s.said()
		}
		out = append(out, response.FieldInfo{Field: timeline.AttributeField(name), Attribute: name, Events: s.events / 2})
	}
	return out, nil
}

func (s *scripted) Values(_ context.Context, _ incident.ID, r response.ValuesRequest) ([]response.Value, error) {
	if r.Field == "" {
		return nil, errors.New("no field")
	}
	out := []response.Value{
		{Value: "203.0.113.9", Count: 700, First: at(0), Last: at(20)},
		{Value: "198.51.100.4", Count: 40, First: at(1), Last: at(3)},
		{Value: "10.0.0.12", Count: 1, First: at(2), Last: at(2)},
	}
	if s.said != nil {
		out[0].Value, out[1].Value = s.said(), s.said()
	}
	if r.Rare {
		slices.Reverse(out)
	}
	return out, nil
}

func (s *scripted) Gaps(_ context.Context, _ incident.ID, r response.GapsRequest) ([]response.Gap, error) {
	if r.AtLeast > time.Hour {
		return nil, nil
	}
	out := []response.Gap{{Value: "syslog", From: at(3), To: at(11), Before: numbered(145), After: numbered(534)}, {Value: "auth", From: at(12), To: at(20), Before: numbered(580)}}
	if s.said != nil {
		out[0].Value = s.said()
	}
	return out, nil
}

func (s *scripted) SessionAround(_ context.Context, _ incident.ID, _ string, _ []string, _ time.Duration) (response.Around, error) {
	return response.Around{Filter: "host:FIN-FS01 after:2026-11-20T03:00:00Z before:2026-11-20T03:05:00Z", From: at(0), To: at(5), Count: 244}, nil
}

func (s *scripted) Raw(_ context.Context, _ incident.ID, id string, _ response.ProgressFunc) (response.RawEvent, error) {
	eid, ok := timeline.ParseID(id)
	if !ok {
		return response.RawEvent{}, errors.New("no such event")
	}
	text := func(n int64) string { return fmt.Sprintf("Nov 20 03:00:00 FIN-FS01 %s\n", eventAt(n).Message) }
	n := int64(eid.Place() >> 8)
	b := text(n)
	if n%2 == 1 {
		b = "Nov 20 03:00:00 FIN-FS01 \x1b]0;owned\x07\u202etxt.exe \xff\x00 日本 " + strings.Repeat("A", 300) + "\n"
	}
	if s.said != nil {
		b = s.said()
	}
	return response.RawEvent{Event: id, Exhibit: "e3", Source: "/var/log/auth.log", Parser: "syslog", Offset: n * 97, Bytes: []byte(b), Before: []byte(text(n - 1)), After: []byte(text(n + 1))}, nil
}

func (s *scripted) MarkAll(ctx context.Context, _ incident.ID, es []response.MarkedEvent, r response.MarkRequest) error {
	return s.act(ctx, "mark #%d to #%d, %d events, star=%v %v %q", es[0].ID.Place()>>8, es[len(es)-1].ID.Place()>>8, len(es), r.Star != nil && *r.Star, r.Tags, r.Comment)
}

func (s *scripted) Follow(ctx context.Context, _ incident.ID, path string, _ response.FollowOptions, told func(response.Followed)) error {
	told(response.Followed{State: response.FollowStarted, Source: path})
	told(response.Followed{State: response.FollowPiece, Source: path, To: 100, Events: 3})
	return s.act(ctx, "follow %s", path)
}
