package linux

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/integrations"
)

// child starts a real process that sleeps.
func child(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("sleep", "300")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
	})
	for {
		// Start returns when exec has begun, which is before the kernel shows
		// the new program's arguments.
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid)); err != nil || len(b) > 0 {
			return cmd.Process.Pid
		}
	}
}

func kernelState(t *testing.T, pid int) string {
	t.Helper()
	p, err := here{}.Process(t.Context(), pid)
	if err != nil {
		t.Fatal(err)
	}
	return p.State
}

func TestStopReally(t *testing.T) {
	pid := child(t)
	as := thisHost(t, nil)
	call := integrations.Call{Action: "linux.process.stop", Connection: "host", Params: map[string]any{"pid": pid}}
	p, r := do(t, as, call)
	if s := kernelState(t, pid); s != "T" {
		t.Errorf("the kernel has it in state %s", s)
	}
	if !strings.HasSuffix(p.Prior.State["exe"].(string), "sleep") || p.Prior.State["cmdline"] != "sleep 300" {
		t.Errorf("prior %v", p.Prior.State)
	}
	if again, _ := do(t, as, call); !again.Unchanged {
		t.Error("stopping again: the plan does not say that it is so already")
	}
	inverse, err := as[call.Action].(integrations.Reverter).Inverse(p.Call, p.Prior, r)
	if err != nil {
		t.Fatal(err)
	}
	do(t, as, inverse)
	if s := kernelState(t, pid); s == "T" {
		t.Error("it is still stopped")
	}
	do(t, as, inverse) // there is nothing to do, and that is no error
}

func TestStopRefuses(t *testing.T) {
	pid := child(t)
	as := thisHost(t, nil)
	stop := as["linux.process.stop"]
	for name, params := range map[string]map[string]any{
		"init":           {"pid": 1},
		"ourselves":      {"pid": os.Getpid()},
		"our parent":     {"pid": os.Getppid()},
		"nobody":         {"pid": 1 << 30},
		"another start":  {"pid": pid, "start": 1},
		"not a number":   {"pid": "sleep"},
		"a huge number":  {"pid": int64(1) << 40},
		"the zero group": {"pid": 0},
	} {
		call := integrations.Call{Action: "linux.process.stop", Connection: "host", Params: params}
		_, err := stop.Prior(t.Context(), call)
		if err == nil || integrations.OutcomeOf(err) != integrations.Rejected {
			t.Errorf("%s: prior: %v: want a rejection", name, err)
		}
		if _, err := stop.Do(t.Context(), call, integrations.Plan{}); err == nil || integrations.OutcomeOf(err) != integrations.Rejected {
			t.Errorf("%s: do: %v: want a rejection", name, err)
		}
	}
	// The plan saw another process under this number.
	call := integrations.Call{Action: "linux.process.stop", Connection: "host", Params: map[string]any{"pid": pid}}
	stale := integrations.Plan{Prior: integrations.Prior{State: map[string]any{"start": float64(7)}}}
	if _, err := stop.Do(t.Context(), call, stale); err == nil || integrations.OutcomeOf(err) != integrations.Rejected {
		t.Errorf("a plan for another process: %v", err)
	}
	// The number was taken by another process between look and signal.
	if err := (here{}).Signal(t.Context(), integrations.Process{PID: pid, Start: 1}, integrations.SIGSTOP); err == nil || integrations.OutcomeOf(err) != integrations.Rejected {
		t.Errorf("another process's start: %v", err)
	}
	if s := kernelState(t, pid); s == "T" {
		t.Error("a refused call stopped it")
	}
}

// TestThreads stops no thread: the kernel would stop the whole process.
func TestThreads(t *testing.T) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if task.Name() == fmt.Sprint(os.Getpid()) {
			continue
		}
		var tid int
		if _, err := fmt.Sscan(task.Name(), &tid); err != nil {
			t.Fatal(err)
		}
		p, err := here{}.Process(t.Context(), tid)
		if errors.Is(err, incident.ErrNotFound) {
			continue // the thread has ended
		}
		if err != nil || p.Leader {
			t.Errorf("thread %d: leader %v, %v", tid, p.Leader, err)
		}
		return
	}
	t.Skip("this process has one thread only")
}

func TestHere(t *testing.T) {
	if (here{}).Name() == "" {
		t.Error("no name")
	}
	if _, err := (here{}).Run(t.Context(), integrations.Program{Argv: []string{"no-such-program-of-ours"}}); integrations.OutcomeOf(err) != integrations.Rejected {
		t.Errorf("a program that is not there: %v", err)
	}
	out, err := here{}.Run(t.Context(), integrations.Program{Argv: []string{"cat"}, Stdin: "as it is; $(no shell)"})
	if err != nil || string(out.Stdout) != "as it is; $(no shell)" || out.Code != 0 {
		t.Errorf("cat: %q, %v", out.Stdout, err)
	}
	if out, err = (here{}).Run(t.Context(), integrations.Program{Argv: []string{"env"}}); err != nil || strings.Count(string(out.Stdout), "=") != 2 {
		t.Errorf("the environment: %q, %v", out.Stdout, err)
	}
	if out, err = (here{}).Run(t.Context(), integrations.Program{Argv: []string{"false"}}); err != nil || out.Code != 1 {
		t.Errorf("false: %d, %v", out.Code, err)
	}
	if _, err = (here{}).Run(t.Context(), integrations.Program{Argv: []string{"head", "-c", "5000000", "/dev/zero"}}); err == nil {
		t.Error("a flood was taken")
	}
}
