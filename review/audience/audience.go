// Package audience makes the record of an incident fit for those who will read
// what is made of it: it withholds the fields that their profile does not let out,
// and goes through every text of the others for people, hosts, addresses and
// accounts, so that a review, a bundle or a message can be made of what is left
// and of nothing else.
//
// It is pure: the same entries, profile and key give the same result. What stands
// for a name is keyed, so that it holds within one document and cannot be joined
// with another. It knows the names that the incident knows and what has a shape; a
// name in a sentence that nobody ever gave the incident stays. Report says what was
// replaced and what was not, for a person to look at before anything leaves.
package audience

import (
	"encoding/json"
	"slices"
	"strconv"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// Kind is what a name or number belongs to.
type Kind string

// The kinds. Those from Secret on are only found, never named.
const (
	Person  Kind = "person"
	Account Kind = "account"
	Mail    Kind = "mail"
	Phone   Kind = "phone"
	IBAN    Kind = "iban"
	Card    Kind = "card"
	Host    Kind = "host"
	Address Kind = "address"
	MAC     Kind = "mac"
	Domain  Kind = "domain"
	URL     Kind = "url"
	Path    Kind = "path"
	Process Kind = "process"
	Hash    Kind = "hash"
	Other   Kind = "other"
	Secret  Kind = "secret"
	Time    Kind = "time"
	Count   Kind = "count"
	Group   Kind = "incident" // the incident's own id
)

// Name is somebody or something that the incident knows.
type Name struct {
	Kind  Kind
	Value string
	// Role is whose it is, as record.Subject has it. Those of the attacker stay.
	Role string
	As   string // what it is shown as: "the file server"
	// Responder says that the person works on the incident, or could.
	Responder bool
	// Sure says that a person said so: it counts even where it is a word of every
	// text.
	Sure bool
}

// Options say for whom something is made, and what is known.
type Options struct {
	// Profile is theirs. Without one everything is shown, but for secrets.
	Profile record.Profile
	// Also are further readers: what one of them may not see, nobody sees.
	Also []record.Profile
	// Key is that of the pseudonyms: one for each document.
	Key []byte
	// Names are known besides those that the entries have.
	Names []Name
	// Secrets takes out of a text what is known to be a secret by its value.
	Secrets func(string) string
	// Banner stands over everything for counsel, in the place of the usual words.
	Banner string
	// Words has addresses and the like that nobody is known by shown as words,
	// "(address)", and not as pseudonyms: in messages.
	Words bool
}

// Apply masks entries and what goes with them. Review.Build of the result says
// nothing that the profile does not let out.
func Apply(entries []record.Entry, extra review.Extra, o Options) ([]record.Entry, review.Extra, Report) {
	m := New(entries, o)
	masked := m.Entries(entries)
	labelled(masked, o.Profile)
	extra = m.Extra(extra)
	extra.Readers = review.Readers{Profile: o.Profile, Label: Label(o.Profile, labelOf(entries)), Banner: Banner(o.Profile, o.Banner)}
	extra.Key = o.Key
	report := m.Report()
	report.Names = m.Used()
	return masked, extra, report
}

// labelled gives the incident the label that it has for the readers of a profile, so
// that no form says another one than what stands over it.
func labelled(entries []record.Entry, p record.Profile) {
	if p == "" {
		return // everything is shown as it is
	}
	for i, e := range entries {
		var own struct {
			TLP incident.TLP `json:"tlp"`
		}
		switch e.Kind { //nolint:exhaustive // the others have no label
		case record.IncidentOpened, record.IncidentChanged:
			if e.Decode(&own) != nil || own.TLP == "" && e.Kind == record.IncidentChanged {
				continue
			}
		default:
			continue
		}
		if label := Label(p, own.TLP); label != own.TLP {
			entries[i].Fields["tlp"] = json.RawMessage(strconv.Quote(string(label)))
		}
	}
}

// labelOf is the incident's own label, as the record has it last.
func labelOf(entries []record.Entry) incident.TLP {
	var out incident.TLP
	for _, e := range entries {
		switch e.Kind { //nolint:exhaustive // the others do not change it
		case record.IncidentOpened:
			learnt(e, func(p record.Opened) { out = p.TLP })
		case record.IncidentChanged:
			learnt(e, func(p record.Changed) {
				if p.TLP != nil {
					out = *p.TLP
				}
			})
		}
	}
	return out
}

// rules are what a profile shows.
type rules struct {
	hidden map[Kind]bool
	roles  bool // who works on the incident is called by the role
	named  bool // in fields that are of people, and of who acted, they keep their names
	as     bool // a subject is shown as what a person said
	ids    bool // pseudonyms of the record and the incident's id stay
	coarse bool // times to the hour, counts in bands, no money
}

// people and machines are the kinds that go together.
var (
	people   = []Kind{Person, Account, Mail, Phone, IBAN, Card}
	machines = []Kind{Host, Address, MAC, Domain, URL, Path, Process, Hash, Other}
)

func rulesOf(p record.Profile) rules {
	hide := func(kinds ...[]Kind) map[Kind]bool {
		out := map[Kind]bool{}
		for _, some := range kinds {
			for _, k := range some {
				out[k] = true
			}
		}
		return out
	}
	switch p { //nolint:exhaustive // the public's is that of whatever else comes
	case record.FullProfile, "":
		return rules{hidden: hide(), named: true, ids: true}
	case record.LegalProfile:
		return rules{hidden: hide([]Kind{Card}), named: true, ids: true}
	case record.TechnicalProfile:
		return rules{hidden: hide(people), roles: true, as: true}
	case record.RegulatorProfile:
		return rules{hidden: hide(people, machines), roles: true, named: true, as: true}
	case record.ExecutiveProfile:
		return rules{hidden: hide(people, machines), roles: true, as: true}
	default: // public, and whatever comes
		return rules{hidden: hide(people, machines, []Kind{Group}), roles: true, coarse: true}
	}
}

// narrower are the rules of two readers of one text.
func (r rules) narrower(o rules) rules {
	for k, yes := range o.hidden {
		r.hidden[k] = r.hidden[k] || yes
	}
	r.roles = r.roles || o.roles
	r.named, r.as, r.ids = r.named && o.named, r.as && o.as, r.ids && o.ids
	r.coarse = r.coarse || o.coarse
	return r
}

// Banner is the line that stands over everything made for that profile; "" where
// there is none. Counsel's is counsel's own word where it was given.
func Banner(p record.Profile, counsel string) string {
	switch {
	case p != record.LegalProfile:
		return ""
	case counsel != "":
		return counsel
	}
	return "Privileged and confidential - prepared at the direction of counsel"
}

// Label is the label of a document for that profile of an incident with that
// label: the public's is clear, that of who sees everything is the incident's own,
// and no other is below it.
func Label(p record.Profile, own incident.TLP) incident.TLP {
	order := incident.TLPs() // the most open first
	least := map[record.Profile]incident.TLP{
		record.LegalProfile: incident.TLPAmberStrict, record.TechnicalProfile: incident.TLPAmber,
		record.RegulatorProfile: incident.TLPAmberStrict, record.ExecutiveProfile: incident.TLPAmberStrict,
	}[p]
	switch p { //nolint:exhaustive // the others have a least one
	case record.PublicProfile:
		return incident.TLPClear
	case record.FullProfile, "":
		return own
	}
	at := max(slices.Index(order, own), slices.Index(order, least))
	if at < 0 {
		return own
	}
	return order[at]
}
