package drill

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/playbooks/drill/evidence"
)

// Player is somebody made up who takes everybody's part when nobody is at the
// keyboard. What one does follows from the scenario, its seed and what has
// happened.
type Player string

// The players. Perfect shows that all points can be had; Careless is wrong or
// late half of the time; Absent does the steps and answers nothing.
const (
	Perfect  Player = "perfect"
	Careless Player = "careless"
	Absent   Player = "absent"
)

// ParsePlayer reads the name of a player.
func ParsePlayer(s string) (Player, error) {
	switch p := Player(s); p {
	case Perfect, Careless, Absent:
		return p, nil
	}
	return "", fmt.Errorf("player %q: want perfect, careless or absent", s)
}

// slips says whether a careless player goes wrong here.
func (p Player) slips(x *Exercise, at string) bool {
	return p == Careless && evidence.Dice(x.Seed, "slip "+at).N(2) == 0
}

// Persists says that the player tries again what failed.
func (p Player) Persists() bool { return p == Perfect }

// Answer is what the player answers to an inject, if it is now.
func (p Player) Answer(x *Exercise, a *Arrival) (choice, note string, now bool) {
	if p == Absent {
		return "", "", false
	}
	if p.slips(x, "late "+a.ID) && x.now <= a.Due {
		return "", "", false
	}
	if len(a.Choices) == 0 {
		return "", "answered by a made-up player", true
	}
	right := slices.Clone(a.Right)
	if len(right) == 0 {
		right = []string{a.Choices[0].ID}
	}
	if p.slips(x, "wrong "+a.ID) {
		for _, c := range a.Choices {
			if !slices.Contains(right, c.ID) {
				return c.ID, "", true
			}
		}
	}
	return right[0], "", true
}

// Answers are what the player answers to a step's questions.
func (p Player) Answers(x *Exercise, book *playbooks.Playbook, s *playbooks.Step) map[string]string {
	out := map[string]string{}
	usual := book.DrillAnswers(s)
	for _, q := range s.Ask {
		out[q.Name] = usual[q.Name]
		if p == Absent {
			out[q.Name] = playbooks.Unknown
			continue
		}
		if is, ok := x.Answers[q.Name]; ok {
			if out[q.Name] = plainly(is); out[q.Name] == "" {
				out[q.Name] = "none" // an empty list
			}
		}
		if p.slips(x, "answer "+q.Name) {
			switch out[q.Name] {
			case "true":
				out[q.Name] = "false"
			case "false":
				out[q.Name] = "true"
			default:
				out[q.Name] = playbooks.Unknown
			}
		}
	}
	return out
}

// Takes are the roles that nobody has any more, with who takes them.
func (p Player) Takes(x *Exercise) map[incident.Role]string {
	out := map[incident.Role]string{}
	if p != Perfect {
		return out
	}
	for _, a := range x.Arrivals {
		if a.Falls == "" || x.roles[a.Falls] != "" {
			continue
		}
		for _, role := range slices.Sorted(maps.Keys(x.roles)) {
			if name := x.roles[role]; name != "" && role != a.Falls {
				out[a.Falls] = name
				break
			}
		}
		if out[a.Falls] == "" {
			out[a.Falls] = "deputy"
		}
	}
	return out
}

// Stars are the events that the player stars: the first of each finding.
func (p Player) Stars(x *Exercise, truth map[string]string) []string {
	if p == Absent {
		return nil
	}
	first := map[string]string{}
	for event, finding := range truth {
		if first[finding] == "" || strings.Compare(event, first[finding]) < 0 {
			first[finding] = event
		}
	}
	var out []string
	for _, f := range x.Findings {
		if e := first[f.ID]; e != "" && !p.slips(x, "star "+f.ID) {
			out = append(out, e)
		}
	}
	return out
}
