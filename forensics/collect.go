package forensics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/record"
)

// ErrNotLinux is returned by Collect on other systems.
var ErrNotLinux = errors.New("live collection needs Linux")

// ErrNoCollector is returned for a collector or a profile that there is not.
var ErrNoCollector = errors.New("no such collector or profile")

// Options says what to collect, from where, and in whose name.
type Options struct {
	Profile    string   // triage (default), volatile, logs; see Collectors
	Collectors []string // names of collectors or profiles; overrides Profile
	Root       string   // "" or "/" is the live host; else the folder of a mounted image
	Paths      []string // folders that linux.listing lists; nil takes DefaultPaths
	Files      []string // files to take besides, by their paths below Root
	Authority  string   // on whose word evidence is taken
	Locker     *Locker
	Now        func() time.Time
	// ClockOffset is the host's clock less ours; it is recorded, never applied.
	ClockOffset time.Duration
	Host        string // "" takes the host's own name
	Tool        string // program and version
	ToolSHA256  string
	Argv        []string // the command line, as it is recorded
	Stored      string   // the machine that the locker lies on
	// Environment takes what processes were started with, which may hold secrets.
	Environment bool
	Limits      Limits
	// Progress is told what is being read; done and total count collectors.
	Progress func(what string, done, total int64)
}

// Limits bounds a collection. A zero member takes its default; what a limit
// kept out is listed in Collection.Refused.
type Limits struct {
	File  int64 // plain bytes of one file: 512 MiB
	Total int64 // plain bytes of all files together: 4 GiB
	Rows  int64 // lines of one listing: 2,000,000
	Files int64 // files that one collector takes: 2,000
	// Verify bounds the bytes read to compare files with their packages: 1 GiB.
	Verify int64
}

// withDefaults fills the members that were left zero.
func (l Limits) withDefaults() Limits {
	for _, m := range []struct {
		at  *int64
		def int64
	}{{&l.File, 512 << 20}, {&l.Total, 4 << 30}, {&l.Rows, 2_000_000}, {&l.Files, 2000}, {&l.Verify, 1 << 30}} {
		if *m.at <= 0 {
			*m.at = m.def
		}
	}
	return l
}

// DefaultPaths are the folders that linux.listing lists unless told otherwise.
func DefaultPaths() []string {
	return []string{
		"/etc", "/usr/local", "/tmp", "/var/tmp", "/dev/shm", "/root", "/home",
		"/opt", "/srv", "/var/spool/cron",
	}
}

// Profiles of the collectors.
const (
	Volatile = "volatile" // what is gone after a power cut
	Triage   = "triage"   // everything a first look needs
	Logs     = "logs"     // logs and login history
)

// Description tells people what a collector takes.
type Description struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Volatility int      `json:"volatility"` // collectors run in ascending order
	Live       bool     `json:"live"`       // reads the running kernel: not for images
	Profiles   []string `json:"profiles"`
}

// Collectors lists the collectors in the order in which they run.
func Collectors() []Description {
	all := []string{Volatile, Triage}
	rest := []string{Triage}
	logs := []string{Triage, Logs}
	return []Description{
		{"linux.system", "Machine, kernel and clock", 10, false, []string{Volatile, Triage, Logs}},
		{"linux.processes", "Processes with hashes of their executables", 20, true, all},
		{"linux.sockets", "Network and unix sockets with their processes", 30, true, all},
		{"linux.openfiles", "Open files and mappings worth a look", 40, true, all},
		{"linux.bpf", "eBPF programs, maps and links", 45, true, all},
		{"linux.routes", "Routes, neighbours and addresses", 50, true, all},
		{"linux.firewall", "Firewall rules", 55, true, all},
		{"linux.sessions", "Users logged in", 60, true, []string{Volatile, Triage, Logs}},
		{"linux.modules", "Kernel modules", 70, true, all},
		{"linux.kernel", "Kernel settings, probes and patches", 75, true, all},
		{"linux.kmsg", "Kernel log", 77, true, all},
		{"linux.mounts", "Mounted file systems", 80, true, all},
		{"linux.containers", "Containers and pods", 85, false, all},
		{"linux.deleted", "Executables that run without a name", 90, true, rest},
		{"linux.logins", "Login history", 100, false, logs},
		{"linux.auth", "Authentication and audit logs", 110, false, logs},
		{"linux.syslog", "System logs", 120, false, logs},
		{"linux.journal", "systemd journal", 130, false, logs},
		{"linux.history", "Histories of shells and programs", 140, false, rest},
		{"linux.cron", "Cron and at jobs", 150, false, rest},
		{"linux.units", "systemd units, timers and drop-ins", 160, false, rest},
		{"linux.timers", "Timers and when they last ran", 165, false, rest},
		{"linux.startup", "Start-up files and preloaded libraries", 170, false, rest},
		{"linux.accounts", "Users, groups and sudo rules", 180, false, rest},
		{"linux.ssh", "ssh configuration and authorized keys", 190, false, rest},
		{"linux.packages", "Package manager logs and status", 200, false, logs},
		{"linux.verify", "Files that differ from their package, or have none", 205, false, rest},
		{"linux.listing", "File listing with four times a file", 210, false, rest},
	}
}

// chosen returns the collectors that o asks for, in order of volatility.
func (o Options) chosen() ([]Description, error) {
	asked := o.Collectors
	if len(asked) == 0 {
		asked = []string{o.Profile}
		if o.Profile == "" {
			asked = []string{Triage}
		}
	}
	all := Collectors()
	taken := make([]bool, len(all))
	for _, want := range asked {
		known := false
		for i, d := range all {
			short := strings.TrimPrefix(d.Name, "linux.")
			if want == d.Name || want == short || slices.Contains(d.Profiles, strings.TrimPrefix(want, "linux.")) {
				taken[i], known = true, true
			}
		}
		if want == "linux.files" && len(o.Files) > 0 {
			known = true // Files alone
		}
		if !known {
			return nil, fmt.Errorf("collect %q: %w (try %s, %s or %s)", want, ErrNoCollector, Triage, Volatile, Logs)
		}
	}
	var out []Description
	for i, d := range all {
		if taken[i] {
			out = append(out, d)
		}
	}
	return out, nil
}

// Collect runs the chosen collectors one after the other, hands each exhibit to
// sealed as soon as it lies in the locker (its ID is left empty), and sums up.
//
// The Collection is true in every case, beside an error too. A cancelled
// context is no error: what was sealed stays and Collection.Cut says why the
// rest is missing. Errors are bad options, the locker's (ErrFull), and those
// that sealed returns; each ends the collection. Whatever could not be read of
// the evidence itself is never an error, but a Refusal.
func Collect(ctx context.Context, o Options, sealed func(record.Exhibit) error) (record.Collection, error) {
	if o.Locker == nil || o.Now == nil || sealed == nil {
		return record.Collection{}, errors.New("collect: locker, clock and receiver are needed")
	}
	which, err := o.chosen()
	if err != nil {
		return record.Collection{}, err
	}
	if _, err := o.Locker.Sweep(); err != nil {
		return record.Collection{}, fmt.Errorf("collect: %w", err)
	}
	o.Limits = o.Limits.withDefaults()
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	return collect(ctx, o, which, sealed)
}
