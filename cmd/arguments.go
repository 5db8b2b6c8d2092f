package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"firebreak/internal/problem"
	"firebreak/response"
)

// subcommand wants no argument: one is the name of a command that is not there.
func subcommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if sub := later(c, args); sub != nil {
		return verbFirst(c, sub)
	}
	hint := c.CommandPath() + " --help lists the commands"
	c.SuggestionsMinimumDistance = 2 // letters
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		if i := slices.Index(near, problem.Nearest(args[0], near)); i > 0 {
			near[0], near[i] = near[i], near[0]
		}
		for i := range near {
			near[i] = c.CommandPath() + " " + near[i]
		}
		hint = "did you mean: " + strings.Join(near, ", ") + "?"
	}
	return &response.Error{Code: response.CodeUsage, Hint: hint, Err: fmt.Errorf("unknown command %q for %s", args[0], c.CommandPath())}
}

// later is the subcommand that stands behind the first word: the incident was
// written before what is to be done with it.
func later(c *cobra.Command, args []string) *cobra.Command {
	if len(args) < 2 {
		return nil
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && (sub.Name() == args[1] || sub.HasAlias(args[1])) {
			return sub
		}
	}
	return nil
}

// verbFirst says in which order the words of a command stand.
func verbFirst(c, sub *cobra.Command) error {
	return errFlag{fmt.Errorf("%s comes first: %s %s", sub.Name(), c.CommandPath(), sub.Use)}
}

// order lets every command that has subcommands say so where one stands too late.
func order(c *cobra.Command) {
	for _, sub := range c.Commands() {
		order(sub)
	}
	want := c.Args
	if !c.HasParent() || !c.HasSubCommands() || want == nil {
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if sub := later(c, args); sub != nil {
			return verbFirst(c, sub)
		}
		return want(c, args)
	}
}

// helpOn makes help about a command that is not there an error, as the command is.
func helpOn(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() != "help" {
			continue
		}
		c.Run, c.RunE = nil, func(_ *cobra.Command, args []string) error {
			of, rest, err := root.Find(args)
			if err != nil || of == nil {
				return subcommand(root, args[:1])
			}
			if of.HasSubCommands() && len(rest) > 0 {
				return subcommand(of, rest[:1])
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		}
	}
}

// flagError is what cobra says of a flag, with the one that was meant.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return errFlag{err}
	}
	switch short := unknown.GetSpecifiedShortnames(); {
	case strings.Contains(short, ":"): // search last -user:root
		return &response.Error{Code: response.CodeUsage, Hint: "a filter with a - stands in quotes, as in 'source:auth -user:root', or behind --", Err: err}
	case short != "":
		return errFlag{err}
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	hint := c.CommandPath() + " --help lists the flags"
	if near := problem.Nearest(unknown.GetSpecifiedName(), known); near != "" {
		hint = "did you mean --" + near + "?"
	}
	return &response.Error{Code: response.CodeUsage, Hint: hint, Err: err}
}

// given says what a command wants and how much it got.
func given(c *cobra.Command, names string, args []string) error {
	err := fmt.Errorf("%s wants %s (%d given)", c.CommandPath(), names, len(args))
	if len(args) == 0 && strings.HasPrefix(names, "an incident") {
		return &response.Error{Code: response.CodeUsage, Hint: "last is the newest; firebreak list shows them all", Err: err}
	}
	return errFlag{err}
}

// exactly wants n arguments and says what they are.
func exactly(n int, names string) cobra.PositionalArgs { return between(n, n, names) }

// between wants from to to arguments.
func between(from, to int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= from && len(args) <= to {
			return nil
		}
		return given(c, names, args)
	}
}

// atMost wants n arguments or fewer.
func atMost(n int, names string) cobra.PositionalArgs { return between(0, n, names) }

// atLeast wants n arguments or more.
func atLeast(n int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= n {
			return nil
		}
		return given(c, names, args)
	}
}
