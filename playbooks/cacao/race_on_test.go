//go:build race

package cacao_test

// raceDetector says that pools are emptied at random, so that what is allocated in all says nothing.
const raceDetector = true
