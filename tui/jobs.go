package tui

import (
	"context"
	"sync/atomic"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
)

// job is work under way: anything that changes the incident or takes time.
// It goes on while screens change, and quitting asks first.
type job struct {
	key     string // one job of a key at a time
	title   string
	sends   bool // something may be on its way out: cancelling asks first
	long    bool // shown with its progress
	started time.Time
	cancel  context.CancelFunc
	told    atomic.Pointer[response.Progress]
}

// errand says what a job does.
type errand struct {
	key   string
	title string
	sends bool
	long  bool
	do    func(context.Context, response.ProgressFunc) (says string, err error)
	// then runs in Update after success; failed after an error, and reports
	// whether it has shown the error itself.
	then   func() tea.Cmd
	failed func(error) bool
}

type progressTick struct{}

// start begins an errand. A second one with the same key is refused.
func (a *app) start(e errand) tea.Cmd {
	for _, j := range a.jobs {
		if j.key == e.key {
			return a.tell(e.title + ": already under way")
		}
	}
	ctx, cancel := context.WithCancel(a.ctx)
	j := &job{key: e.key, title: e.title, sends: e.sends, long: e.long, started: a.now(), cancel: cancel}
	first := len(a.jobs) == 0
	a.jobs = append(a.jobs, j)
	a.dirty = true
	work := func() tea.Msg {
		says, err := e.do(ctx, func(p response.Progress) { j.told.Store(&p) })
		return answer(func() (bool, tea.Cmd) {
			cancel()
			a.finish(j)
			if err != nil {
				if e.failed != nil && e.failed(err) {
					return true, a.refresh()
				}
				return true, tea.Batch(a.fail(e.title, err), a.refresh())
			}
			cmds := []tea.Cmd{a.refresh()}
			if says != "" {
				cmds = append(cmds, a.tell(says))
			}
			if e.then != nil {
				cmds = append(cmds, e.then())
			}
			return true, tea.Batch(cmds...)
		})
	}
	if !first {
		return work
	}
	return tea.Batch(work, a.pulse())
}

// pulse draws the progress of running work five times a second.
func (a *app) pulse() tea.Cmd {
	return a.after(200*time.Millisecond, progressTick{})
}

func (a *app) finish(done *job) {
	var left []*job
	for _, j := range a.jobs {
		if j != done {
			left = append(left, j)
		}
	}
	a.jobs = left
}

// running says why a job of that key cannot be started now.
func (a *app) running(key string) bool {
	for _, j := range a.jobs {
		if j.key == key {
			return true
		}
	}
	return false
}

// cancelJobs stops what can be stopped, and asks about what may already be on
// its way out.
func (a *app) cancelJobs() tea.Cmd {
	var sends []*job
	for _, j := range a.jobs {
		if j.sends {
			sends = append(sends, j)
			continue
		}
		j.cancel()
	}
	if len(sends) == 0 {
		return a.tell("cancelling")
	}
	return a.ask("Stop waiting for "+sends[0].title+"?",
		"It may already have been sent. The record will say unknown until somebody looks (l).",
		"stop", func() tea.Cmd {
			for _, j := range sends {
				j.cancel()
			}
			return nil
		})
}

// says is the job's line: what it does, how far it is, how long it has run.
func (j *job) says(now time.Time) string {
	s := j.title
	if p := j.told.Load(); p != nil {
		if p.What != "" {
			s += ": " + p.What
		}
		switch {
		case p.Total > 0:
			s += " " + number(p.Done) + "/" + number(p.Total)
		case p.Done > 0:
			s += " " + number(p.Done)
		}
	}
	return s + "  " + lasted(now.Sub(j.started))
}
