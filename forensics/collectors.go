package forensics

import (
	"fmt"
	"strings"

	"firebreak/forensics/profiles"
)

// Coverage says what a collector in the program takes, from where, what it needs,
// and what it never takes.
type Coverage struct{ Takes, From, Needs, Never string }

const needsRoot = "root, or the processes' own user, for other users' processes"

// Covers tells of the collectors that are code of this package.
func Covers() map[string]Coverage {
	return map[string]Coverage{
		"linux.system": {"host name, kernel, boot, machine id, zone, clock and its discipline, taint", "uname(2), adjtimex(2), `/proc`, `/etc`", "nothing", ""},
		"linux.processes": {
			"every process: parent, start, users, login (`loginuid`), arguments, executable with SHA-256 and whether it is deleted or in memory only, folder, root, cgroup and container, capabilities, seccomp, tracer, security label, namespaces unlike init's, `LD_PRELOAD`, `LD_AUDIT`, `LD_LIBRARY_PATH`; processes that are hidden from the list",
			"`/proc/PID/*`; hidden ones by kill(2) with signal 0 and by number", needsRoot, "memory; the rest of the environment, unless `--environment` asks for it: then as an exhibit of its own",
		},
		"linux.sockets": {
			"TCP, UDP, UDP-Lite, raw, SCTP, unix, packet (with attached filters) and netlink sockets, with their owners, in every network namespace of a process; TCP and UDP sockets that one of two views hides",
			"sock_diag(7) and `/proc/PID/net`; owners from `/proc/PID/fd`", needsRoot + "; CAP_SYS_ADMIN to enter other namespaces, else their `/proc/PID/net`", "packets",
		},
		"linux.openfiles": {
			"deleted files, files below `/tmp`, `/var/tmp`, `/dev/shm`, memfds, raw and packet sockets, eBPF and tracing descriptors, raw disks and memory; mappings that are deleted, memfd, writable and executable, executable without a file, or libraries from unusual folders",
			"`/proc/PID/fd`, `/proc/PID/maps`", needsRoot, "their content; ordinary open files",
		},
		"linux.bpf":      {"eBPF programs with who loaded them and when, maps, links, and the processes that hold them", "bpf(2), commands that look only", "CAP_SYS_ADMIN (or CAP_BPF and CAP_PERFMON)", "what maps hold; instructions"},
		"linux.routes":   {"neighbours (ARP, NDP), routes, addresses of interfaces", "rtnetlink(7), `/proc/net`", "nothing", ""},
		"linux.firewall": {"nftables tables, chains, rules, sets and elements in every network namespace of a process; rules of the older iptables in ours", "nfnetlink; getsockopt(2) for the tables in `/proc/net/ip_tables_names`", "CAP_NET_ADMIN, and CAP_SYS_ADMIN for other namespaces", "ebtables, arptables; ipset"},
		"linux.sessions": {"sessions of logind; utmp, byte for byte", "`/run/systemd/sessions`, `/run/utmp`", "nothing", ""},
		"linux.modules":  {"kernel modules with taint and version; those that `/proc/modules` or `/sys/module` hides", "`/proc/modules`, `/sys/module`", "nothing", "their code"},
		"linux.kernel": {
			"kernel settings that decide what is protected or run, security modules, lockdown, command line; taints that no listed module explains; kprobes, uprobes and functions hooked by ftrace, live patches, binfmt_misc",
			"`/proc/sys`, `/proc/cmdline`, `/sys/kernel`", "root for probes; tracefs or debugfs mounted (it is not mounted for it)", "",
		},
		"linux.kmsg":             {"the kernel's log", "`/dev/kmsg`", "CAP_SYSLOG where `kernel.dmesg_restrict` is 1", ""},
		"linux.mounts":           {"mounted file systems", "`/proc/self/mountinfo`", "nothing", ""},
		"linux.containers.state": {"containers and pods: runtime, image, state, command, mounts, capabilities, ports, what lets them reach the host; containers that only their processes show", "state files of Docker, containerd, Podman, CRI-O, runc, crun, the kubelet, LXC, systemd-nspawn; `/proc/PID/cgroup`", "root", "their environment variables; layers of images"},
		"linux.deleted":          {"the bytes of executables that run and have no name any more", "`/proc/PID/exe`", needsRoot, "memory"},
		"linux.listing":          {"every name below the chosen folders, with four times", "one walk of the disk, statx(2)", "root for others' folders", "network and user-space file systems"},
		"linux.units":            {"units, timers, drop-ins and links of systemd; those that no package folder holds, byte for byte", "systemd's unit folders, homes", "nothing; root for others' homes", ""},
		"linux.timers":           {"timers, what they start, when they last ran, and when next for the simplest schedules; stamps whose timer is gone", "unit folders, `/var/lib/systemd/timers`", "root for others' homes", "what systemd holds in memory: timers that are not persistent keep no stamp"},
		"linux.accounts":         {"accounts, what their passwords allow, groups, sudo rules", "`/etc/passwd`, `/etc/shadow`, `/etc/group`, `/etc/sudoers`", "root for shadow and sudoers", "password hashes"},
		"linux.ssh":              {"ssh configuration, authorized keys, the kind and protection of keys", "`/etc/ssh`, `~/.ssh`", "root for others' homes", "private keys"},
		"linux.verify": {
			"files that differ from what their package brought, or are missing; executables, libraries, generators and running programs that belong to no package",
			"digests of dpkg and apk, which are the host's own; the files, each read once, up to 512 MiB in all: programs and settings first", "nothing; root for files that others may not read", "rpm's database (it is taken as a file); documentation is not compared",
		},
		"linux.finds": {"executables with hashes, setuid and capability files, hidden and immutable ones", "the same walk of the disk", "root for others' folders", ""},
	}
}

