package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
)

// tactics are the names of ATT&CK's tactics as people write them in tags: an event
// that has one is the attacker's.
var tactics = []string{
	"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion", "defence-evasion",
	"credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "c2", "exfiltration", "impact",
}

// attackers says whether an event is the attacker's: people tagged it with a
// tactic, named it with a technique or in a finding that they confirmed, or it
// holds an indicator of the attacker's.
func (b *builder) attackers(m *mark) bool {
	for _, t := range m.tags {
		if slices.Contains(tactics, strings.ReplaceAll(strings.ToLower(t), "_", "-")) {
			return true
		}
	}
	for _, t := range b.r.Techniques {
		if slices.Contains(t.Events, m.event) {
			return true
		}
	}
	for _, f := range b.r.Findings {
		if slices.Contains(f.Events, m.event) {
			return true
		}
	}
	return b.indicated(m.message)
}

// happened are the rows with a time of their own, in order of time: marked events,
// techniques that were used at some time, confirmed findings, and moments that
// people stated.
func (b *builder) happened() []Row {
	var rows []Row
	for _, m := range b.marked() {
		rows = append(rows, b.eventRow(m))
	}
	b.placed = map[int64]bool{}
	place := func(a Act, r Row) {
		b.placed[a.Seq] = true
		r.Seq, r.Ref, r.Who, r.Discovered, r.Phase = a.Seq, fmt.Sprintf("#%d", a.Seq), "", a.Time, incident.NoPhase
		rows = append(rows, r)
	}
	for _, s := range b.statedTechniques() {
		if s.At.IsZero() {
			continue
		}
		text := s.Technique.Technique
		if s.Name != "" {
			text += " " + s.Name
		}
		place(s.Act, Row{Time: s.At.UTC(), Kind: record.TechniqueSeen, Text: text + because(s.Text), Side: Attacker, Techniques: []string{s.Technique.Technique}})
	}
	for _, f := range b.r.Findings {
		if f.First.IsZero() {
			continue
		}
		r := Row{Time: f.First, Evidence: true, Event: f.ID, Kind: record.FindingJudged, Text: f.About + ": " + f.Title + " (" + f.Says + ")", Side: Attacker}
		if id := techniqueOf(f.Technique); id != "" {
			r.Techniques = []string{id}
		}
		place(f.Act, r)
	}
	for _, m := range b.r.Moments {
		if !m.Stated || !m.Known {
			continue
		}
		side := Responder
		if m.Key == "occurred" {
			side = Attacker
		}
		place(b.actOf(m.Seq), Row{Time: m.At, Kind: record.MomentStated, Text: "it " + momentVerb(m.Key) + because(m.Reason), Side: side})
	}
	slices.SortStableFunc(rows, func(x, y Row) int {
		if c := x.Time.Compare(y.Time); c != 0 {
			return c
		}
		return cmp.Compare(x.Event, y.Event)
	})
	return rows
}

func momentVerb(key string) string {
	if key == "occurred" {
		return key
	}
	return "was " + key
}

// sideOf says whether a person wrote an entry of that kind, or the program by
// itself.
func sideOf(k record.Kind) string {
	switch k { //nolint:exhaustive // the others are what people do
	case record.AlertReceived, record.ClockJumped, record.DiskFull, record.ActionLapsed, record.ActionExpired, record.Undelivered, record.TimelineIngested,
		record.ActionQueued, record.DrillInject:
		return System
	default:
		return Responder
	}
}
