package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

// withoutWorkspace are the options of what needs no workspace: only its
// configuration and whom it trusts, where there is one.
func (p *program) withoutWorkspace() (response.Options, error) {
	c, err := p.config()
	if err != nil {
		return response.Options{}, err
	}
	paths, err := p.paths()
	if err != nil {
		return response.Options{}, err
	}
	host, err := p.Host()
	if err != nil {
		return response.Options{}, fmt.Errorf("name this machine: %w", err)
	}
	return p.optionsAt(paths.Home, host, c), nil
}

// runTimestampFile has a container stamped as it lies.
func runTimestampFile(c *cobra.Command, o *timestampOptions) error {
	w, err := o.p.withoutWorkspace()
	if err != nil {
		return err
	}
	if o.request != "" {
		q, err := response.StampFileQuery(c.Context(), o.container, o.p.progress())
		if err != nil {
			return err
		}
		if err := output(o.request, q); err != nil {
			return err
		}
		if o.p.json {
			return o.p.printJSON(map[string]any{"file": o.container, "request": o.request})
		}
		return o.p.printf("the query about %s is in %s\nsend it: curl -H 'Content-Type: application/timestamp-query' --data-binary @%[2]s URL > reply.tsr\nthen: firebreak timestamp --container %[1]s --response reply.tsr\n", term.Safe(o.container), term.Safe(o.request))
	}
	var stamped response.FileStamp
	if o.response != "" {
		b, err := o.p.input("time-stamp", o.response)
		if err != nil {
			return err
		}
		stamped, err = response.StampFileReply(c.Context(), w, o.container, b, o.p.progress())
		if err != nil {
			return err
		}
	} else if stamped, err = response.StampFile(c.Context(), w, o.container, o.tsa, o.p.progress()); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(stamped)
	}
	return o.p.printf("%s  sha256 %s\n%sthe stamp is in %s: keep it beside the file\n", term.Safe(stamped.File), stamped.SHA256, sayStamp(stamped), term.Safe(stamped.Stamp))
}

// sayStamp is the line about a stamp.
func sayStamp(s response.FileStamp) string {
	line := fmt.Sprintf("stamped    at %s by %s\n", utc(s.Time), term.Safe(s.Authority))
	if !s.Trusted {
		line += "nobody here vouches for it: its CA's certificate belongs into trust/tsa.pem if you know it\n"
	}
	return line
}
