// Package clocks counts the deadlines of an incident: whom the law, a contract or
// the own house wants to be told, until when, and what has become of it.
//
// What is known of the laws is data: the YAML files of this folder, each rule with
// its citation, its sources, how sure they are and when they were looked at. People
// write rules of their own in the same form. What happened is in the record: what a
// deadline counts from, whether it applies, and that it was met. Due times follow
// from the two and are kept nowhere.
//
// It is pure: clock, zone and calendar are handed in. It is advice and decides
// nothing: it starts no deadline by itself, sends nothing, and calls a duty without
// a number never met in time. Where texts can be read in two ways the earlier limit
// is shown.
//
// Where to begin reading: rule.go is what a rule says, count.go how it is counted,
// fold.go what the record says, line.go how the two come together; draft.go writes a
// notification.
package clocks
