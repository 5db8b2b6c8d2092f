package config

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

// Clocks says which deadlines are shown, and what they are counted by.
type Clocks struct {
	Regimes  []string          `json:"regimes,omitempty"`  // laws and places: GDPR, US-TX
	Also     []string          `json:"also,omitempty"`     // single deadlines, by their id
	All      bool              `json:"all,omitempty"`      // all that is known, what is only remembered too
	Zone     string            `json:"zone,omitempty"`     // where days are counted; the zone of the times you type without it
	Holidays map[string]string `json:"holidays,omitempty"` // calendars by regime or place; "default" for the others
	Review   map[string]string `json:"review,omitempty"`   // until when after closing the review is done, by severity: 3d, 5bd
}

// IsZero says whether nothing is said of deadlines.
func (c Clocks) IsZero() bool {
	return len(c.Regimes) == 0 && len(c.Also) == 0 && !c.All && c.Zone == "" && len(c.Holidays) == 0 && len(c.Review) == 0
}

// maxClocks bounds each list of what is said of deadlines.
const maxClocks = 200

// reviewDays is a number of days or business days.
var reviewDays = lazyre.New(`^([0-9]{1,3})(d|bd)$`)

// defaultHolidays is the name of the calendar of all that have none of their own.
const defaultHolidays = "default"

func (p *parser) clocks(n *yaml.Node, c *Config, later *[]func()) {
	p.mapping(n, "clocks", map[string]func(*yaml.Node){
		"regimes": func(v *yaml.Node) { c.Clocks.Regimes = p.shortTexts(v, "clocks.regimes", "as in [GDPR, NIS2, US-TX]") },
		"also":    func(v *yaml.Node) { c.Clocks.Also = p.shortTexts(v, "clocks.also", "as in [eu-gdpr-33-processor]") },
		"all": func(v *yaml.Node) {
			if v.Kind != yaml.ScalarNode || v.Value != "true" && v.Value != "false" {
				p.at(v, "true or false", "clocks.all: want true or false")
			}
			c.Clocks.All = v.Value == "true"
		},
		"zone": func(v *yaml.Node) { c.Clocks.Zone = p.zone(v, "clocks.zone") },
		"holidays": func(v *yaml.Node) {
			c.Clocks.Holidays = map[string]string{}
			where := map[string]*yaml.Node{}
			if v.Kind == yaml.ScalarNode {
				c.Clocks.Holidays[defaultHolidays], where[defaultHolidays] = p.text(v, "clocks.holidays"), v
			} else {
				p.pairs(v, "clocks.holidays", func(k, v *yaml.Node) {
					if len(where) >= maxClocks {
						p.at(v, "", "clocks.holidays: more than %d", maxClocks)
						return
					}
					c.Clocks.Holidays[k.Value], where[k.Value] = p.text(v, "clocks.holidays."+k.Value), v
				})
			}
			// The calendars may stand further down in the file.
			*later = append(*later, func() {
				for key, name := range c.Clocks.Holidays {
					if _, there := c.Calendars[name]; !there && name != "" {
						p.at(where[key], "name one that stands under calendars:", "clocks.holidays: there is no calendar %q", name)
					}
				}
			})
		},
		"review": func(v *yaml.Node) { c.Clocks.Review = p.reviewLimits(v) },
	})
}

func (p *parser) reviewLimits(n *yaml.Node) map[string]string {
	out := map[string]string{}
	p.pairs(n, "clocks.review", func(k, v *yaml.Node) {
		at := "clocks.review." + k.Value
		p.word(k, "clocks.review", "sev1", "sev2", "sev3", "sev4")
		text := p.text(v, at)
		m := reviewDays.FindStringSubmatch(text)
		if text != "never" {
			if m == nil {
				p.at(v, "as in 3d, 5bd (business days) or never", "%s: %q is no time", at, text)
				return
			}
			if days, err := strconv.Atoi(m[1]); err != nil || days == 0 {
				p.at(v, "as in 3d, 5bd (business days) or never", "%s: %q is no time", at, text)
				return
			}
		}
		out[k.Value] = text
	})
	return out
}

func (p *parser) shortTexts(n *yaml.Node, at, hint string) []string {
	out := p.texts(n, at)
	if len(out) > maxClocks {
		p.at(n, "", "%s: more than %d", at, maxClocks)
		return nil
	}
	for i, s := range out {
		if s == "" || len(s) > 100 {
			p.at(n.Content[i], hint, "%s: want a short name", fmt.Sprintf("%s[%d]", at, i))
		}
	}
	return out
}
