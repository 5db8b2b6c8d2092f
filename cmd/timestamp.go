package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type timestampOptions struct {
	p         *program
	incident  string
	container string
	tsa       string
	request   string
	response  string
}

func newTimestampCmd(p *program, run func(*cobra.Command, *timestampOptions) error) *cobra.Command {
	o := &timestampOptions{p: p}
	c := &cobra.Command{
		Use:   "timestamp INCIDENT|--container FILE",
		Short: "Have an outside authority stamp the record, or a container, with its time",
		Long: `Ask a time-stamping authority (RFC 3161) to stamp the record as it is now. It
learns a hash and nothing else; its answer proves that the record, with every
entry so far, was there at that time. Authorities whose certificate is in
$FIREBREAK_HOME/trust/tsa.pem are known; a stamp by another is kept, and verify
says that nobody here vouches for it.

With --container FILE the file is stamped as it lies, encrypted: no workspace and
no key is needed, and nothing of it is read but its hash. The reply is kept in
FILE.tsr, where verify --container looks for it; openssl ts -verify -data FILE -in
FILE.tsr checks it elsewhere.

Without a network, --request writes the query to a file, and the reply that
somebody fetched comes back with --response.`,
		Example: `  firebreak timestamp last --tsa https://tsa.example.org/tsr
  firebreak timestamp --container web-1.tar.zst.age --tsa https://tsa.example.org/tsr
  firebreak timestamp last --request head.tsq
  firebreak timestamp last --response head.tsr`,
		Args: func(c *cobra.Command, args []string) error {
			if o.container != "" {
				return exactly(0, "no incident with --container")(c, args)
			}
			return exactly(1, "an incident")(c, args)
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.incident = args[0]
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.container, "container", "", "stamp this `FILE`, a container, instead of a record")
	f.StringVar(&o.tsa, "tsa", "", "the authority's `URL` (default: timestamp.url of the configuration)")
	f.StringVar(&o.request, "request", "", "write the query to this new `FILE`, and ask nobody")
	f.StringVar(&o.response, "response", "", "a `FILE` with the reply of an authority")
	c.MarkFlagsMutuallyExclusive("tsa", "request", "response")
	return c
}

func runTimestamp(c *cobra.Command, o *timestampOptions) error {
	if o.container != "" {
		return runTimestampFile(c, o)
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	if o.request != "" {
		q, head, err := s.TimestampQuery(c.Context(), id)
		if err != nil {
			return err
		}
		if err := output(o.request, q); err != nil {
			return err
		}
		if o.p.json {
			return o.p.printJSON(map[string]any{"incident": id, "size": head.Size, "root": head.Root, "request": o.request})
		}
		return o.p.printf("%s  the query about %s is in %s\nsend it: curl -H 'Content-Type: application/timestamp-query' --data-binary @%[3]s URL > head.tsr\nthen: firebreak timestamp %[1]s --response head.tsr\n", id, entries(head.Size), term.Safe(o.request))
	}
	var stamped response.Stamp
	if o.response != "" {
		b, err := o.p.input("time-stamp", o.response)
		if err != nil {
			return err
		}
		stamped, err = s.TimestampReply(c.Context(), id, b)
		if err != nil {
			return err
		}
	} else if stamped, err = s.Timestamp(c.Context(), id, o.tsa, o.p.progress()); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{
			"incident": id, "size": stamped.Size, "root": stamped.Root, "authority": stamped.Authority,
			"serial": stamped.Serial, "time": stamped.Time, "trusted": stamped.Trusted,
		})
	}
	known := ""
	if !stamped.Trusted {
		known = "\nnobody here vouches for it: its CA's certificate belongs into trust/tsa.pem if you know it"
	}
	return o.p.printf("%s  %s stamped at %s by %s%s\n", id, entries(stamped.Size), utc(stamped.Time), term.Safe(stamped.Authority), known)
}
