//go:build race

package playbooks

// raceDetector says that pools are emptied at random, so that what is allocated in all says nothing.
const raceDetector = true
