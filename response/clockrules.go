package response

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/review/clocks"
)

// Limits of the files of deadlines in a workspace.
const (
	clocksDir     = "clocks"
	maxClockFiles = 50
	maxClockBytes = clocks.MaxSize // of all of them: they go into the record
)

// clockTerms is what deadlines are counted by in this workspace now.
type clockTerms struct {
	book  *clocks.Book
	zone  *time.Location
	cals  clocks.Calendars
	basis clocks.Basis
}

// clockTerms reads the deadlines that are known, and which of them are on. The
// error says what of the configuration or of a file is wrong.
func (s *Service) clockTerms() (clockTerms, error) {
	c := s.o.Config.Clocks
	own, files, err := s.ownClocks()
	if err != nil {
		return clockTerms{}, err
	}
	var t clockTerms
	if t.book, err = clocks.NewBook(own, clocks.Choice{Regimes: c.Regimes, Also: c.Also, All: c.All}); err != nil {
		return clockTerms{}, usage("firebreak clocks list shows what is known", "%w", err)
	}
	if t.zone, err = clockZone(s.o.Config); err != nil {
		return clockTerms{}, usage("", "%w", err)
	}
	t.cals = clocks.Calendars{}
	for name, calendar := range c.Holidays {
		if t.cals[name], err = s.Calendar(calendar); err != nil {
			return clockTerms{}, err
		}
	}
	t.basis = clocks.Basis{Zone: t.zone.String(), Own: files}
	for _, id := range t.book.IDs() {
		if t.book.On(id) {
			t.basis.On = append(t.basis.On, id)
		}
	}
	return t, nil
}

// clockZone is where days are counted.
func clockZone(c config.Config) (*time.Location, error) {
	if c.Clocks.Zone == "" {
		return c.Location()
	}
	loc, err := time.LoadLocation(c.Clocks.Zone)
	if err != nil {
		return nil, fmt.Errorf("load zone %s: %w", c.Clocks.Zone, err)
	}
	return loc, nil
}

// ownClocks reads the files of deadlines of the workspace: what contracts want.
func (s *Service) ownClocks() ([]clocks.Rule, []clocks.OwnFile, error) {
	dir := filepath.Join(s.o.Home, clocksDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read clocks: %w", err)
	}
	var rules []clocks.Rule
	var files []clocks.OwnFile
	total := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != ".yaml" {
			continue
		}
		if len(files) >= maxClockFiles {
			return nil, nil, usage("", "read clocks: more than %d files in %s", maxClockFiles, dir)
		}
		src, err := readClockFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, nil, err
		}
		if total += len(src); total > maxClockBytes {
			return nil, nil, usage("", "read clocks: more than %d bytes in %s", maxClockBytes, dir)
		}
		name := clocksDir + "/" + e.Name()
		more, err := clocks.Parse(name, src, false)
		if err != nil {
			return nil, nil, usage("docs/clocks.md has the format", "%w", err)
		}
		rules = append(rules, more...)
		files = append(files, clocks.OwnFile{Name: name, Source: string(src)})
	}
	return rules, files, nil
}

func readClockFile(path string) ([]byte, error) {
	f, err := config.OpenFile(path)
	if err != nil {
		return nil, fmt.Errorf("read clocks: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only: nothing can be lost by closing
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read clocks: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, usage("", "read clocks: %s is not a regular file", path)
	}
	src, err := io.ReadAll(io.LimitReader(f, clocks.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read clocks: %w", err)
	}
	return src, nil
}

// pinned is the basis as an entry keeps it: of the calendars only the years that
// deadlines of now can end in.
func (t clockTerms) pinned(now time.Time) (json.RawMessage, error) {
	b := t.basis
	b.Calendars = clocks.Calendars{}
	from, to := now.AddDate(-1, 0, 0).Format(time.DateOnly), now.AddDate(3, 0, 0).Format(time.DateOnly)
	for name, c := range t.cals {
		c.Holidays = slices.DeleteFunc(slices.Clone(c.Holidays), func(h playbooks.Holiday) bool { return h.Date < from || h.Date > to })
		b.Calendars[name] = c
	}
	out, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("pin what deadlines are counted by: %w", err)
	}
	return out, nil
}

// reviewLimits are until when after closing a review is done, by severity, where
// the configuration does not say.
func (s *Service) reviewLimit(sev incident.Severity) clocks.Period {
	limits := map[string]string{"sev1": "3d", "sev2": "5bd"}
	maps.Copy(limits, s.o.Config.Clocks.Review)
	p, _ := clocks.ParsePeriod(limits[strings.ToLower(sev.String())]) // "never" is none, and so is a severity without one
	return p
}

// KnownClock is a deadline of the data or of a file, and whether it is on here.
type KnownClock struct {
	clocks.Rule
	On  bool   `json:"on"`
	Off string `json:"off,omitempty"` // why it is not
}

// KnownClocks are all deadlines that are known.
func (s *Service) KnownClocks() ([]KnownClock, error) {
	t, err := s.clockTerms()
	if err != nil {
		return nil, err
	}
	var out []KnownClock
	for _, r := range t.book.Rules() {
		k := KnownClock{Rule: r, On: t.book.On(r.ID)}
		switch {
		case k.On:
		case r.Confidence == clocks.Remembered:
			k.Off = "nobody looked it up: clocks: {also: [" + r.ID + "]} turns it on"
		case r.Place != "":
			k.Off = "clocks: {regimes: [" + r.Regime + "]} in the configuration turns it on, or " + r.Place
		default:
			k.Off = "clocks: {regimes: [" + r.Regime + "]} in the configuration turns it on"
		}
		out = append(out, k)
	}
	return out, nil
}
