package response

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/record"
	"firebreak/store"
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
	mask, err := s.mask(ctx, f, cmp.Or(audience, s.s.o.Config.Connections[connection].Audience), profiles...)
	if err != nil {
		return m, err
	}
	m.Subject, m.Body = mask.Typed(m.Subject, "subject"), mask.Typed(m.Body, "text")
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
