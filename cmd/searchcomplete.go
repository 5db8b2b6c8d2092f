package cmd

import (
	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/timeline"
)

// complete completes the incident, then each argument as a piece of a filter.
func (o *searchOptions) complete(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return o.p.completeIncidents(c, args, typed)
	}
	o.p.silent = true // a shell that completes must not ask for a passphrase
	s, id, err := o.p.incident(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	found, err := s.Complete(c.Context(), id, typed, len(typed))
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	out := make([]string, 0, len(found))
	for _, f := range found {
		// What a terminal would obey cannot be typed into it.
		if whole := typed[:f.From] + f.Insert; term.Safe(whole) == whole {
			out = append(out, whole)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}

// completeFields completes the names of fields.
func (o *searchOptions) completeFields(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return append(timeline.Fields(), "attr."), cobra.ShellCompDirectiveNoFileComp
}
