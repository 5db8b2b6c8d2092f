package cmd

import (
	"fmt"
	"slices"
	"strings"
)

// maxArgv bounds the command line that goes into the record with every
// exhibit: a shell's pattern can make ten thousand file names of one word.
const maxArgv = 2 << 10

// valued are the flags whose NAME=VALUE comes from a person or a playbook. None
// takes a secret; should somebody give one all the same, its value stays out.
var valued = []string{"--var", "--with", "--answer"}

// named are the flags whose values stand in fields of their own, so that the
// command line does not give them to those from whom these are withheld.
var named = []string{"--as", "--authority"}

// recordedArgv is the command line as evidence records it.
func recordedArgv(args []string) []string {
	out := []string{"firebreak"}
	size := 0
	for i, a := range args {
		flag, value, joined := strings.Cut(a, "=")
		switch {
		case slices.Contains(named, flag) && joined:
			a = flag + "=…"
		case i > 0 && slices.Contains(named, args[i-1]):
			a = "…"
		case slices.Contains(valued, flag) && joined:
			a = flag + "=" + unvalued(value)
		case i > 0 && slices.Contains(valued, args[i-1]):
			a = unvalued(a)
		}
		if size += len(a) + 1; size > maxArgv {
			return append(out, fmt.Sprintf("(and %d more)", len(args)-i))
		}
		out = append(out, strings.ToValidUTF8(a, "\uFFFD"))
	}
	return out
}

func unvalued(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return name + "=…"
}
