// Package cacao reads and writes CACAO Security Playbooks, version 2.0, and
// turns them into playbooks of this project and back, without loss.
//
// Whatever CACAO says and a playbook cannot is kept under `cacao:` beside the
// step or at the top; whatever a playbook says and CACAO cannot goes into one
// extension. It also checks the rules of the standard that its schemas do not,
// and verifies and makes signatures.
//
// It is pure: no clock, no files, no network. A CACAO file is foreign text: it
// is read with limits, and a value never becomes part of a command.
package cacao
