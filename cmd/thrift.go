package cmd

import "runtime/debug"

// thriftyPercent is how much garbage may lie around before it is collected, of
// what is in use. Reading evidence allocates little, so more collections cost
// next to nothing, and most of what it holds are texts, which are not walked.
const thriftyPercent = 20

// thrifty keeps memory small while evidence is read. What it returns gives back
// what was set before.
func thrifty() (restore func()) {
	was := debug.SetGCPercent(thriftyPercent)
	if was >= 0 && was < thriftyPercent { // somebody wants less
		debug.SetGCPercent(was)
	}
	return func() { debug.SetGCPercent(was) }
}
