package cmd

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type doctorOptions struct {
	p      *program
	online bool
}

func newDoctorCmd(p *program, run func(*cobra.Command, *doctorOptions) error) *cobra.Command {
	o := &doctorOptions{p: p}
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check that everything is ready for an incident",
		Long: `Check the workspace, the configuration, its secrets, the playbooks and this machine. Nothing is sent. Exits with 1 when something is broken.

With --online each connected system is asked who we are there and what we may do, within 10 seconds; nothing is changed. What a credential lacks for actions of its connection is told, what it may do beyond them, and when it expires within a week. One that is refused is broken.`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error { return run(c, o) },
	}
	c.Flags().BoolVar(&o.online, "online", false, "ask each connected system who we are and what we may do; changes nothing")
	return c
}

// finding is one line of the doctor.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, warn, fail
	Says  string `json:"says"`
}

func runDoctor(c *cobra.Command, o *doctorOptions) error {
	failed := false
	for _, f := range o.examine(c.Context()) {
		failed = failed || f.State == "fail"
		var err error
		if o.p.json {
			err = o.p.printJSON(f)
		} else {
			err = o.p.printf("%-5s %-16s %s\n", f.State, f.Check, term.Safe(f.Says))
		}
		if err != nil {
			return err
		}
	}
	if err := c.Context().Err(); err != nil {
		return err
	}
	if failed {
		return errReported{Failed}
	}
	return nil
}

func (o *doctorOptions) examine(ctx context.Context) []finding {
	var out []finding
	add := func(check string, err error, ok string) {
		if err != nil {
			out = append(out, finding{check, "fail", err.Error()})
		} else {
			out = append(out, finding{check, "ok", ok})
		}
	}
	warn := func(check, says string) { out = append(out, finding{check, "warn", says}) }
	paths, err := o.p.paths()
	add("paths", err, paths.Home)
	conf, err := o.p.config()
	add("configuration", err, paths.Config)
	if err != nil {
		return out
	}
	is, err := response.ProtectionOf(paths.Home)
	switch {
	case err != nil:
		add("encryption", err, "")
	case !is.Encrypted || is.Unfinished || is.Renewing:
		warn("encryption", is.String())
	default:
		add("encryption", nil, is.String())
	}
	if is.Encrypted {
		swap, core := exposures()
		if swap != "" {
			warn("swap", swap)
		}
		if core != "" {
			warn("core dumps", core)
		}
	}
	s, err := o.p.session()
	add("workspace", err, paths.Home)
	if err != nil {
		return out
	}
	add("write", tryWrite(paths.Home), "can write and sync")
	name, err := s.Service().FileSystem()
	if name == "" {
		name = "not told apart on this system"
	} else {
		name += ": locks hold"
	}
	add("file system", err, name)
	if low := s.Service().LowRoom(); low != "" {
		warn("room", low+": evidence is refused below 8 MiB, and notes soon after")
	}
	books, err := s.Service().Playbooks()
	add("playbooks", err, fmt.Sprintf("%d", len(books)))
	o.deadlines(s, add, warn)
	_, err = s.Service().Catalogue()
	add("connections", err, fmt.Sprintf("%d configured, and this host", len(conf.Connections)))
	o.secrets(ctx, s, conf, add, warn)
	if o.online {
		said, err := s.Service().CheckCredentials(ctx)
		if err != nil {
			add("credential", err, "")
		}
		for _, h := range said {
			out = append(out, finding{"credential", h.State, h.Connection + ": " + h.Says})
		}
	}
	if runtime.GOOS == "linux" {
		if os.Geteuid() != 0 {
			warn("rights", "not root: some evidence will be refused, and nftables and foreign processes cannot be acted on")
		}
		if _, err := exec.LookPath("nft"); err != nil {
			warn("nftables", "the program nft is missing: addresses cannot be blocked on this machine")
		}
	} else {
		warn("collectors", "of "+runtime.GOOS+" less is read than of Linux: docs/collectors.md")
	}
	o.backups(ctx, s, add, warn)
	list, err := s.List(ctx)
	add("incidents", err, fmt.Sprintf("%d", len(list)))
	for _, l := range list {
		if l.Broken != "" {
			add("incident", &response.Error{Code: response.CodeIntegrity, Err: fmt.Errorf("%s: %s", l.ID, l.Broken)}, "")
		}
	}
	return out
}

// tryWrite writes, syncs and removes a small file.
func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // an empty file at worst
	if _, err := f.WriteString("firebreak doctor\n"); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}
