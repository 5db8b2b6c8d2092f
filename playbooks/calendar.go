package playbooks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Calendar says which days are business days: those that are neither of the
// weekend nor a holiday. The zero Calendar has Saturdays and Sundays off. A run
// is given the one it counts by when it begins, so that its dates stay what
// they were when the file changes.
type Calendar struct {
	Name     string    `json:"name,omitempty"`
	Weekend  []string  `json:"weekend,omitzero"` // saturday and sunday when it is nil
	Holidays []Holiday `json:"holidays,omitempty"`
}

// Holiday is one day off; Date is written 2006-01-02.
type Holiday struct {
	Date string `json:"date"`
	Name string `json:"name,omitempty"`
}

// Limits of a calendar: twenty years of the most generous country.
const (
	maxHolidays    = 1000
	maxHolidayName = 200 // bytes
)

func weekdays() []string {
	out := make([]string, 7)
	for i := range out {
		out[i] = strings.ToLower(time.Weekday(i).String())
	}
	return out
}

// ParseCalendar reads a calendar: a list of holidays, or a mapping of weekend
// and holidays. The error is Problems, every one with its place in the file.
func ParseCalendar(name, file string, src []byte) (Calendar, error) {
	d := &decoder{file: file}
	c := Calendar{Name: name}
	if root := d.document(src); root != nil {
		d.calendar(&c, root)
	}
	if len(d.problems) > 0 {
		return Calendar{}, d.problems.Sorted()
	}
	return c, nil
}

func (d *decoder) calendar(c *Calendar, root *yaml.Node) {
	days := root
	if root.Kind != yaml.SequenceNode {
		keys, _ := d.mapping(root, "calendar", []string{"weekend", "holidays"})
		if keys == nil {
			return
		}
		days = keys["holidays"]
		if n := keys["weekend"]; n != nil {
			c.Weekend = []string{}
			for _, item := range d.list(n, "weekend") {
				if day := d.word(item, "day", weekdays()); day != "" && !slices.Contains(c.Weekend, day) {
					c.Weekend = append(c.Weekend, day)
				}
			}
			if len(c.Weekend) == 7 {
				d.node(codeValue, n, "", "no day of the week is a business day")
			}
		}
	}
	if days == nil {
		return
	}
	if days.Kind != yaml.SequenceNode {
		d.node(codeShape, days, "as in - {date: 2026-12-25, name: Christmas Day}", "holidays must be a list")
		return
	}
	if len(days.Content) > maxHolidays {
		d.node(codeTooMany, days, "keep the years that still matter", "more than %d holidays", maxHolidays)
		return
	}
	seen := map[string]int{}
	for _, n := range days.Content {
		d.holiday(c, n, seen)
	}
}

func (d *decoder) holiday(c *Calendar, n *yaml.Node, seen map[string]int) {
	if n.Kind == yaml.ScalarNode {
		d.day(c, n, Holiday{Date: d.text(n, "holiday")}, seen)
		return
	}
	keys, _ := d.mapping(n, "holiday", []string{"date", "name"})
	if keys == nil {
		return
	}
	if keys["date"] == nil {
		d.node(codeMissing, n, "as in {date: 2026-12-25, name: Christmas Day}", "holiday has no date")
		return
	}
	h := Holiday{Date: d.text(keys["date"], "date"), Name: d.optional(keys["name"], "name")}
	if len(h.Name) > maxHolidayName {
		d.node(codeTooMany, keys["name"], "", "name is longer than %d bytes", maxHolidayName)
	}
	d.day(c, keys["date"], h, seen)
}

func (d *decoder) day(c *Calendar, n *yaml.Node, h Holiday, seen map[string]int) {
	switch first, twice := seen[h.Date]; {
	case h.Date == "":
	case !isDate(h.Date):
		d.node(codeValue, n, "year, month and day, as in 2026-12-25", "%s is no date", brief(h.Date))
	case twice:
		d.node(codeValue, n, "keep one", "%s is already a holiday in line %d", h.Date, first)
	default:
		seen[h.Date] = n.Line
		c.Holidays = append(c.Holidays, h)
	}
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == len(time.DateOnly)
}

// Check says what is wrong with a calendar that comes from elsewhere than
// ParseCalendar.
func (c Calendar) Check() error {
	for _, day := range c.Weekend {
		if !slices.Contains(weekdays(), day) {
			return fmt.Errorf("calendar %s: %s is no day of the week", c.Name, brief(day))
		}
	}
	if off := c.off(); len(off) == 7 {
		return fmt.Errorf("calendar %s: no day of the week is a business day", c.Name)
	}
	if len(c.Holidays) > maxHolidays {
		return fmt.Errorf("calendar %s: more than %d holidays", c.Name, maxHolidays)
	}
	for _, h := range c.Holidays {
		if !isDate(h.Date) {
			return fmt.Errorf("calendar %s: %s is no date, as in 2026-12-25", c.Name, brief(h.Date))
		}
		if len(h.Name) > maxHolidayName {
			return fmt.Errorf("calendar %s: name of %s is longer than %d bytes", c.Name, h.Date, maxHolidayName)
		}
	}
	return nil
}

// off is the weekend.
func (c Calendar) off() map[time.Weekday]bool {
	if c.Weekend == nil {
		return map[time.Weekday]bool{time.Saturday: true, time.Sunday: true}
	}
	out := map[time.Weekday]bool{}
	for _, name := range c.Weekend {
		if i := slices.Index(weekdays(), name); i >= 0 {
			out[time.Weekday(i)] = true
		}
	}
	return out
}

// After is the moment d after t. Business days end at the same time of day and
// pass over the weekend and the holidays, by the dates of t's location.
func (c Calendar) After(t time.Time, d Duration) time.Time {
	if d.BusinessDays == 0 {
		return t.Add(d.Time)
	}
	off, holidays := c.off(), make(map[string]bool, len(c.Holidays))
	for _, h := range c.Holidays {
		holidays[h.Date] = true
	}
	// No calendar that Check lets pass comes near the number of rounds.
	for left, rounds := d.BusinessDays, 0; left > 0 && rounds < 20_000; rounds++ {
		t = t.AddDate(0, 0, 1)
		if !off[t.Weekday()] && !holidays[t.Format(time.DateOnly)] {
			left--
		}
	}
	return t
}
