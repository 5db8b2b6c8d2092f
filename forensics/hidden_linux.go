package forensics

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// hidden writes the processes that answer when they are asked for by number but
// that /proc did not list, neither before nor after: something keeps them out of
// the list. Two questions are put, since what hides a process may hook only one:
// kill(2) with signal 0, which sends nothing, and a look at /proc/PID.
func (c *collection) hidden(ctx context.Context, list []int, boot time.Time, r *rows) error {
	found := unlisted(list, highestPID(list), func(pid int) bool {
		return ctx.Err() == nil && answers(pid)
	})
	if len(found) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	again, err := pids()
	if err != nil {
		return err
	}
	for _, pid := range found {
		if slices.Contains(again, pid) || !answers(pid) || isThread(pid, again) {
			continue
		}
		p, ok := c.process(ctx, pid, boot)
		if !ok {
			if !answers(pid) {
				continue // it has ended
			}
			p = Process{PID: pid, State: "?", Refused: []string{"everything: it answers kill(2), and /proc does not know it"}}
		}
		p.Hidden = true
		if err := r.add(p); err != nil {
			return err
		}
	}
	return nil
}

// answers says whether a process or thread of that number exists.
func answers(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM) || unix.Access("/proc/"+strconv.Itoa(pid), unix.F_OK) == nil
}

// highestPID is the highest number that a process can have: the last one given
// out, unless the numbers have begun again from the start.
func highestPID(list []int) int {
	last := lastPID()
	if len(list) > 0 {
		last = max(last, list[len(list)-1])
	}
	most := int(number(kernelFile("/proc/sys/kernel/pid_max")))
	for line := range strings.Lines(kernelFile("/proc/stat")) {
		if n, ok := strings.CutPrefix(line, "processes "); ok {
			// Each fork takes a number: fewer forks than numbers means that none came twice.
			if forks, err := strconv.ParseUint(strings.TrimSpace(n), 10, 64); err == nil && most > 0 && forks >= uint64(most) {
				return max(last, most)
			}
		}
	}
	return last
}

// unlisted asks for every number up to last that is not in the sorted list.
func unlisted(list []int, last int, exists func(int) bool) []int {
	var out []int
	for pid, at := 1, 0; pid <= last; pid++ {
		for at < len(list) && list[at] < pid {
			at++
		}
		if at < len(list) && list[at] == pid {
			continue
		}
		if exists(pid) {
			out = append(out, pid)
		}
	}
	return out
}

// lastPID is the number given out last; 0 is unknown.
func lastPID() int {
	f := strings.Fields(kernelFile("/proc/loadavg"))
	if len(f) < 5 {
		return 0
	}
	return int(number(f[4]))
}

// isThread says whether a number is a thread's: threads answer too, and are
// never listed. One that /proc does not tell of is looked for in the listed
// processes' own lists.
func isThread(pid int, list []int) bool {
	status := kernelFile("/proc/" + strconv.Itoa(pid) + "/status")
	for line := range strings.Lines(status) {
		if tgid, ok := strings.CutPrefix(line, "Tgid:"); ok {
			return int(number(strings.TrimSpace(tgid))) != pid
		}
	}
	for _, p := range list {
		if unix.Access("/proc/"+strconv.Itoa(p)+"/task/"+strconv.Itoa(pid), unix.F_OK) == nil {
			return true
		}
	}
	return false
}
