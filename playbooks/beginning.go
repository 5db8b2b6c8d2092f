package playbooks

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
)

// Beginning is what is known of a playbook that somebody begins to write.
type Beginning struct {
	ID           string
	Name         string
	Severity     string // sev1 to sev4
	Kind         string // one of Kinds
	Roles        []incident.Role
	Notify       []string // connections that are told
	PersonalData bool     // personal data may be touched
}

// Kinds are what a new playbook can be about.
func Kinds() []string { return []string{"account", "data", "host", "other", "service"} }

// Check says what is wrong with the answers, nil when nothing is.
func (b Beginning) Check() error {
	switch {
	case !slugShape.MatchString(b.ID):
		return fmt.Errorf("id %s: want lower-case letters, digits and hyphens, as in leaked-github-token", brief(b.ID))
	case strings.TrimSpace(b.Name) == "" || len(b.Name) > 200:
		return fmt.Errorf("name %s: want 1 to 200 characters", brief(b.Name))
	case strings.ContainsFunc(b.Name, func(r rune) bool { return r == '\n' || r == '\t' || Hidden(r) }):
		return fmt.Errorf("name %s: want one line of characters that can be seen", brief(b.Name))
	case !slices.Contains([]string{"sev1", "sev2", "sev3", "sev4"}, b.Severity):
		return fmt.Errorf("severity %s: want sev1, sev2, sev3 or sev4", brief(b.Severity))
	case !slices.Contains(Kinds(), b.Kind):
		return fmt.Errorf("kind %s: want one of %s", brief(b.Kind), strings.Join(Kinds(), ", "))
	}
	for _, r := range b.Roles {
		if !slices.Contains(roleNames(), string(r)) {
			return fmt.Errorf("role %s: want one of %s", brief(string(r)), strings.Join(roleNames(), ", "))
		}
	}
	for _, n := range b.Notify {
		if !slugShape.MatchString(n) {
			return fmt.Errorf("connection %s: want the name of a connection", brief(n))
		}
	}
	return nil
}

// Files writes the playbook and its tests. Both lint and pass as they are, so
// that each change can be tried at once.
func (b Beginning) Files() (book, tests []byte, err error) {
	if err := b.Check(); err != nil {
		return nil, nil, err
	}
	if book, err = Format(b.ID+".yaml", []byte(b.book())); err != nil {
		return nil, nil, err
	}
	if tests, err = Format(b.ID+".test.yaml", []byte(b.tests())); err != nil {
		return nil, nil, err
	}
	return book, tests, nil
}

// words of a kind: what it is called, what to save first, what to ask, how to
// stop it, and how to come back.
type words struct{ thing, save, look, stop, clean, back string }

func (b Beginning) words() words {
	return map[string]words{
		"account": {
			"account", "the sign-in log, the list of sessions, and what was changed in the account",
			"Since when, from which addresses, and with which factor? What did it read, change or send?",
			"End all sessions, then reset the password and the second factor. Say before that who will be locked out.",
			"Take away keys, rules, forwardings and grants that were added.", "Give the account back to its owner by voice, with a new factor.",
		},
		"data": {
			"data", "the access log of the store, its settings, and who may read it",
			"Which records, of how many people, since when? Was it read, copied or changed, and how do we know?",
			"Close the way to the data. Do not delete it: it is evidence.",
			"Remove copies that can be reached, and ask others in writing to remove theirs.", "Open the way again for those who need it, and watch it.",
		},
		"host": {
			"host", "what a power cut would erase, then the logs",
			"What was the first event that should not be there? What runs, listens and starts by itself that nobody can explain?",
			"Isolate the host at the switch or the hypervisor. Leave it running.",
			"Build it anew from a known source. Do not clean it by hand.", "Restore the data, and put it back into service under watch.",
		},
		"other": {
			"system", "what will be gone tomorrow: logs with a short life, memory, what a vendor keeps",
			"What was the first event that should not be there? What changed just before it? What did it reach?",
			"For each way to stop it: what it stops, what it breaks, how it is undone. Take the one that can be undone.",
			"Remove the cause, not only its signs.", "Bring it back step by step, and watch it.",
		},
		"service": {
			"service", "the logs of the service and of what stands before it, its deployments, its configuration",
			"Since when, for whom, and what changed just before it? Is it an attack, a mistake or a fault?",
			"Take the attacked part out of service, or put a rule before it. Say what users will see.",
			"Close the hole, and look whether it was used before.", "Open it again for a part of the users first.",
		},
	}[b.Kind]
}

func (b Beginning) roles() []incident.Role {
	out := []incident.Role{incident.Commander, incident.Investigator}
	for _, r := range b.Roles {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	if b.PersonalData && !slices.Contains(out, incident.Legal) {
		out = append(out, incident.Legal)
	}
	return out
}
