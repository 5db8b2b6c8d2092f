//go:build unix

package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/plugin"
)

const describes = `#!/bin/sh
read -r question
if [ "$1" = describe ]; then
	echo '{"status":"ok","protocol":1,"secrets":["token"],"actions":[{"name":"x.y","title":"X","danger":"low","idempotency":"none"}]}'
	exit
fi
`

// one is the action x.y of a program that does script after it was asked.
func one(t *testing.T, script string, settings map[string]string) (integrations.Action, integrations.Call) {
	t.Helper()
	c, _ := connection(t, write(t, describes+script))
	for k, v := range settings {
		c.Settings[k] = v
	}
	r, err := integrations.NewRegistry([]integrations.System{plugin.System()}, []integrations.Connection{c})
	if err != nil {
		t.Fatal(err)
	}
	return conform.Lookup(t, conform.World{Registry: r}, "plugin.x.y", "list"), integrations.Call{Action: "plugin.x.y", Connection: "list", Key: "k"}
}

// What becomes of a do that does not end as it should.
func TestEndsOfDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		want   integrations.Outcome
		says   string
	}{
		"an exit status":       {"echo went wrong >&2; exit 3", integrations.Ambiguous, "went wrong"},
		"status and an answer": {`echo '{"status":"failed"}'; exit 1`, integrations.Ambiguous, "exit status 1"},
		"a crash":              {"kill -SEGV $$", integrations.Ambiguous, "segmentation"},
		"no answer":            {"true", integrations.Ambiguous, "cannot be read"},
		"no JSON":              {"echo done", integrations.Ambiguous, "cannot be read"},
		"two answers":          {`echo '{"status":"ok","ref":"a"} {"status":"ok"}'`, integrations.Ambiguous, "more than one"},
		"no ref":               {`echo '{"status":"ok"}'`, integrations.Ambiguous, "no ref"},
		"no status":            {`echo '{"ref":"a"}'`, integrations.Ambiguous, "no status"},
		"an odd status":        {`echo '{"status":"fine"}'`, integrations.Ambiguous, "fine"},
		"unknown":              {`echo '{"status":"unknown","message":"lost"}'`, integrations.Ambiguous, "lost"},
		"refused":              {`echo '{"status":"failed","message":"no such host"}'`, integrations.Rejected, "no such host"},
		"later":                {`echo '{"status":"later","after":7}'`, integrations.Throttled, ""},
		"too much":             {"yes | head -c 3000000", integrations.Ambiguous, "more than"},
		"its secret in words":  {`s=$(cat <&3); echo "I have $s" >&2; exit 1`, integrations.Ambiguous, "I have"},
		"its secret in JSON":   {`s=$(sed 's/.*:"//; s/".*//' <&3); printf '{"status":"failed","message":"not %s"}' "$s"`, integrations.Rejected, "not ***"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, call := one(t, c.script, nil)
			_, err := a.Do(t.Context(), call, integrations.Plan{})
			if err == nil || integrations.OutcomeOf(err) != c.want || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v: want %s with %q", err, c.want, c.says)
			}
			if conform.Leaks(fmt.Sprintf("%+v", err), []string{secret}) {
				t.Errorf("it shows the secret: %v", err)
			}
		})
	}
}

// Of a question that changes nothing every failure is one.
func TestEndsOfAQuestion(t *testing.T) {
	t.Parallel()
	a, call := one(t, "exit 1", nil)
	if _, err := a.Prior(t.Context(), call); integrations.OutcomeOf(err) != integrations.NotSent {
		t.Error(err)
	}
}

// No secret is where another user of the machine can see it.
func TestWhereSecretsAre(t *testing.T) {
	t.Parallel()
	seen := filepath.Join(t.TempDir(), "seen")
	a, call := one(t, `env >'`+seen+`'; echo "$0 $*" >>'`+seen+`'; cat <&3 >'`+seen+`.secret'; echo '{"status":"ok","ref":"a"}'`, nil)
	if _, err := a.Do(t.Context(), call, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	if conform.Leaks(string(got), []string{secret}) || strings.Contains(string(got), "HOME=") {
		t.Errorf("environment and arguments: %s", got)
	}
	if b, err := os.ReadFile(seen + ".secret"); err != nil || string(b) != `{"token":"`+secret+`"}`+"\n" {
		t.Errorf("descriptor 3: %q, %v", b, err)
	}
}

// A program that was changed is not run, and neither is one that is changed
// between the look at it and its start.
func TestChangedProgram(t *testing.T) {
	t.Parallel()
	did := filepath.Join(t.TempDir(), "did")
	program := write(t, describes+"echo '{\"status\":\"ok\",\"ref\":\"a\"}'\n")
	c, _ := connection(t, program)
	r, err := integrations.NewRegistry([]integrations.System{plugin.System()}, []integrations.Connection{c})
	if err != nil {
		t.Fatal(err)
	}
	a := conform.Lookup(t, conform.World{Registry: r}, "plugin.x.y", "list")
	call := integrations.Call{Action: "plugin.x.y", Connection: "list", Key: "k"}
	if _, err := a.Do(t.Context(), call, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, []byte("#!/bin/sh\ntouch '"+did+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Do(t.Context(), call, integrations.Plan{}); integrations.OutcomeOf(err) != integrations.NotSent || !strings.Contains(err.Error(), "digest") {
		t.Errorf("changed: %v", err)
	}
	if _, err := os.Stat(did); err == nil {
		t.Error("it was run")
	}
	r, err = integrations.NewRegistry([]integrations.System{plugin.System()}, []integrations.Connection{c})
	if err != nil || r.Unavailable()["list"] == nil {
		t.Errorf("a connection to it: %v, %v", r.Unavailable(), err)
	}
	if _, _, err := r.Lookup("plugin.x.y", ""); err == nil || !strings.Contains(err.Error(), "digest") {
		t.Errorf("its action: %v", err)
	}
}

// What a plugin started ends with it when its time is over.
func TestTimeIsOver(t *testing.T) {
	t.Parallel()
	pid := filepath.Join(t.TempDir(), "pid")
	a, call := one(t, "sleep 300 & echo $! >'"+pid+"'; wait", map[string]string{"timeout": "1s"})
	_, err := a.Do(t.Context(), call, integrations.Plan{})
	if integrations.OutcomeOf(err) != integrations.Ambiguous || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	b, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	for range 200 { // the kernel takes a moment to reap
		if err := syscall.Kill(n, 0); errors.Is(err, syscall.ESRCH) || zombie(n) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("its child goes on")
}

func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(b), ") Z ")
}

func TestWrongConnections(t *testing.T) {
	t.Parallel()
	good, _ := connection(t, write(t, describes))
	for name, change := range map[string]map[string]string{
		"no whole path":  {"program": "plugin"},
		"a step upwards": {"program": "/bin/../bin/sh"},
		"half a digest":  {"sha256": "abc"},
		"endless":        {"timeout": "24h"},
	} {
		c := good
		c.Settings = map[string]string{}
		for k, v := range good.Settings {
			c.Settings[k] = v
		}
		for k, v := range change {
			c.Settings[k] = v
		}
		if _, err := integrations.NewRegistry([]integrations.System{plugin.System()}, []integrations.Connection{c}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for name, described := range map[string]string{
		"another protocol": `{"status":"ok","protocol":2,"actions":[{"name":"x.y","title":"X","danger":"low","idempotency":"none"}]}`,
		"no actions":       `{"status":"ok","protocol":1}`,
		"a foreign name":   `{"status":"ok","protocol":1,"actions":[{"name":"../x","title":"X","danger":"low","idempotency":"none"}]}`,
		"no danger":        `{"status":"ok","protocol":1,"actions":[{"name":"x.y","title":"X","idempotency":"none"}]}`,
		"an odd type":      `{"status":"ok","protocol":1,"actions":[{"name":"x.y","title":"X","danger":"low","idempotency":"none","params":[{"name":"a","type":"file"}]}]}`,
		"a broken pattern": `{"status":"ok","protocol":1,"actions":[{"name":"x.y","title":"X","danger":"low","idempotency":"none","params":[{"name":"a","type":"string","match":"("}]}]}`,
		"no JSON":          `hello`,
	} {
		c, _ := connection(t, write(t, "#!/bin/sh\necho '"+described+"'\n"))
		r, err := integrations.NewRegistry([]integrations.System{plugin.System()}, []integrations.Connection{c})
		if err != nil || r.Unavailable()["list"] == nil {
			t.Errorf("%s: taken (%v)", name, err)
		}
	}
}
