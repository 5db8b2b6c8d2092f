package response

import (
	"context"
	"maps"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/audience"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/timeline"
)

// shownTo masks what a document is made of for the readers of a profile: the
// entries, and what goes with them. It is the one door to everything that is made
// of the record for others. The report says what was replaced; it is for whoever
// lets the document out, and for nobody else.
//
// key is that of the document's pseudonyms: documentKey makes one, a release has its
// own.
func (s *Session) shownTo(ctx context.Context, f *folder, p record.Profile, key []byte, entries []record.Entry, extra review.Extra) ([]record.Entry, review.Extra, audience.Report, error) {
	o, err := s.readersOf(ctx, f, key, p)
	if err != nil {
		return nil, review.Extra{}, audience.Report{}, err
	}
	entries, extra, report := audience.Apply(entries, extra, o)
	return entries, extra, report, nil
}

// heldBack says of each entry which fields stay behind in an export that cannot
// change them.
func (s *Session) heldBack(ctx context.Context, f *folder, p record.Profile, h record.Head) (func(record.Entry) []string, error) {
	o, err := s.readersOf(ctx, f, s.s.documentKey("bundle", f.id, p, h), p)
	if err != nil {
		return nil, err
	}
	var entries []record.Entry
	if err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		entries, err = allEntries(tx)
		return err
	}); err != nil {
		return nil, err
	}
	return audience.New(entries, o).Held, nil
}

// documentKey is the key of the pseudonyms of one document, where nothing else has
// one: of what it is, of which incident, for whom, and over which state of the
// record. The same document can be made again; two have no pseudonym in common.
func (s *Service) documentKey(what string, id incident.ID, p record.Profile, h record.Head) []byte {
	key := s.key.derive(strings.Join([]string{"document", what, string(id), string(p), h.Root}, "\x00"))
	return key[:]
}

// toldKey is the key of what one audience of an incident is told: its messages go
// on from each other, so a name has one pseudonym in all of them.
func (s *Service) toldKey(id incident.ID, audience string) []byte {
	key := s.key.derive("told\x00" + string(id) + "\x00" + audience)
	return key[:]
}

// mask takes out of the texts of messages to an audience what readers of all of
// these profiles may not see.
func (s *Session) mask(ctx context.Context, f *folder, to string, profiles ...record.Profile) (*audience.Mask, error) {
	if len(profiles) == 0 {
		profiles = []record.Profile{record.FullProfile}
	}
	o, err := s.readersOf(ctx, f, s.s.toldKey(f.id, to), profiles...)
	if err != nil {
		return nil, err
	}
	o.Words = true
	var entries []record.Entry
	if hides(profiles...) {
		err = f.store.View(ctx, func(tx *store.Tx) (err error) {
			entries, err = allEntries(tx)
			return err
		})
	}
	return audience.New(entries, o), err
}

func hides(profiles ...record.Profile) bool {
	return slices.ContainsFunc(profiles, func(p record.Profile) bool { return p != "" && (!p.ShowsPeople() || !p.ShowsHosts()) })
}

func allEntries(tx *store.Tx) ([]record.Entry, error) {
	count, err := tx.Count()
	if err != nil {
		return nil, err
	}
	return tx.Entries(0, int(count))
}

// readersOf is what a mask has to know of its readers and of the incident, besides
// the entries.
func (s *Session) readersOf(ctx context.Context, f *folder, key []byte, profiles ...record.Profile) (audience.Options, error) {
	o := audience.Options{Profile: profiles[0], Also: profiles[1:], Key: key, Secrets: s.s.o.Secrets.Sink.Text, Banner: s.s.o.Config.Review.Privileged}
	if !hides(profiles...) {
		return o, nil
	}
	var err error
	o.Names, err = s.names(ctx, f)
	return o, err
}

// names are the people and hosts that this workspace knows, and those that the
// incident's timeline and playbook speak of.
func (s *Session) names(ctx context.Context, f *folder) ([]audience.Name, error) {
	n := &namer{s: s.s}
	n.add(audience.Host, s.s.o.Host)
	for _, name := range slices.Sorted(maps.Keys(s.s.o.Config.Connections)) {
		if c := s.s.o.Config.Connections[name]; c.Kind == "ssh" || c.Kind == "linux" {
			n.add(audience.Host, name)
			n.add(audience.Host, c.Settings["host"])
		}
	}
	n.responder(s.s.o.Config.Name)
	n.responder(s.by.Name)
	roster, _ := s.s.Roster() // lines that cannot be read name nobody that could be taken out
	for _, l := range roster.Lines {
		for _, p := range l.Principals {
			n.responder(p)
		}
	}
	err := f.store.View(ctx, func(tx *store.Tx) error {
		run, err := s.s.run(tx)
		if err == nil && run != nil {
			n.all = append(n.all, audience.NamesIn(run.Vars())...)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	n.timeline(ctx, f)
	return n.all, nil
}

type namer struct {
	s   *Service
	all []audience.Name
}

func (n *namer) add(kind audience.Kind, value string) {
	if value = strings.TrimSpace(value); value != "" {
		n.all = append(n.all, audience.Name{Kind: kind, Value: value})
	}
}

func (n *namer) responder(name string) {
	if name = strings.TrimSpace(name); name != "" {
		n.all = append(n.all, audience.Name{Kind: audience.Person, Value: name, Responder: true})
	}
}

// mostNames is how many hosts, and how many users, of the timeline are looked up.
const mostNames = 1000

// timeline takes the hosts and users that the events name. It is derived: where it
// cannot be read, the record's names are what is known.
func (n *namer) timeline(ctx context.Context, f *folder) {
	db, err := n.s.timeline(ctx, f)
	if err != nil {
		return
	}
	for _, of := range []struct {
		field timeline.Field
		kind  audience.Kind
	}{{timeline.FieldHost, audience.Host}, {timeline.FieldUser, audience.Person}} {
		values, err := db.Values(ctx, timeline.Filter{}, of.field, "", events.ValuesOptions{Limit: mostNames})
		if err != nil {
			continue
		}
		for _, v := range values {
			n.add(of.kind, v.Value)
		}
	}
}
