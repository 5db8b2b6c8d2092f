// Package cmd is the command line: one file per command, each with its options,
// its constructor and its run function. It knows the process (arguments,
// streams, environment, signals, exit codes) and nobody else does; what a
// command does is a call to package response or tui.
package cmd
