//go:build !race

package cacao_test

const raceDetector = false
