package cmd_test

import (
	"strings"
	"sync"
	"testing"
	"time"
)

const insideBook = `playbook: v1
id: inside
name: Many at once
version: 1.0.0
vars:
  hosts: {type: list, default: [web-1, web-2, web-3]}
  n: {type: int, default: 0}
phases:
  contain:
    - id: all
      for_each: hosts
      as: host
      do:
        - {id: page, action: pagerduty.event.trigger, with: {summary: "page {{ host }} now", source: web-1}, irreversible: Whoever was woken is awake}
        - {id: tell, notify: [webhook], with: {event: incident.contained, message: "tell {{ host }} now"}}
    - id: kind
      switch: len(hosts)
      cases:
        3: [{id: three, notify: [webhook], with: {event: incident.contained, message: three of them now}}]
      default: [{id: others, manual: Look.}]
    - {id: rotate, playbook: rotate-inside@1, with: {what: keys}}
  recover:
    - id: loop
      if: n < 1
      then:
        - {id: again, notify: [webhook], with: {event: incident.contained, message: round now}}
        - {id: count, manual: Count., ask: {n: "How many?"}}
      repeat: {every: 1s, max: 5}
  learn:
    - {id: end, manual: That was all.}
`

const insideCalled = `playbook: v1
id: rotate-inside
name: Rotate
version: 1.2.0
vars:
  what: {type: string, required: true, prompt: "What?"}
phases:
  contain:
    - id: both
      parallel:
        - {id: page, action: pagerduty.event.trigger, with: {summary: "rotate {{ what }} now", source: web-1}, irreversible: Whoever was woken is awake}
        - {id: tell, notify: [webhook], with: {event: incident.contained, message: "rotated {{ what }} now"}}
`

// TestTogetherInside: three processes perform the same items, rounds and called
// playbook, and each thing is begun and sent once.
func TestTogetherInside(t *testing.T) {
	t.Parallel()
	v := newVendors(t, 50*time.Millisecond)
	b := newBench(t, v.env...)
	b.write(".config/firebreak/config.yaml", v.config())
	b.write("workspace/playbooks/rotate-inside.yaml", insideCalled)
	id := b.open("odd process", "--playbook", b.write("inside.yaml", insideBook))
	together := func() {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if r := b.run("run", id, "--auto"); r.code != 0 {
					t.Errorf("run --auto: exit %d: %s%s", r.code, r.out, r.err)
				}
			})
		}
		wg.Wait()
		b.want(0, "run", id, "--auto")
	}
	together()
	b.want(0, "step", "done", id, "count.1", "--answer", "n=1")
	together()
	v.mu.Lock()
	var sent []string
	for _, w := range v.received {
		sent = append(sent, w.text)
	}
	v.mu.Unlock()
	for _, what := range []string{
		"page web-1 now", "page web-2 now", "page web-3 now", "tell web-1 now", "tell web-2 now", "tell web-3 now",
		"three of them now", "rotate keys now", "rotated keys now", "round now",
	} {
		if n := strings.Count(strings.Join(sent, "\n"), what); n != 1 {
			t.Errorf("%q was sent %d times", what, n)
		}
	}
	if len(sent) != 10 {
		t.Errorf("%d requests were sent, want 10", len(sent))
	}
	var s snapshot
	b.into(&s, "show", id)
	for _, step := range []string{"all", "page.1", "page.3", "tell.2", "three", "rotate", "rotate/both", "rotate/page", "rotate/tell", "again.1", "loop"} {
		if !s.stepIs(step, "done") {
			t.Errorf("step %s is not done", step)
		}
	}
	began := map[string]int{}
	for _, a := range b.activity(id) {
		if a.Kind == "step.started" {
			began[a.Step]++
		}
	}
	for step, n := range began {
		if n != 1 {
			t.Errorf("step %s was begun %d times", step, n)
		}
	}
	b.verified(id)
}
