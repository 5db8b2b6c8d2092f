//go:build unix

package cmd

import "golang.org/x/sys/unix"

// echoOff keeps a terminal from showing what is typed. Lines are still edited,
// and Ctrl-C still interrupts.
func echoOff(fd int) error {
	t, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	t.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, setTermios, t)
}
