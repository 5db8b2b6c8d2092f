package response

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/timeline"
)

// carries refuses a message over a connection that may not carry its label. A
// drill's messages stay in this program: only a label that somebody gave the
// connection counts there.
func (s *Service) carries(f *folder, connection string, label incident.TLP) error {
	c, configured := s.o.Config.Connections[connection]
	if label == "" || f.drill && (!configured || c.TLP == "") || c.Carries(string(label)) {
		return nil
	}
	most := "TLP:RED goes nowhere by itself"
	if c.TLP != "" {
		most = "it may carry TLP:" + strings.ToUpper(c.TLP) + " at most"
	}
	return refused("tell them another way; or say tlp: "+string(label)+" of the connection in the configuration, if those who read there may see it; or lower the label: firebreak change "+string(f.id)+" --tlp",
		"connection %s: %s, and this is TLP:%s", connection, most, strings.ToUpper(string(label)))
}

// readers are the profiles of those who will read a message: of the audience that
// its template names, and of whoever reads at the connection.
func (s *Service) readers(audience, connection string) ([]record.Profile, error) {
	var out []record.Profile
	for _, name := range []string{audience, s.o.Config.Connections[connection].Audience} {
		if name == "" {
			continue
		}
		a, err := s.audience(name)
		if err != nil {
			return nil, fmt.Errorf("who reads at connection %s: %w", connection, err)
		}
		out = append(out, a.Profile)
	}
	return out, nil
}

// address makes a message fit for those who will read it: it is not sent where it
// may not go, names that they may not see are taken out, and it joins its thread.
func (s *Session) address(ctx context.Context, f *folder, inc incident.Incident, audience, connection string, m integrations.Message) (integrations.Message, error) {
	if err := s.s.carries(f, connection, inc.TLP); err != nil {
		return m, err
	}
	profiles, err := s.s.readers(audience, connection)
	if err != nil {
		return m, err
	}
	mask, err := s.mask(ctx, f, profiles...)
	if err != nil {
		return m, err
	}
	m.Subject, m.Body = mask.Typed(m.Subject), mask.Typed(m.Body)
	m.Thread, err = s.thread(ctx, f, connection)
	return m, err
}

// thread is what went out before over a connection.
func (s *Session) thread(ctx context.Context, f *folder, connection string) (integrations.Thread, error) {
	t := integrations.Thread{Name: string(f.id)}
	err := f.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Actions()
		for _, a := range all {
			st := ActionState(a.State)
			if a.Connection != connection || a.Reverts != "" || a.RevertedBy != "" || st != Sent && st != Verified {
				continue
			}
			var p integrations.Plan
			var r integrations.Receipt
			if json.Unmarshal(a.Plan, &p) != nil || len(a.Last.Receipt) > 0 && json.Unmarshal(a.Last.Receipt, &r) != nil {
				continue // it was erased: nothing can hang on it
			}
			t.Before = append(t.Before, integrations.Earlier{Action: a.Name, Params: p.Call.Params, Data: r.Data})
		}
		return err
	})
	return t, err
}

// mask takes out of texts what readers of all of these profiles may not see.
func (s *Session) mask(ctx context.Context, f *folder, profiles ...record.Profile) (*review.Mask, error) {
	if !slices.ContainsFunc(profiles, func(p record.Profile) bool { return !p.ShowsPeople() || !p.ShowsHosts() }) {
		return review.NewMask(review.Masked{}), nil
	}
	m, err := s.names(ctx, f)
	if err != nil {
		return nil, err
	}
	return review.NewMask(m, profiles...), nil
}

// names are the people and hosts that the incident knows, with what stands for
// them: the pseudonym that the record has for a person, and one like it for a
// host.
func (s *Session) names(ctx context.Context, f *folder) (review.Masked, error) {
	n := namer{s: s.s, id: f.id, Masked: review.Masked{People: map[string]string{}, Hosts: map[string]string{}}}
	n.host(s.s.o.Host)
	for name, c := range s.s.o.Config.Connections {
		if c.Kind == "ssh" || c.Kind == "linux" {
			n.host(name)
			n.host(c.Settings["host"])
		}
	}
	n.person(s.s.o.Config.Name)
	n.person(s.by.Name)
	roster, _ := s.s.Roster() // lines that cannot be read name nobody that could be taken out
	for _, l := range roster.Lines {
		for _, p := range l.Principals {
			n.person(p)
		}
	}
	err := f.store.View(ctx, func(tx *store.Tx) error { return n.record(tx) })
	if err != nil {
		return review.Masked{}, err
	}
	n.timeline(ctx, f)
	return n.Masked, nil
}

