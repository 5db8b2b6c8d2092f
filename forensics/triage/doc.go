// Package triage says what in a timeline a senior analyst would look at first.
//
// Rules in YAML, built in or a user's own, are asked of the timeline; what they
// find becomes findings: what it is, why, the events behind it, what else it may
// be, and what to look at next. The same timeline and rules give the same
// findings, in the same order.
//
// It promises nothing of what it did not find. It is pure: the timeline is an
// interface, files are an fs.FS, and there is no clock: "the last days" are those
// before the newest evidence of each host.
//
// Where to begin reading: rule.go is the language; load.go reads it; run.go asks
// the timeline; group.go counts, join.go looks for the other event, gap.go for
// silence; finding.go makes one thing of what several rules say of it.
package triage
