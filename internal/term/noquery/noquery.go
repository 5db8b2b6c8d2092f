// Package noquery keeps Bubble Tea v1 from asking the terminal for its
// background colour while the program starts. The question is asked when the
// library is imported, in every command, and a terminal that does not answer
// (expect, ansible, docker -t, a serial line) stalls it for five seconds.
//
// Import it for its effect, wherever Bubble Tea is imported. It works because
// Go initialises packages that are ready in the order of their import paths,
// and "firebreak/…" sorts before "github.com/charmbracelet/bubbletea". This is
// the project's only init function, because no later moment is early enough.
package noquery

import "github.com/charmbracelet/lipgloss"

func init() { //nolint:gochecknoinits // must run before Bubble Tea's own init
	lipgloss.SetHasDarkBackground(true)
}
