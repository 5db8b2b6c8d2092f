package linux

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"firebreak/integrations"
)

// pfKthread marks a thread of the kernel in the flags of proc_pid_stat(5).
const pfKthread = 0x00200000

// parseStat reads proc_pid_stat(5). The name is in parentheses and may hold
// anything, parentheses too, so the last one ends it.
func parseStat(b []byte) (integrations.Process, error) {
	s := string(b)
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open < 1 || end < open {
		return integrations.Process{}, errors.New("read process: its stat has no name")
	}
	f := strings.Fields(s[end+1:])
	if len(f) < 20 {
		return integrations.Process{}, errors.New("read process: its stat is too short")
	}
	pid, err1 := strconv.Atoi(strings.TrimSpace(s[:open]))
	parent, err2 := strconv.Atoi(f[1])
	flags, err3 := strconv.ParseUint(f[6], 10, 64)
	start, err4 := strconv.ParseInt(f[19], 10, 64)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return integrations.Process{}, fmt.Errorf("read process: its stat: %w", err)
	}
	return integrations.Process{
		PID: pid, Parent: parent, Start: start, Name: s[open+1 : end], State: f[0], Kernel: flags&pfKthread != 0,
	}, nil
}

// parseStatus reads whether pid leads its threads, and its real user.
func parseStatus(b []byte, pid int) (leader bool, uid int) {
	uid = -1
	for line := range strings.Lines(string(b)) {
		name, rest, _ := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if len(f) == 0 {
			continue
		}
		switch name {
		case "Tgid":
			leader = f[0] == strconv.Itoa(pid)
		case "Uid":
			if n, err := strconv.Atoi(f[0]); err == nil {
				uid = n
			}
		}
	}
	return leader, uid
}

// mapped are the files that a process can execute out of its memory, out of
// proc_pid_maps(5).
func mapped(maps []byte) []string {
	out := []string{}
	for line := range strings.Lines(string(maps)) {
		f := strings.Fields(line)
		if len(f) < 6 || !strings.Contains(f[1], "x") || !strings.HasPrefix(f[5], "/") {
			continue
		}
		// The name is the rest of the line, spaces and all.
		_, name, _ := strings.Cut(line, f[4])
		if name = strings.TrimSpace(name); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), 64)]
}
