//go:build unix

package cmd_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"firebreak/integrations/drill"
	"firebreak/internal/testkit"
)

// deed is an action of one connection.
type deed struct {
	connection, action string
	with               []string
	undo               bool
}

func deeds() []deed {
	return []deed{
		{"github", "github.workflow.disable", []string{"repo=" + drill.Repo, "workflow=" + drill.Workflow}, true},
		{"okta", "okta.user.suspend", []string{"user=" + drill.Person}, true},
		{"own", "plugin.thing.set", []string{"x=1"}, true},
		{"pagerduty", "pagerduty.incident.note", []string{"incident=" + drill.Incident, "note=seen"}, false},
		{"webhook", "webhook.send", []string{"message=We contain."}, false},
		{"http", "http.request", []string{"method=POST", "url=/x", "body={}"}, false},
		{"kubernetes", "kubernetes.node.cordon", []string{"node=" + drill.Node}, true},
		{"slack", "slack.channel.topic", []string{"channel=" + drill.SlackChannel, "topic=SEV1"}, true},
		{"chat", "teams.message.send", []string{"text=We contain."}, false},
		{"email", "smtp.mail.send", []string{"subject=x", "text=We contain."}, false},
		{"jira", "jira.issue.comment", []string{"issue=" + drill.JiraIssue, "text=Seen."}, true},
		{"entra", "entra.user.disable", []string{"user=" + drill.Person}, true},
		{"aws", "aws.accesskey.disable", []string{"key=" + drill.AccessKey}, true},
		{"crowdstrike", "crowdstrike.host.contain", []string{"host=" + drill.FalconHost}, true},
		{"defender", "defender.machine.restrict", []string{"machine=" + drill.Machine}, true},
		{"cloudflare", "cloudflare.ip.block", []string{"address=" + drill.Address}, true},
	}
}

// planned is an action as the program prints it.
type planned struct {
	Action, Digest, State, Says string
	Plan                        struct{ Target string }
}

func (l *lab) plan(d deed) (planned, bool) {
	l.t.Helper()
	args := []string{"plan", l.id, d.action, "--connection", d.connection, "--json"}
	for _, w := range d.with {
		args = append(args, "--with", w)
	}
	return l.read(args...)
}

func (l *lab) read(args ...string) (planned, bool) {
	l.t.Helper()
	r := l.say(args...)
	var p planned
	return p, r.code == 0 && json.Unmarshal([]byte(r.out), &p) == nil
}

func (l *lab) approve(p planned) bool {
	l.t.Helper()
	return l.say("approve", l.id, p.Action, "--digest", p.Digest, "--confirm", p.Plan.Target).code == 0
}

// through takes an action from its plan to its undoing.
func (l *lab) through(d deed) {
	l.t.Helper()
	p, ok := l.plan(d)
	if !ok || !l.approve(p) {
		l.t.Errorf("%s cannot be planned and approved: %s", d.action, l.tail())
		return
	}
	if done, ok := l.read("do", l.id, p.Action, "--json"); !ok || done.State != "verified" && done.State != "sent" {
		l.t.Errorf("%s is %s: %s", d.action, done.State, l.tail())
	}
	if !d.undo {
		return
	}
	back, ok := l.read("revert", l.id, p.Action, "--json")
	if !ok || !l.approve(back) {
		l.t.Errorf("%s cannot be undone: %s", d.action, l.tail())
		return
	}
	if done, ok := l.read("do", l.id, back.Action, "--json"); !ok || done.State != "verified" {
		l.t.Errorf("the undoing of %s is %s: %s", d.action, done.State, l.tail())
	}
}

func (l *lab) tail() string {
	s := l.said.String()
	return s[max(0, len(s)-1500):]
}

