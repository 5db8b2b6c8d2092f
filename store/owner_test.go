package store

import (
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func TestOwner(t *testing.T) {
	t.Parallel()
	me := Owner()
	if !Alive(me) {
		t.Fatalf("this process, %q, is not alive", me)
	}
	f := strings.Fields(me)
	if len(f) != 5 {
		t.Fatalf("owner %q", me)
	}
	with := func(i int, v string) string {
		g := append([]string(nil), f...)
		g[i] = v
		return strings.Join(g, " ")
	}
	for name, dead := range map[string]string{
		"nothing":          "",
		"words":            "anything at all here now",
		"another boot":     with(2, "00000000-0000-0000-0000-000000000000"),
		"no such process":  with(1, "4194305"),
		"negative process": with(1, "-1"),
		"process 0":        with(1, "0"),
	} {
		if Alive(dead) {
			t.Errorf("%s: %q is alive", name, dead)
		}
	}
	if runtime.GOOS != "linux" {
		t.Skip("start times and namespaces are read from /proc")
	}
	if Alive(with(4, "1")) {
		t.Error("the same id, started at another time, is alive")
	}
	if !Alive(with(3, "pid:[1]")) {
		t.Error("a process in a container we cannot see into counts as dead")
	}
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := strings.Join([]string{"pid", strconv.Itoa(cmd.Process.Pid), bootID(), namespace(), startOf(cmd.Process.Pid)}, " ")
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if Alive(gone) {
		t.Errorf("the ended process %q is alive", gone)
	}
}
