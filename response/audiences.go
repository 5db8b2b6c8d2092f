package response

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"firebreak/config"
	"firebreak/record"
)

// Audience is whom an update is for, and what they may see.
type Audience struct {
	Name     string         `json:"audience"`
	Profile  record.Profile `json:"profile"`
	Template string         `json:"template"`
	Every    time.Duration  `json:"every_ns,omitempty"` // 0: when somebody thinks of it
	To       []string       `json:"to,omitempty"`       // connections
}

// known are the audiences that everybody has.
func known() []Audience {
	return []Audience{
		{Name: "responders", Profile: record.FullProfile, Template: "responders-update"},
		{Name: "executives", Profile: record.ExecutiveProfile, Template: "executives-update"},
		{Name: "customers", Profile: record.PublicProfile, Template: "customers-update"},
		{Name: "regulators", Profile: record.RegulatorProfile, Template: "regulators-update"},
	}
}

// short are other words for them.
var short = map[string]string{
	"exec": "executives", "execs": "executives", "executive": "executives", "leadership": "executives",
	"team": "responders", "responder": "responders", "on-call": "responders",
	"customer": "customers", "public": "customers", "regulator": "regulators", "authority": "regulators",
}

// Audiences are those that everybody has, and those of the configuration.
func (s *Service) Audiences() []Audience {
	all := known()
	for _, name := range slices.Sorted(maps.Keys(s.o.Config.Updates)) {
		c := s.o.Config.Updates[name]
		full := cmp.Or(short[name], name)
		i := slices.IndexFunc(all, func(a Audience) bool { return a.Name == full })
		if i < 0 {
			// Without a profile of its own it is shown what everybody may see.
			all = append(all, Audience{Name: full, Profile: record.PublicProfile, Template: "customers-update"})
			i = len(all) - 1
		}
		all[i].take(c)
	}
	return all
}

// Audiences are those that can be told something.
func (s *Session) Audiences() []Audience { return s.s.Audiences() }

func (a *Audience) take(c config.Cadence) {
	a.Every, a.To = time.Duration(c.Every), c.To
	a.Template = cmp.Or(c.Template, a.Template)
	if c.Profile != "" {
		a.Profile = record.Profile(c.Profile)
	}
}

// audience finds one by its name, or another word for it.
func (s *Service) audience(name string) (Audience, error) {
	all := s.Audiences()
	full := cmp.Or(short[name], name)
	names := make([]string, len(all))
	for i, a := range all {
		if a.Name == full {
			return a, nil
		}
		names[i] = a.Name
	}
	return Audience{}, usage("there are "+strings.Join(names, ", ")+"; updates: in the configuration makes others", "audience %q is not known", name)
}