// broken lets a peer fail in every way: when it is asked, and when it is told.
func (l *lab) broken(d deed, modes ...string) {
	l.t.Helper()
	peer := l.peers[d.connection]
	for _, mode := range modes {
		set := func(how string) {
			if peer != nil {
				peer.set(how)
				return
			}
			fail := filepath.Join(l.dir, "fail")
			if how != "" {
				l.write("fail", "")
			} else if err := os.Remove(fail); err != nil {
				l.t.Error(err)
			}
		}
		set(mode)
		l.plan(d) // whether it can be planned all the same is not the question
		set("")
		p, ok := l.plan(d)
		if !ok || !l.approve(p) {
			l.t.Errorf("%s cannot be planned and approved: %s", d.action, l.tail())
			return
		}
		set("write " + mode)
		l.say("do", l.id, p.Action)
		if !testkit.Soak() {
			set("")
			continue
		}
		l.say("do", l.id, p.Action, "--look")
		set("")
		l.say("do", l.id, p.Action, "--happened", "no", "--reason", "seen")
		l.say("outbox", "drop", l.id, p.Action, "--reason", "seen")
	}
}

// crash ends the program while a request is under way.
func (l *lab) crash(d deed, how syscall.Signal) {
	l.t.Helper()
	p, ok := l.plan(d)
	if !ok || !l.approve(p) {
		l.t.Fatalf("%s cannot be planned and approved: %s", d.action, l.tail())
	}
	peer := l.peers[d.connection]
	peer.set("hangs")
	defer peer.set("")
	c := l.command(context.Background(), "do", l.id, p.Action)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		l.t.Fatal(err)
	}
	select {
	case <-peer.arrived:
	case <-time.After(limit):
		l.t.Error("no request came")
	}
	if err := c.Process.Signal(how); err != nil {
		l.t.Error(err)
	}
	if err := c.Wait(); err == nil {
		l.t.Errorf("%s did not end it: %s", how, out.String())
	}
	if how != syscall.SIGKILL && !strings.Contains(out.String(), "goroutine ") {
		l.t.Errorf("%s left no dump: %s", how, out.String())
	}
	l.write("crash-"+how.String()+".txt", out.String())
	l.keep(out.String())
	peer.set("")
	if testkit.Soak() {
		l.say("do", l.id, p.Action, "--look") // it waits until the request cannot be under way any more
		l.say("do", l.id, p.Action, "--happened", "no", "--reason", "seen")
	}
}

// arguments looks into the command lines of all processes, and the environments of
// those that the program starts, until it is told to stop.
func (l *lab) arguments() (stop func() (looked int, hits []string)) {
	quit, done := make(chan struct{}), make(chan struct{})
	looked, hits, seen := 0, []string(nil), map[string]bool{}
	go func() {
		defer close(done)
		for {
			lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
			if err != nil {
				return
			}
			for _, path := range lines {
				b, err := os.ReadFile(path)
				if err != nil || len(b) == 0 {
					continue // it has ended, or is the kernel's
				}
				looked++
				if seen[string(b)] {
					continue
				}
				seen[string(b)] = true
				for _, f := range l.found(b) {
					hits = append(hits, path+": "+f)
				}
			}
			select {
			case <-quit:
				return
			case <-time.After(40 * time.Millisecond):
			}
		}
	}()
	return func() (int, []string) {
		close(quit)
		<-done
		return looked, hits
	}
}

// leave makes everything that leaves an incident.
func (l *lab) leave() {
	l.t.Helper()
	out := func(name string) string { return filepath.Join(l.dir, "out", name) }
	l.write("out/x", "")
	list := [][]string{
		{"doctor", "--json"},
		{"outbox", l.id, "--all"},
		{"show", l.id, "--json"},
		{"review", l.id, "--to", out("review")},
		{"bundle", l.id, "--to", out("b.tar.gz"), "--evidence", "all"},
		{"backup", "--all", "--plain", "--to", out("all.backup")},
		{"export", l.id, "--portable", "--to", out("p.json")},
	}
	if testkit.Soak() {
		list = append(list, [][]string{
			{"doctor"},
			{"outbox", "--json", "--all"},
			{"show", l.id},
			{"show", l.id, "activity", "--json"},
			{"config", "show"},
			{"list", "--json"},
			{"review", l.id, "--json"},
			{"export", l.id, "--to", out("e.jsonl")},
			{"verify", l.id},
		}...)
	}
	for _, args := range list {
		if r := l.say(args...); r.code != 0 && args[0] != "doctor" {
			l.t.Errorf("%s: exit %d: %s%s", strings.Join(args, " "), r.code, r.out, r.err)
		}
	}
}

