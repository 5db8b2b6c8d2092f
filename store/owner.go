package store

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Owner names this process so that another can later tell whether it still
// lives: boot, process id namespace, process id and start time. An id alone
// would be used again by the kernel.
func Owner() string {
	pid := os.Getpid()
	return strings.Join([]string{"pid " + strconv.Itoa(pid), bootID(), namespace(), startOf(pid)}, " ")
}

// Alive says whether the process that Owner named is still running. Where that
// cannot be seen, in another container of the same boot, the answer is yes: to
// wait is safer than to send twice. Text that Owner did not write is not alive.
func Alive(owner string) bool {
	f := strings.Fields(owner)
	if len(f) != 5 || f[0] != "pid" {
		return false
	}
	pid, err := strconv.Atoi(f[1])
	if err != nil || pid <= 0 {
		return false
	}
	if f[2] != bootID() {
		return false
	}
	if f[3] != namespace() {
		return true
	}
	return running(pid) && f[4] == startOf(pid)
}

// field joins what is not known as "-", so that the number of fields is fixed.
func field(s string) string {
	if s = strings.Join(strings.Fields(s), ""); s == "" {
		return "-"
	}
	return s
}

func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "-"
	}
	return field(string(b))
}

func namespace() string {
	s, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "-"
	}
	return field(s)
}

// startOf is the process's start in clock ticks since boot.
func startOf(pid int) string {
	state, start := stat(pid)
	if state == "Z" || state == "X" {
		return "-" // a zombie has sent all it will ever send
	}
	return field(start)
}

// stopped says whether the process was stopped by a signal or a debugger.
func stopped(pid int) bool {
	state, _ := stat(pid)
	return state == "T" || state == "t"
}

// stat reads fields 3 and 22 of proc(5) stat, counted behind the name, which
// may hold anything.
func stat(pid int) (state, start string) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", ""
	}
	s := string(b)
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(f) <= 19 {
		return "", ""
	}
	return f[0], f[19]
}