type namer struct {
	review.Masked
	s  *Service
	id incident.ID
}

func (n namer) person(name string) {
	if name = strings.TrimSpace(name); name != "" && !strings.ContainsAny(name, "*?") && !record.Gone(name) {
		n.People[name] = n.s.key.pseudonym(name)
		if local, _, ok := strings.Cut(name, "@"); ok { // a roster names people by their mail address
			n.People[local] = n.s.key.pseudonym(name)
		}
	}
}

func (n namer) host(name string) {
	if _, h, ok := strings.Cut(name, "@"); ok {
		name = h
	}
	name, _, _ = strings.Cut(strings.TrimSpace(name), ":")
	if name == "" || record.Gone(name) {
		return
	}
	key := n.s.key.derive("host\x00" + string(n.id) + "\x00" + strings.ToLower(name))
	n.Hosts[name] = "h-" + base32.StdEncoding.EncodeToString(key[:5])
}

// record takes the names out of the entries.
func (n namer) record(tx *store.Tx) error {
	inc, err := tx.Incident()
	if err != nil {
		return err
	}
	for _, text := range []string{inc.Title, inc.Summary, inc.Impact} {
		n.Find(text)
	}
	for _, who := range inc.Roles {
		n.person(who)
	}
	run, err := n.s.run(tx)
	if err != nil {
		return err
	}
	if run != nil {
		n.variables(run.Vars())
	}
	count, err := tx.Count()
	if err != nil {
		return err
	}
	es, err := tx.Entries(0, int(count))
	if err != nil {
		return err
	}
	for _, e := range es {
		n.person(e.Actor.Name)
		switch e.Kind { //nolint:exhaustive // the others name nobody in a field of its own
		case record.RoleAssigned:
			var p record.Assigned
			if e.Decode(&p) == nil {
				n.person(p.Person)
			}
		case record.EvidenceSealed:
			var p record.Exhibit
			if e.Decode(&p) == nil {
				n.host(p.Host)
			}
		case record.CollectionFinished:
			var p record.Collection
			if e.Decode(&p) == nil {
				n.host(p.Host)
			}
		case record.FindingJudged:
			var p record.Judged
			if e.Decode(&p) == nil {
				n.host(p.Host)
			}
		case record.ActionPlanned:
			n.targets(e)
		case record.RunStarted:
			var p record.Started
			if e.Decode(&p) == nil {
				n.variables(p.Vars)
			}
		case record.VariableSet:
			var p record.Variables
			if e.Decode(&p) == nil {
				n.variables(p.Vars)
			}
		case record.StepStarted:
			var p record.StepBegin
			if e.Decode(&p) == nil {
				n.variables(p.Vars)
			}
		case record.StepDone:
			var p record.StepEnd
			if e.Decode(&p) == nil {
				n.variables(p.Answers)
				n.variables(p.Set)
			}
		}
	}
	return nil
}

// targets takes the names out of a plan.
func (n namer) targets(e record.Entry) {
	var p record.Planned
	var plan integrations.Plan
	if e.Decode(&p) != nil || len(p.Plan) == 0 || json.Unmarshal(p.Plan, &plan) != nil {
		return
	}
	for _, t := range plan.Targets {
		n.variables(map[string]any{t.Kind: t.Name, t.Kind + " id": t.ID})
	}
}

// variables takes the names out of values, by what they are called.
func (n namer) variables(vars map[string]any) {
	for name, value := range vars {
		name = strings.ToLower(name)
		var put func(string)
		switch {
		case contains(name, "host", "machine", "server", "node", "device"):
			put = n.host
		case contains(name, "user", "account", "person", "people", "member", "employee", "owner", "victim", "login"):
			put = n.person
		default:
			continue
		}
		for _, text := range stringsIn(value) {
			for one := range strings.SplitSeq(text, ",") {
				put(strings.TrimSpace(one))
			}
		}
	}
}

func contains(name string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
}

// mostNames is how many hosts, and how many users, of the timeline are looked up.
const mostNames = 1000

// timeline takes the hosts and users that the events name. It is derived: where it
// cannot be read, the record's names are what is known.
func (n namer) timeline(ctx context.Context, f *folder) {
	db, err := n.s.timeline(ctx, f)
	if err != nil {
		return
	}
	for field, put := range map[timeline.Field]func(string){timeline.FieldHost: n.host, timeline.FieldUser: n.person} {
		values, err := db.Values(ctx, timeline.Filter{}, field, "", events.ValuesOptions{Limit: mostNames})
		if err != nil {
			continue
		}
		for _, v := range values {
			put(v.Value)
		}
	}
}
