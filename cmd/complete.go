package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"firebreak/internal/term"
	"firebreak/response"
)

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// fixed are the values of flags that mean the same wherever they stand.
var fixed = map[string][]string{
	"severity":  {"sev1", "sev2", "sev3", "sev4"},
	"tlp":       {"clear", "green", "amber", "amber+strict", "red"},
	"phase":     {"identify", "contain", "eradicate", "recover", "learn"},
	"audience":  {"responders", "executives", "customers", "regulators"},
	"certainty": {"confirmed", "estimated", "suspected", "excluded"},
	"held":      {"held", "partly", "failed", "missing"},
	"player":    {"perfect", "careless", "absent"},
}

// completeFlags lets the shell complete the values of those flags everywhere.
func (p *program) completeFlags(c *cobra.Command) {
	for _, sub := range c.Commands() {
		p.completeFlags(sub)
	}
	c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if _, has := c.GetFlagCompletionFunc(f.Name); has {
			return
		}
		var do completion
		switch values := fixed[f.Name]; {
		case values != nil:
			do = cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
		case f.Name == "playbook":
			do = p.completePlaybooks
		case f.Name == "profile" && f.Usage == "for whom: "+profileNames():
			do = cobra.FixedCompletions(strings.Split(profileNames(), ", "), cobra.ShellCompDirectiveNoFileComp)
		default:
			return
		}
		_ = c.RegisterFlagCompletionFunc(f.Name, do) // it has none, and the flag is there
	})
}

// thenWords completes an incident, and behind it one of these words.
func (p *program) thenWords(words ...string) completion {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) != 1 {
			return p.completeIncidents(c, args, typed)
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// thenActions completes an incident, and behind it one of its actions in one of
// these states; in any, where none is named.
func (p *program) thenActions(states ...response.ActionState) completion {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) != 1 {
			return p.completeIncidents(c, args, typed)
		}
		p.silent = true // a shell that completes must not ask for a passphrase
		s, id, err := p.incident(args[0])
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		b, err := s.Board(c.Context(), id)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var out []string
		for _, a := range b.Actions {
			if len(states) == 0 || slices.Contains(states, a.State) {
				out = append(out, a.Action+"\t"+term.Safe(a.Name+" on "+a.Target+", "+string(a.State)))
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
