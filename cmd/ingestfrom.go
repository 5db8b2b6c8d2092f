package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/response"
)

// fromSystem is what a configured system is asked for.
type fromSystem struct {
	action     string
	connection string
	params     []string
}

func fromFlags(c *cobra.Command, o *ingestOptions) {
	f := c.Flags()
	f.StringVar(&o.from.action, "from", "", "ask a configured system: the `ACTION` that gives it, as pagerduty.incident.log")
	f.StringVar(&o.from.connection, "connection", "", "with --from: which configured `SYSTEM`")
	f.StringArrayVar(&o.from.params, "with", nil, "with --from: a parameter of the action, `NAME=VALUE`")
	for _, other := range []string{"follow", "rebuild", "parser", "mapping"} {
		c.MarkFlagsMutuallyExclusive("from", other)
	}
}

func (w fromSystem) ingest(c *cobra.Command, s *response.Session, id incident.ID, o *ingestOptions) (response.Ingested, error) {
	params, err := parseParams(w.params)
	if err != nil {
		return response.Ingested{}, err
	}
	r := response.PlanRequest{Action: w.action, Connection: w.connection, Params: params}
	return s.CollectFrom(c.Context(), id, r, o.IngestOptions, o.p.progress())
}
