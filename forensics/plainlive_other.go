//go:build !windows

package forensics

// liveStates are none: Linux has collectors of its own, and of macOS no live state
// is read.
func liveStates() []liveState { return nil }