// TestNoCanaryLeaves gives each connection of each kind a secret of its own, lets
// the other sides say it back in every form, in answers and in failures, and looks
// for it in all that is left, printed and to be seen from outside.
func TestNoCanaryLeaves(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	stop := l.arguments()
	l.id = l.open("canaries", "--playbook", "generic", "--var", "what=x")
	list, modes, crashes := deeds(), []string{"refuses", "denies", "breaks", "limits", "garbage", "header", "redirects"}, []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGKILL}
	if testkit.Soak() {
		l.say("collect", l.id, "--collector", "linux.system") // before what cannot be undone
	} else {
		list, modes, crashes = list[:3], modes[:1], crashes[:1]
		list[2].undo = false
	}
	for _, d := range list {
		if d.connection == "okta" && !testkit.Soak() {
			l.plan(d)
			continue
		}
		l.through(d)
	}
	for _, d := range list {
		if d.connection == "github" || testkit.Soak() {
			l.broken(d, modes...)
		}
	}
	tell := []string{"update", l.id, "--audience", "responders", "--say", "We contain.", "--yes"}
	for name := range drill.Talks() {
		tell = append(tell, "--to", name)
	}
	l.say(tell...)
	for _, p := range l.peers {
		p.set("refuses")
	}
	if r := l.say(append(tell, "--what", "It goes on.")...); r.code == 0 {
		t.Errorf("told all the same: %s", r.out)
	}
	for _, p := range l.peers {
		p.set("")
	}
	l.say("plan", l.id, "slack.channel.topic", "--connection", "broken", "--with", "channel="+drill.SlackChannel, "--with", "topic=x")
	l.say("plan", l.id, "linux.run", "--connection", "far", "--with", `argv=["true"]`)
	for _, how := range crashes {
		l.crash(list[0], how)
	}
	l.leave()
	looked, seen := stop()
	if looked == 0 {
		t.Error("no process was looked at")
	}
	for _, h := range seen {
		t.Error(h)
	}
	planted := l.control()
	hits, files := l.search()
	for _, h := range hits {
		if file, _, _ := strings.Cut(h, ": "); file == planted {
			planted = ""
		} else if file != "/"+plantedFile {
			t.Error(h)
		}
	}
	if planted != "" {
		t.Error("the search does not see the file with a token")
	}
	spoke := 0
	var silent []string
	for name, p := range l.peers {
		if p.spoke() > 0 {
			spoke++
		} else {
			silent = append(silent, name)
		}
	}
	if want := map[bool]int{true: len(l.peers) - 1, false: 8}[testkit.Soak()]; files < 20 || spoke < want { // this machine is a connection and no server
		t.Errorf("only %d files, and %d servers that said something back: not %v", files, spoke, silent)
	}
	t.Logf("%d files, %d bytes printed, %d command lines, %d needles, %d servers said back what they saw", files, l.said.Len(), looked, len(l.needles), spoke)
}

const plantedFile = "workspace/planted.tar.gz"

// control plants a canary on purpose, in a file that has to be opened, and wants
// each form of it found. It returns the name of the file as a search has it.
func (l *lab) control() string {
	l.t.Helper()
	value := l.canaries["github"]["token"]
	for _, form := range strings.Fields(spellings(value)) {
		if len(l.found([]byte("x "+form+" y"))) == 0 {
			l.t.Errorf("the search does not see %s", form)
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	text := []byte("before " + value)
	err := w.WriteHeader(&tar.Header{Name: "x", Mode: 0o600, Size: int64(len(text))})
	_, wrong := w.Write(text)
	if err = errors.Join(err, wrong, w.Close(), z.Close()); err != nil {
		l.t.Fatal(err)
	}
	l.write(plantedFile, packed.String())
	return "/" + plantedFile
}
