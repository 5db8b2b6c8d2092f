package forensics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"firebreak/forensics/profiles"
	"firebreak/record"
)

// ErrNotLinux is returned by Collect on systems that are none of Linux, macOS and
// Windows.
var ErrNotLinux = errors.New("live collection needs Linux, macOS or Windows")

// ErrNoCollector is returned for a collector or a profile that there is not.
var ErrNoCollector = errors.New("no such collector or profile")

// Options says what to collect, from where, and in whose name.
type Options struct {
	Profile    string   // triage (default), volatile, logs, …; see Collectors
	Collectors []string // names of collectors or profiles; overrides Profile
	Root       string   // "" or "/" is the live host; else the folder of a mounted image, or an image file
	// Profiles are the artefacts and profiles to choose from; nil takes the built-in ones.
	Profiles  *profiles.Set
	Paths     []string // folders that linux.listing lists; nil takes the profile's, else DefaultPaths
	Besides   []string // folders to list besides those of the profile
	Partition int      // of an image with several: only this one; 0 takes all that can be read
	Files     []string // files to take besides, by their paths below Root
	Own       []string // folders and files of this program, on this machine: left out of the walk
	Authority string   // on whose word evidence is taken
	Sink      Sealer   // where it goes: a Locker, or a container that is being written
	Now       func() time.Time
	// ClockOffset is the host's clock less ours; it is recorded, never applied.
	ClockOffset time.Duration
	Host        string // "" takes the host's own name
	Tool        string // program and version
	ToolSHA256  string
	Argv        []string // the command line, as it is recorded
	Stored      string   // the machine that the sink lies on
	Limits      Limits
	// Environment takes the environments of processes too: they hold secrets.
	Environment bool
	// Secrets takes files besides whose purpose is to hold a secret: keys, credentials,
	// password hashes, memory.
	Secrets bool
	// Held says of a file whether an earlier collection, which was cut, has it whole
	// and as it is now, by Root, Source and Before: then it is not read again, but
	// counted in Collection.Kept, and within the limits. nil reads everything.
	Held func(record.Exhibit) bool
	// Refused is told at once of what Collection.Refused lists in the end; nil is told nothing.
	Refused func(record.Refusal)
	told    bool // Paths are the caller's
	// Progress is told what is being read; done and total count collectors.
	Progress func(what string, done, total int64)
}

// Sealer is what a collection is brought into. Seal reads r to its end and
// returns meta with Size, SHA256, Blob and Finished filled in; when it fails, for
// a reason of r or its own, there is no such exhibit. Sweep clears away what an
// earlier writer left behind when it was killed, and says how many that were.
type Sealer interface {
	Seal(ctx context.Context, r io.Reader, meta record.Exhibit) (record.Exhibit, error)
	Sweep() (int, error)
}

var _ Sealer = (*Locker)(nil)

// Limits bounds a collection. A zero member takes its default; what a limit
// kept out is listed in Collection.Refused.
type Limits struct {
	File  int64 // plain bytes of one file: 512 MiB
	Total int64 // plain bytes of all files together: 4 GiB
	Rows  int64 // lines of one listing: 2,000,000
	Files int64 // files that one kind of artefact takes: 2,000
	// Verify bounds the bytes read to compare files with their packages: 512 MiB.
	Verify int64
}

