//go:build !race

package forensics

// raceEnabled says that memory is the race detector's.
const raceEnabled = false
