//go:build race

package review_test

// underRace says that the race detector is on: it makes everything larger.
const underRace = true