// withDefaults fills the members that were left zero.
func (l Limits) withDefaults() Limits {
	for _, m := range []struct {
		at  *int64
		def int64
	}{{&l.File, 512 << 20}, {&l.Total, 4 << 30}, {&l.Rows, 2_000_000}, {&l.Files, 2000}, {&l.Verify, 512 << 20}} {
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

// walkAt is the volatility from which on collectors read the disk. The disk is
// walked once, for all of them, before the first.
const walkAt = 95

// inProgram lists the collectors that are code of this package. Those of files
// alone are in the YAML of package profiles; one that is in both is both.
func inProgram() []Description {
	all := []string{Volatile, Triage}
	rest := []string{Triage}
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
		{"linux.containers.state", "Containers and pods at work", 85, false, all},
		{"linux.deleted", "Executables that run without a name", 90, true, rest},
		{"linux.listing", "File listing with four times a file", walkAt, false, rest},
		{"linux.units", "systemd units, timers, generators and drop-ins", 160, false, rest},
		{"linux.timers", "Timers and when they last ran", 165, false, rest},
		{"linux.accounts", "Users, groups and sudo rules", 180, false, rest},
		{"linux.ssh", "ssh configuration and authorized keys", 190, false, rest},
		{"linux.verify", "Files that differ from their package, or have none", 205, false, rest},
		{"linux.finds", "Executables with hashes, setuid, capabilities, hidden and immutable files", 900, false, rest},
	}
}

// Collectors lists the built-in collectors in the order in which they run.
func Collectors() []Description {
	list, err := CollectorsOf(nil)
	if err != nil {
		panic(err) // the built-in files are part of the program, and tested
	}
	return list
}

// CollectorsOf lists the collectors that a set has besides those in the program,
// in the order in which they run, with the profiles that choose each. nil is the
// built-in set.
func CollectorsOf(set *profiles.Set) ([]Description, error) {
	if set == nil {
		var err error
		if set, err = profiles.Builtin(); err != nil {
			return nil, err
		}
	}
	list := inProgram()
	for _, c := range set.Collectors {
		if !slices.ContainsFunc(list, func(d Description) bool { return d.Name == c.Name }) {
			list = append(list, Description{Name: c.Name, Title: c.Title, Volatility: max(c.Volatility, walkAt+1)})
		}
	}
	coded := len(inProgram())
	for i := range list[:coded] { // what includes a profile has its collectors in the program too
		for _, p := range set.Profiles {
			if !slices.Contains(list[i].Profiles, p.Name) && includes(set, p, list[i].Profiles) {
				list[i].Profiles = append(list[i].Profiles, p.Name)
			}
		}
	}
	for _, p := range set.Profiles {
		names, err := set.Members(p.Name)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			i := slices.IndexFunc(list, func(d Description) bool { return d.Name == name || d.Name == "linux."+name })
			if i < 0 {
				return nil, fmt.Errorf("%s: profile %s: collector %q: %w", p.Place, p.Name, name, ErrNoCollector)
			}
			if !slices.Contains(list[i].Profiles, p.Name) {
				list[i].Profiles = append(list[i].Profiles, p.Name)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Description) int { return a.Volatility - b.Volatility })
	return list, nil
}

// includes says whether a profile takes another in, at any depth.
func includes(set *profiles.Set, p profiles.Profile, names []string) bool {
	for todo, seen := p.Include, map[string]bool{}; len(todo) > 0; todo = todo[1:] {
		if slices.Contains(names, todo[0]) {
			return true
		}
		if inner, ok := set.Profile(todo[0]); ok && !seen[inner.Name] {
			seen[inner.Name] = true
			todo = append(todo, inner.Include...)
		}
	}
	return false
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
	all, err := CollectorsOf(o.Profiles)
	if err != nil {
		return nil, err
	}
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

// settle fills what the profile says and the caller does not: folders to list,
// and limits.
func (o *Options) settle() error {
	if o.Profiles == nil {
		var err error
		if o.Profiles, err = profiles.Builtin(); err != nil {
			return err
		}
	}
	name := o.Profile
	if name == "" {
		name = Triage
	}
	if len(o.Collectors) > 0 {
		name = o.Collectors[0] // a playbook names a profile there
	}
	p, _ := o.Profiles.Profile(name)
	if o.told = len(o.Paths) > 0; !o.told {
		if o.Paths = p.Listing; len(o.Paths) == 0 {
			o.Paths = DefaultPaths()
		}
		o.Paths = append(slices.Clone(o.Paths), o.Besides...)
	}
	for _, l := range []struct {
		at   *int64
		here int64
	}{{&o.Limits.File, p.Limits.File}, {&o.Limits.Total, p.Limits.Total}, {&o.Limits.Rows, p.Limits.Rows}, {&o.Limits.Files, p.Limits.Files}} {
		if *l.at <= 0 {
			*l.at = l.here
		}
	}
	o.Limits = o.Limits.withDefaults()
	return nil
}

// Collect runs the chosen collectors one after the other, hands each exhibit to
// sealed as soon as it lies in the sink (its ID is left empty), and sums up.
//
// The Collection is true in every case, beside an error too. A cancelled
// context is no error: what was sealed stays and Collection.Cut says why the
// rest is missing. Errors are bad options, the sink's (ErrFull), and those
// that sealed returns; each ends the collection. Whatever could not be read of
// the evidence itself is never an error, but a Refusal.
func Collect(ctx context.Context, o Options, sealed func(record.Exhibit) error) (record.Collection, error) {
	if o.Sink == nil || o.Now == nil || sealed == nil {
		return record.Collection{}, errors.New("collect: sink, clock and receiver are needed")
	}
	which, err := o.chosen()
	if err != nil {
		return record.Collection{}, err
	}
	if _, err := o.Sink.Sweep(); err != nil {
		return record.Collection{}, fmt.Errorf("collect: %w", err)
	}
	if err := o.settle(); err != nil {
		return record.Collection{}, fmt.Errorf("collect: %w", err)
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	if isImageFile(o.Root) {
		return collectImage(ctx, o, which, sealed)
	}
	if o.Root != "" && o.Root != "/" && !o.own(which) {
		if system := systemIn(o.Root); system != "" {
			return collectPlain(ctx, o, system, o.Root, sealed)
		}
	}
	return collect(ctx, o, which, sealed)
}

// own says whether collectors are chosen that come from somebody's definitions:
// they say themselves what is taken of which system.
func (o Options) own(which []Description) bool {
	ours, err := CollectorsOf(nil)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(which, func(d Description) bool {
		return !slices.ContainsFunc(ours, func(x Description) bool { return x.Name == d.Name })
	})
}

// named is what the collection was asked for, in words.
func (o Options) named() string {
	switch {
	case len(o.Collectors) > 0:
		return strings.Join(o.Collectors, ",")
	case o.Profile == "":
		return Triage
	}
	return o.Profile
}
