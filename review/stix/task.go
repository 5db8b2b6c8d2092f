package stix

import (
	"cmp"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/review"
	"firebreak/review/indicators"
)

const taskExtension = "extension-definition--2074a052-8be4-4932-849e-f5e7798e0030"

// outcomes are STIX' words for the states of actions and steps.
var outcomes = map[string]string{
	"planned": "pending", "approved": "pending", "queued": "pending", "sending": "unknown", "sent": "unknown",
	"verified": "successful", "failed": "failed", "unknown": "unknown", "rejected": "cancelled", "dropped": "cancelled",

	"done": "successful", "skipped": "cancelled", "begun, not ended": "ongoing", "under way": "ongoing",
}

var phases = map[incident.Phase]string{
	incident.Identify: "investigation", incident.Contain: "containment", incident.Eradicate: "eradication", incident.Recover: "recovery",
}

// tasks adds each action that was planned, and each step of a playbook that
// somebody took up, as tasks; and the actions that were sent as courses of action,
// with what they are against.
func (b *builder) tasks() []string {
	var ids []string
	add := func(name, title, state, why string, phase incident.Phase, from, to time.Time, kinds []string, seqs ...int64) string {
		o := object{
			"name": b.text(cmp.Or(title, "a task")), "outcome": cmp.Or(outcomes[state], "unknown"),
			"extensions": object{taskExtension: object{"extension_type": "new-sdo"}},
		}
		if p := phases[phase]; p != "" {
			kinds = append([]string{p}, kinds...)
		}
		if len(kinds) > 0 {
			o["task_types"] = kinds
		}
		if why != "" {
			o["description"] = b.text(why)
		}
		b.span(o, "start_time", "end_time", from, to)
		id := b.domain("task", name, from, cited(o, seqs...))
		ids = append(ids, id)
		return id
	}
	for _, a := range b.r.Actions {
		id := add("action "+a.ID, about(a.Title, a.Target), a.State, a.Standing, a.Phase, a.Planned.Time, a.Changed.Time, nil, a.Planned.Seq, a.Changed.Seq)
		if a.Attempts > 0 {
			b.course(a, id)
		}
	}
	for _, run := range b.r.Runs {
		for _, s := range run.Steps {
			if s.Changed == nil || outcomes[s.State] == "" {
				continue
			}
			add("step "+run.ID+" "+s.ID, s.Title, s.State, strings.TrimSpace(s.Why+"\n"+s.Note), s.Phase, time.Time{}, s.Changed.Time,
				[]string{"playbook-step-execution"}, s.Changed.Seq)
		}
	}
	return ids
}

func about(title, target string) string {
	if target == "" {
		return title
	}
	return title + ": " + target
}

// course adds what was done as a course of action.
func (b *builder) course(a review.Action, task string) {
	did := b.domain("course-of-action", a.ID, a.Planned.Time, cited(object{
		"name": b.text(cmp.Or(a.Title, a.Name, "an action")), "description": b.text(strings.TrimSpace(a.Standing + "\n" + strings.Join(a.Effects, "\n"))),
	}, a.Planned.Seq, a.Changed.Seq))
	b.relate(task, "uses", did, a.Planned.Time)
	for _, w := range b.watched {
		if a.Target != "" && (a.Target == w.Value || indicators.Refang(a.Target) == w.Value || a.Target == w.Subject.Value) {
			b.relate(did, "mitigates", w.id, a.Planned.Time)
		}
	}
}
