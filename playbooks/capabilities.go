package playbooks

import (
	"maps"
	"slices"
)

// Capabilities is what a playbook can do outside, sorted: each action, program
// and connection it names.
type Capabilities struct {
	Actions  []string `json:"actions,omitempty"`
	Programs []string `json:"programs,omitempty"`
	Notifies []string `json:"notifies,omitempty"`
	Collects []string `json:"collects,omitempty"`
	Secrets  []string `json:"secrets,omitempty"`
}

// Capabilities lists what the playbook can do outside.
func (p *Playbook) Capabilities() Capabilities {
	actions, programs, notifies, collects, secrets := set{}, set{}, set{}, set{}, set{}
	for _, s := range p.order {
		actions.add(s.Action)
		notifies.add(s.Notify...)
		collects.add(s.Collect...)
		if len(s.Run) > 0 {
			programs.add(s.Run[0])
		}
		if s.Rollback != nil {
			actions.add(s.Rollback.Action)
			if len(s.Rollback.Run) > 0 {
				programs.add(s.Rollback.Run[0])
			}
		}
		if s.Verify != nil {
			actions.add(s.Verify.Action)
		}
	}
	for _, v := range p.Vars {
		if v.Type == Secret {
			secrets.add(v.Name)
		}
	}
	return Capabilities{actions.sorted(), programs.sorted(), notifies.sorted(), collects.sorted(), secrets.sorted()}
}

type set map[string]bool

func (s set) add(items ...string) {
	for _, i := range items {
		if i != "" {
			s[i] = true
		}
	}
}

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }
