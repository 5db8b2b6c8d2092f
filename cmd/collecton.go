package cmd

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

// onFlags are the flags of collect --on.
type onFlags struct {
	target string
	sudo   bool
	binary string
}

func (o *onFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.target, "on", "", "from this host: `ssh:[USER@]HOST[:PORT]`")
	f.BoolVar(&o.sudo, "sudo", false, "with --on: as root there, by sudo without a password")
	f.StringVar(&o.binary, "binary", "", "with --on: the `FILE` of the firebreak to run there (default: this one)")
}

func (o *onFlags) check() error {
	switch {
	case o.target == "" && (o.sudo || o.binary != ""):
		return errFlag{errors.New("--sudo and --binary go with --on")}
	case o.target != "" && !strings.HasPrefix(o.target, "ssh:"):
		return errFlag{fmt.Errorf("--on %.80q: want ssh:[user@]host[:port]", o.target)}
	}
	return nil
}

func runCollectOn(c *cobra.Command, o *collectOptions, s *response.Session, id incident.ID) error {
	self := "/proc/self/exe"
	if _, err := os.Stat(self); err != nil {
		if self, err = os.Executable(); err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
	}
	t, err := s.CollectOn(c.Context(), id, response.CollectOnOptions{
		CollectOptions: o.CollectOptions, Target: strings.TrimPrefix(o.on.target, "ssh:"), Sudo: o.on.sudo, Binary: o.on.binary, Self: self,
		SSH: o.away.places(o.p).SSH,
	}, o.p.progress())
	if t.Head.ID == "" {
		return err
	}
	o.p.authority(o.Authority)
	if o.p.json {
		if serr := o.p.printJSON(t); serr != nil {
			return serr
		}
		return err
	}
	if serr := o.p.printf("%s  %d exhibits of %s, %d bytes (container %s)\n", id, t.Exhibits, term.Safe(t.Head.Host), t.Bytes, term.Safe(t.Head.ID)); serr != nil {
		return serr
	}
	if t.Collection != nil {
		if serr := saySpan(*t.Collection, o.p.printf); serr != nil {
			return serr
		}
		if serr := o.p.refused(t.Collection.Refused, "firebreak show "+string(id)+" evidence --json", o.p.printf); serr != nil {
			return serr
		}
	}
	if err == nil {
		o.p.firstLook(c.Context(), s, id)
	}
	return err
}
