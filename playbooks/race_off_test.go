//go:build !race

package playbooks

const raceDetector = false
