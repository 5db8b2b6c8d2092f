package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Calendar says which days are no business days: in a file of its own, or here.
type Calendar struct {
	File     string    `json:"file,omitempty"`    // begins with / or ~/, or is found in the workspace
	Weekend  []string  `json:"weekend,omitempty"` // days of the week; saturday and sunday when there is none
	Holidays []Holiday `json:"holidays,omitempty"`
}

// Holiday is one day off; Date is written 2006-01-02.
type Holiday struct {
	Date string `json:"date"`
	Name string `json:"name,omitempty"`
}

// Limits of calendars in the configuration.
const (
	maxCalendars = 100
	maxHolidays  = 1000
)

// calendars reads the calendars by the names that playbooks use.
func (p *parser) calendars(n *yaml.Node) map[string]Calendar {
	out := map[string]Calendar{}
	p.each(n, "calendars", func(name string, v *yaml.Node) {
		at := "calendars." + name
		if len(out) >= maxCalendars {
			p.at(v, "", "calendars: more than %d", maxCalendars)
			return
		}
		if name != strings.ToLower(name) || strings.ContainsAny(name, "_.") {
			p.at(v, "as in de or us-east", "calendars: playbooks name a calendar in lower case with hyphens, so not %q", name)
			return
		}
		if v.Kind == yaml.ScalarNode {
			out[name] = Calendar{File: p.calendarFile(v, at)}
			return
		}
		out[name] = p.calendar(v, at)
	})
	return out
}

func (p *parser) calendarFile(n *yaml.Node, at string) string {
	file := p.text(n, at)
	if strings.TrimSpace(file) == "" {
		p.at(n, "the name of a file, or holidays: with a list", "%s names no calendar", at)
	}
	return file
}

func (p *parser) calendar(n *yaml.Node, at string) Calendar {
	var c Calendar
	p.mapping(n, at, map[string]func(*yaml.Node){
		"file": func(v *yaml.Node) { c.File = p.calendarFile(v, at+".file") },
		"weekend": func(v *yaml.Node) {
			for i, day := range p.texts(v, at+".weekend") {
				switch {
				case !slices.Contains(weekdays, day):
					p.at(v.Content[i], didYouMean(day, weekdays), "%s.weekend: %q is no day of the week", at, day)
				case !slices.Contains(c.Weekend, day):
					c.Weekend = append(c.Weekend, day)
				}
			}
			if len(c.Weekend) == len(weekdays) {
				p.at(v, "", "%s.weekend: no day of the week is a business day", at)
			}
		},
		"holidays": func(v *yaml.Node) { c.Holidays = p.holidays(v, at+".holidays") },
	})
	if c.File != "" && (c.Weekend != nil || c.Holidays != nil) {
		p.at(n, "keep one of the two", "%s has a file, and days of its own", at)
	}
	return c
}

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func (p *parser) holidays(n *yaml.Node, at string) []Holiday {
	if n.Kind != yaml.SequenceNode {
		p.at(n, "as in - {date: 2026-12-25, name: Christmas Day}", "%s: want a list", at)
		return nil
	}
	if len(n.Content) > maxHolidays {
		p.at(n, "keep the years that still matter", "%s: more than %d", at, maxHolidays)
		return nil
	}
	var out []Holiday
	for i, item := range n.Content {
		h, place := Holiday{}, fmt.Sprintf("%s[%d]", at, i)
		where := item
		p.mapping(item, place, map[string]func(*yaml.Node){
			"date": func(v *yaml.Node) { where, h.Date = v, p.text(v, place+".date") },
			"name": func(v *yaml.Node) { h.Name = p.text(v, place+".name") },
		})
		switch _, err := time.Parse(time.DateOnly, h.Date); {
		case item.Kind != yaml.MappingNode:
		case err != nil:
			p.at(where, "year, month and day, as in 2026-12-25", "%s: %q is no date", place, h.Date)
		case slices.ContainsFunc(out, func(o Holiday) bool { return o.Date == h.Date }):
			p.at(where, "keep one", "%s: %s is there twice", place, h.Date)
		case len(h.Name) > 200:
			p.at(where, "", "%s: the name is longer than 200 bytes", place)
		default:
			out = append(out, h)
		}
	}
	return out
}
