package integrations

import (
	"context"
	"errors"
)

// ErrNotReadable is returned by Verify and Find where the other side cannot be
// asked: what was sent stays sent, neither verified nor failed.
var ErrNotReadable = errors.New("the other side cannot be asked")

// Host is the machine that package linux acts on: this one, or the drill's.
type Host interface {
	// Run runs a program and returns what it wrote, at most 4 MiB each. An
	// error means that it did not run to its end; a failure is in Code.
	Run(ctx context.Context, p Program) (Output, error)
	// Process reads one process; incident.ErrNotFound when there is none.
	Process(ctx context.Context, pid int) (Process, error)
	// Stop freezes the process (SIGSTOP) or lets it go on (SIGCONT), if it is
	// still the one that started at p.Start.
	Stop(ctx context.Context, p Process, stop bool) error
	// Self is the process that asks, Name the machine.
	Self() int
	Name() string
}

// Program is one program to run, without a shell.
type Program struct {
	Argv  []string
	Env   []string // beside what every program gets, each NAME=VALUE
	Stdin string
}

// Output is what a program left.
type Output struct {
	Stdout []byte
	Stderr []byte
	Code   int
}

// Process is one process. PID and Start together name it: a PID alone is used
// again. Start counts clock ticks since boot.
type Process struct {
	PID     int    `json:"pid"`
	Parent  int    `json:"parent"`
	Start   int64  `json:"start"`
	UID     int    `json:"uid"`
	Name    string `json:"name"`
	Exe     string `json:"exe"`
	Cmdline string `json:"cmdline"`
	State   string `json:"state"`            // one letter, as in proc(5)
	Leader  bool   `json:"leader"`           // false for a thread of another process
	Kernel  bool   `json:"kernel,omitempty"` // a thread of the kernel
}
