package response

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"firebreak/playbooks"
)

// Calendar returns the business days that a playbook counts by; "" has Monday to
// Friday. A run is given it once, when it begins.
func (s *Service) Calendar(name string) (playbooks.Calendar, error) {
	if name == "" {
		return playbooks.Calendar{}, nil
	}
	conf, ok := s.o.Config.Calendars[name]
	if !ok {
		return playbooks.Calendar{}, notFound("add it under calendars: in the configuration", "calendar %q: not in the configuration", name)
	}
	if conf.File != "" {
		return s.readCalendar(name, conf.File)
	}
	c := playbooks.Calendar{Name: name, Weekend: conf.Weekend}
	for _, h := range conf.Holidays {
		c.Holidays = append(c.Holidays, playbooks.Holiday{Date: h.Date, Name: h.Name})
	}
	return c, c.Check()
}

func (s *Service) readCalendar(name, file string) (playbooks.Calendar, error) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.o.Home, file)
	}
	src, err := readSource("calendar "+name+" in", file, "", playbooks.MaxSize)
	if err != nil {
		return playbooks.Calendar{}, err
	}
	c, err := playbooks.ParseCalendar(name, file, src)
	if err != nil {
		return playbooks.Calendar{}, usage("a list of holidays: - {date: 2026-12-25, name: Christmas Day}", "%w", err)
	}
	return c, nil
}

// businessDays is the calendar that a run of p counts by, to be pinned in its
// record. An error says why this workspace cannot give it; the incident is
// opened all the same, and its record says how days are counted.
func (s *Session) businessDays(p *playbooks.Playbook) (json.RawMessage, error) {
	if p.Calendar == "" {
		return nil, nil
	}
	c, err := s.s.Calendar(p.Calendar)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("pin calendar %s: %w", p.Calendar, err)
	}
	return b, nil
}
