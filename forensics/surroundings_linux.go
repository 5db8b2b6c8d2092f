package forensics

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// maxEnvironment bounds what is read of one process' environment.
const maxEnvironment = 256 << 10

// surroundings fills in what a process lives in: its login, the confinement it
// is under, its namespaces, and what the loader was told.
func (c *collection) surroundings(ctx context.Context, d proc, p *Process, miss func(string, error)) {
	b, _, err := d.read("loginuid", 64)
	miss("login", err)
	const unset = 1<<32 - 1
	if uid, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 32); err == nil && uid != unset {
		id := uint32(uid)
		p.LoginUID, p.LoginUser = &id, c.users[id]
		if b, _, err = d.read("sessionid", 64); err == nil {
			p.LoginID = number(strings.TrimSpace(string(b)))
		}
	}
	if b, _, err = d.read("attr/current", 4096); err == nil { // no security module answers EINVAL
		p.Label = strings.TrimRight(string(b), "\x00\n")
		p.Raw = raw(p.Raw, "label", p.Label)
	}
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"} {
		ns, err := readlinkAt(d.fd, "ns/"+kind)
		if err != nil {
			if kind == "mnt" {
				miss("namespaces", err)
			}
			continue
		}
		if home := c.initNamespace(kind); home != "" && ns != home {
			p.OtherNS = append(p.OtherNS, ns)
		}
	}
	b, _, err = d.patiently(ctx, "environ", maxEnvironment, patience)
	miss("loader", err)
	p.Loader = loaderOf(b)
	clear(b)
	p.Raw = raw(p.Raw, "loader", strings.Join(p.Loader, "\x00"))
}

// initNamespace is init's namespace of a kind; where it may not be seen, ours.
func (c *collection) initNamespace(kind string) string {
	if ns, ok := c.spaces[kind]; ok {
		return ns
	}
	if c.spaces == nil {
		c.spaces = map[string]string{}
	}
	ns, err := os.Readlink("/proc/1/ns/" + kind)
	if err != nil {
		ns, err = os.Readlink("/proc/self/ns/" + kind)
	}
	if err != nil {
		ns = ""
	}
	c.spaces[kind] = ns
	return ns
}

// allCaps is the mask of the capabilities that this kernel has.
func (c *collection) allCaps() uint64 {
	if c.capMask == 0 {
		c.capMask = 1<<(min(number(kernelFile("/proc/sys/kernel/cap_last_cap")), 62)+1) - 1
	}
	return c.capMask
}

// environments writes the "fb.environment" snapshot, which may hold secrets and
// is therefore an exhibit of its own.
func (c *collection) environments(ctx context.Context) error {
	e := c.exhibit("Environments of processes", "/proc/*/environ", FormatEnvironment, methodProc+"; taken because it was asked for")
	e.Deviations = append(e.Deviations, "may hold passwords and keys that programs were started with")
	return c.snapshot(ctx, e, func(r *rows) error {
		blind, err := c.eachHolder(ctx, func(h holder) error {
			b, cut, err := h.patiently(ctx, "environ", maxEnvironment, patience)
			if err != nil || len(b) == 0 {
				return err
			}
			return r.add(Environment{
				PID: h.pid, Comm: h.comm, UID: h.uid, User: c.users[h.uid], Cut: cut,
				Variables: strings.Split(string(bytes.TrimRight(b, "\x00")), "\x00"), Raw: raw(nil, "variables", string(b)),
			})
		})
		if blind > 0 {
			c.refuse("/proc/*/environ", refuse("%s: permission denied", fmt.Sprintf("environments of %d processes", blind)))
		}
		return err
	})
}
