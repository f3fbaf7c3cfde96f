//go:build race

package intune_test

const raceDetector = true
