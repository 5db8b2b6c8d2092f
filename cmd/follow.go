package cmd

import (
	"errors"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/response"
)

func followFlags(c *cobra.Command, o *ingestOptions) {
	f := c.Flags()
	f.BoolVar(&o.follow, "follow", false, "take one file as it grows, until Ctrl-C")
	f.BoolVar(&o.fromEnd, "from-end", false, "with --follow: leave what the file already holds")
	c.MarkFlagsMutuallyExclusive("follow", "rebuild")
}

// runFollow takes a growing file until the person stops it, a line for each
// thing that happens.
func runFollow(c *cobra.Command, s *response.Session, id incident.ID, o *ingestOptions) error {
	if o.files[0] == "-" {
		return errFlag{errors.New("--follow wants a file that has a name: the standard input is read to its end without it")}
	}
	var broken error
	var pieces, events int64
	told := func(t response.Followed) {
		if t.State == response.FollowPiece {
			if pieces == 0 {
				o.p.authority(o.Authority)
			}
			pieces++
			events += t.Events
		}
		if broken == nil {
			broken = o.p.sayFollowed(t, pieces, events)
		}
	}
	err := s.Follow(c.Context(), id, o.files[0], response.FollowOptions{IngestOptions: o.IngestOptions, FromEnd: o.fromEnd}, told)
	if err == nil {
		err = broken
	}
	return err
}

func (p *program) sayFollowed(t response.Followed, pieces, events int64) error {
	if p.json {
		return p.printJSON(t)
	}
	source := term.Safe(t.Source)
	switch t.State {
	case response.FollowStarted:
		if p.quiet {
			return nil
		}
		return p.printf("following %s from byte %d; Ctrl-C ends it\n", source, t.From)
	case response.FollowResumed:
		return p.printf("following %s again, from byte %d on: what is before it has been taken; Ctrl-C ends it\n", source, t.From)
	case response.FollowPiece:
		if err := p.printf("%s: bytes %d to %d, %s (%d new), %d rejected\n", t.Exhibit, t.From, t.To, plural(t.Events, "event"), t.Added, t.Rejected); err != nil {
			return err
		}
		for _, line := range t.Samples {
			if err := p.printf("  rejected: %s\n", term.Cut(term.Safe(line), 160)); err != nil {
				return err
			}
		}
	case response.FollowGone:
		return p.printf("no file is named %s now; waiting for one\n", source)
	case response.FollowRotated:
		return p.printf("%s was rotated after byte %d: going on with the new file\n", source, t.From)
	case response.FollowTruncated:
		return p.printf("%s was truncated or written anew after byte %d: beginning again at its start\n", source, t.From)
	case response.FollowEnded:
		if err := p.printf("taken: %s, %s\n", plural(pieces, "piece"), plural(events, "event")); err != nil {
			return err
		}
		if t.Left > 0 {
			return p.printf("not taken: %s of a last line without an end\n", plural(t.Left, "byte"))
		}
	}
	return nil
}