// CollectorsPage is docs/collectors.md.
func CollectorsPage() string {
	var b strings.Builder
	b.WriteString(`# Collectors

What ` + "`firebreak collect`" + ` takes from a Linux host, in the order in which it is taken: what changes soonest comes first. Everything is read in the program itself, from the kernel and from files; no other program is run, no kernel module is loaded, nothing is mounted. What cannot be read, for want of rights or by a limit, is listed with its reason and stops nothing.

This page is made from the program's own table.

| collector | takes | from | needs | never takes | profiles |
| --- | --- | --- | --- | --- | --- |
`)
	covers := Covers()
	for _, d := range Collectors() {
		c, ok := covers[d.Name]
		if !ok {
			c = Coverage{Takes: d.Title, From: "files, by the patterns of `forensics/profiles`", Needs: "root for files that others may not read"}
		}
		for _, s := range []*string{&c.Never} {
			if *s == "" {
				*s = "—"
			}
		}
		_, _ = fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", d.Name, c.Takes, c.From, c.Needs, c.Never, strings.Join(d.Profiles, ", ")) // a builder never fails
	}
	b.WriteString(`
` + "`firebreak collect --list`" + ` lists them too. ` + "`--environment`" + ` adds the environment variables of processes and containers.

## Secrets

Some files are there to hold a secret. Whatever artefact means them, a built-in one or one of somebody's definitions, they are listed with their times, said to be refused, and not taken:

| holds | taken with |
| --- | --- |
`)
	kinds, err := profiles.SecretsOf(nil)
	if err != nil {
		panic(err) // as in Collectors
	}
	for _, k := range kinds {
		_, _ = fmt.Fprintf(&b, "| %s | `%s` |\n", k.Holds, secretsFlag(k)) // a builder never fails
	}
	b.WriteString(`
Which files these are is written in ` + "`forensics/profiles/secrets.yaml`" + `; a profile of one's own can add some (` + "`secrets:`" + `) and take none away. A private key is known by its first line too, whatever its name, unless it may be executed; a second name (a hard link) of a file of fixed name is withheld too. ` + "`/etc/passwd`" + ` and ` + "`/etc/group`" + ` are taken without the hashes that old systems kept there. ` + "`--file`" + ` with a path takes that one file, whatever it holds: nothing else does so by accident.

What people write elsewhere is evidence and taken as it is: settings, units, histories, logs, cloud-init's user data, arguments of processes, mails (` + "`full`" + ` only). Passwords stand in them at times. So treat what is collected as secret as the host itself: encrypt the workspace, and send containers to recipients.

## Why nothing is loaded

A kernel loads the module that answers a question, by running ` + "`modprobe`" + `, when it has not got it: reading sockets over sock_diag or rules over nfnetlink could thus run a program of the host's, and change its list of modules while it is evidence. So each is asked only where the module is loaded or built in (` + "`/proc/modules`, `modules.builtin`" + `). Else sockets come from ` + "`/proc/net`" + ` alone, and nftables without its module has no rules. The exhibit says which it was.

` + imagePage() + plainPage())
	return b.String()
}
