//go:build !race

package cmd_test

// raceDetector says that the program under test is slow and large.
const raceDetector = false
