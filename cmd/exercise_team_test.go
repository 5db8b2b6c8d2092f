//go:build unix

package cmd_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const teamScenario = `scenario: v1
id: printer-room
name: The printer that called home
version: 1.0.0
playbook: generic
severity: sev3
when: 2026-11-20T09:00:00Z
length: 1h
pace: {manual: 4m, automatic: 1m}
roles: [commander, investigator, comms]
about: A printer speaks to an address that nobody knows.
values: {what: "a printer calls home", seen_by: "the proxy, 09:00Z"}
injects:
  - id: unplug
    at: 5m
    from: The janitor
    to: investigator
    title: Shall I unplug it?
    text: "It stands right beside me."
    ask:
      question: What do you say?
      choices: {leave: Leave it on, pull: Pull the plug}
      right: [leave]
    within: 10m
    weight: 2
expect:
  - {id: command, says: Somebody took command, done: command, by: 30m, weight: 1}
`

// as is the bench as another person's.
func (b *bench) as(name string) *bench {
	other := *b
	other.env = append(append([]string{}, b.env...), "FIREBREAK_AS="+name)
	return &other
}

// TestTeamOnScreens holds an exercise of three people, each at a terminal of
// their own: all see whose turn it is and what comes in, a key that was meant for
// the step which somebody has just ended does nothing, a step is ended by one of
// two who try at once, and the report says who decided.
func TestTeamOnScreens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	anna, ben, cem := b.as("anna"), b.as("ben"), b.as("cem")
	anna.want(0, "drill", "--scenario", b.write("printer.yaml", teamScenario), "--participants", "anna,ben,cem", "--speed", "0", "--json")
	panes := map[string]*pane{}
	for name, of := range map[string]*bench{"anna": anna, "ben": ben, "cem": cem} {
		panes[name] = of.screen("run", "last")
		panes[name].sees("DRILL", "Take command", "? help")
		panes[name].press("Space") // from the dashboard to the step; nothing is done
		panes[name].chosen("Take command")
	}
	for _, name := range []string{"ben", "cem"} {
		panes[name].sees("anna: space done")
	}
	panes["anna"].press("Space")
	for _, p := range panes {
		p.sees("ok Take command")
	}

	b.want(0, "drill", "next", "last", "--by", "6m")
	panes["ben"].sees("1 inject for you")
	for _, name := range []string{"anna", "cem"} {
		panes[name].sees("1 inject for ben")
	}
	panes["ben"].press("I")
	panes["ben"].sees("Shall I unplug it?", "for the investigator (you)", ">Leave it on")
	panes["ben"].press("Enter")
	panes["ben"].sees("The first answer counts.")
	panes["ben"].press("y")
	for _, p := range panes {
		p.gone("1 inject")
	}
	anna.want(3, "drill", "answer", "last", "unplug", "pull") // the first answer counts

	anna.want(0, "step", "add", "last", "Fetch the log", "--phase", "identify")
	var ended, refused int
	var count sync.Mutex
	var wg sync.WaitGroup
	for _, who := range []*bench{ben, cem} {
		wg.Go(func() {
			r := who.run("step", "done", "last", "adhoc-1")
			count.Lock()
			defer count.Unlock()
			switch {
			case r.code == 0:
				ended++
			case r.code == 3 && strings.Contains(r.err, "is done"):
				refused++
			default:
				t.Errorf("step done: exit %d: %s", r.code, r.err)
			}
		})
	}
	wg.Wait()
	if ended != 1 || refused != 1 {
		t.Errorf("%d ended the step and %d were refused, want one each", ended, refused)
	}

	anna.want(0, "drill", "end", "last")
	anna.want(0, "drill", "report", "last", "--to", filepath.Join(b.dir, "report"))
	report := readFile(t, filepath.Join(b.dir, "report", "drill-report.md"))
	for _, row := range []string{"| anna | commander |", "| ben | investigator |", "| cem | comms |", "| investigator | Leave it on | ben |"} {
		if !strings.Contains(report, row) {
			t.Errorf("the report has no %q:\n%s", row, report)
		}
	}
	b.verified("last")
}
