package audience

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"firebreak/incident"
	"firebreak/record"
)

// learn takes the names out of entries.
func (k *known) learn(entries []record.Entry) {
	var subjects []record.Subject
	at := map[string]int{}
	for _, e := range entries {
		k.actor(e.Actor)
		if e.Kind == record.SubjectNamed {
			var p record.Subject
			if e.Decode(&p) != nil || record.Gone(p.Value) {
				continue
			}
			id := p.Kind + "\x00" + p.Value
			if i, ok := at[id]; ok {
				subjects[i] = p
				continue
			}
			at[id] = len(subjects)
			subjects = append(subjects, p)
			continue
		}
		k.entry(e)
	}
	for _, p := range subjects {
		if kind := Kind(p.Kind); p.Role != attackers && !p.Withdrawn {
			k.add(Name{Kind: kind, Value: p.Value, Role: p.Role, As: p.As, Responder: p.Role == responders, Sure: true})
		}
	}
	for _, p := range subjects {
		if p.Role == attackers && !p.Withdrawn {
			k.attacker(Kind(p.Kind), p.Value)
			if kind := Kind(p.Kind); slices.Contains(people, kind) && kind != Account && kind != Mail {
				k.add(Name{Kind: kind, Value: p.Value, Sure: true}) // somebody is not guilty by being named
			}
		}
	}
	k.shortHosts()
}

// The roles of subjects that count here.
const (
	attackers  = "attacker"
	responders = "responder"
)

// actor knows who acted, by name and by the pseudonym that the record has.
func (k *known) actor(a incident.Actor) {
	if w, there := k.byID[a.ID]; there && w.responder {
		return
	}
	if record.Gone(a.Name) || strings.HasPrefix(a.Name, record.ErasedMark) {
		return
	}
	if w := k.add(Name{Kind: Person, Value: a.Name, Responder: true}); w != nil {
		k.byID[a.ID] = w
	}
}

// responder knows somebody who works on the incident.
func (k *known) responder(name string, role incident.Role) {
	if record.Gone(name) {
		return
	}
	k.holds(k.add(Name{Kind: Person, Value: name, Responder: true}), role)
}

// entry takes the names out of the fields that are names.
func (k *known) entry(e record.Entry) {
	switch e.Kind { //nolint:exhaustive // the others name nobody in a field of its own
	case record.IncidentOpened, record.IncidentChanged:
		for _, field := range []string{"title", "summary", "impact"} {
			var text string
			if json.Unmarshal(e.Fields[field], &text) == nil {
				k.shapes(text)
			}
		}
	case record.RoleAssigned:
		learnt(e, func(p record.Assigned) { k.responder(p.Person, p.Role) })
	case record.ItemAdded:
		learnt(e, func(p record.Item) { k.loosely(p.Owner) })
	case record.ItemChanged:
		learnt(e, func(p record.ItemChange) {
			if p.Owner != nil {
				k.loosely(*p.Owner)
			}
		})
	case record.DecisionTaken:
		learnt(e, func(p record.Decided) { k.loosely(p.By) })
	case record.ShiftHandedOn:
		learnt(e, func(p record.HandedOn) { k.loosely(p.To) })
	case record.CustodyTransferred:
		learnt(e, func(p record.Transfer) {
			k.loosely(p.From)
			k.loosely(p.To)
			k.signer(p.FromSig)
			k.signer(p.ToSig)
		})
	case record.CustodyAccepted:
		learnt(e, func(p record.Acceptance) {
			k.loosely(p.By)
			k.signer(p.Signature)
		})
	case record.ActionApproved, record.ActionRejected, record.ActionDropped:
		learnt(e, func(p record.Decision) { k.signer(p.Signature) })
	case record.ReviewMoved:
		learnt(e, func(p record.ReviewMove) { k.signer(p.Signature) })
	case record.HeadSigned:
		learnt(e, func(p record.Signed) { k.signer(&p.Signature) })
	case record.ErasureAgreed:
		learnt(e, func(p record.ErasureConsent) { k.signer(p.Signature) })
	case record.EvidenceSealed:
		learnt(e, func(p record.Exhibit) {
			k.host(p.Host)
			k.host(p.Stored)
			k.loosely(p.Authority)
		})
	case record.CollectionFinished:
		learnt(e, func(p record.Collection) { k.host(p.Host) })
	case record.FindingJudged:
		learnt(e, func(p record.Judged) { k.host(p.Host) })
	case record.ActionPlanned:
		learnt(e, k.plan)
	case record.RunStarted:
		learnt(e, func(p record.Started) { k.variables(p.Vars) })
	case record.VariableSet:
		learnt(e, func(p record.Variables) { k.variables(p.Vars) })
	case record.StepStarted:
		learnt(e, func(p record.StepBegin) { k.variables(p.Vars) })
	case record.StepDone:
		learnt(e, func(p record.StepEnd) {
			k.variables(p.Answers)
			k.variables(p.Set)
		})
	}
}

// learnt hands over an entry's payload. One that cannot be read names nobody.
func learnt[P any](e record.Entry, take func(P)) {
	var p P
	if e.Decode(&p) == nil {
		take(p)
	}
}

func (k *known) host(name string) { k.add(Name{Kind: Host, Value: name}) }

func (k *known) signer(s *record.Signature) {
	if s != nil {
		k.responder(s.Principal, "")
	}
}

// loosely knows a name out of a field into which people also write other words:
// it looks like one, or it is somebody's already.
func (k *known) loosely(name string) {
	if looksNamed(name) {
		k.responder(name, "")
	}
}

// looksNamed says whether a text looks like a person: an account, a mail address,
// or a few words of which each has a capital.
func looksNamed(s string) bool {
	words := strings.Fields(s)
	if len(words) == 1 {
		return !isCommon(s)
	}
	if len(words) > 4 {
		return false
	}
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		if isCommon(w) || unicode.IsLower(r) && len(w) > 3 || !unicode.IsLetter(r) {
			return false
		}
	}
	return true
}

// shapes knows the mail addresses and full host names of a text that is shown to
// everybody who works on it, so that nobody writes them to others unawares.
func (k *known) shapes(text string) {
	f := finder{text: text, known: newKnown()}
	f.scan()
	for _, x := range apart(f.out) {
		if x.kind == Mail || x.kind == Domain {
			if w := k.add(Name{Kind: x.kind, Value: x.value}); w != nil {
				w.shape = true
			}
		}
	}
}

// plan takes the names out of a plan: what it acts on.
func (k *known) plan(p record.Planned) {
	var plan struct {
		Targets []struct {
			Kind string `json:"kind"`
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"targets"`
	}
	if len(p.Plan) == 0 || json.Unmarshal(p.Plan, &plan) != nil {
		return
	}
	for _, t := range plan.Targets {
		k.variables(map[string]any{t.Kind: t.Name, t.Kind + " id": t.ID})
	}
}

func (k *known) variables(vars map[string]any) {
	for _, n := range NamesIn(vars) {
		k.add(n)
	}
}

// NamesIn are the names of people and hosts among values, by what those are called.
func NamesIn(vars map[string]any) []Name {
	var out []Name
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		kind, ok := kindOfVariable(name)
		if !ok {
			continue
		}
		for _, text := range stringsIn(vars[name], nil, 0) {
			for one := range strings.SplitSeq(text, ",") {
				if one = strings.TrimSpace(one); len(one) <= mostName && !isNumber(one) {
					out = append(out, Name{Kind: kind, Value: one})
				}
			}
		}
	}
	return out
}

// kindOfVariable says what a variable of that name holds.
func kindOfVariable(name string) (Kind, bool) {
	name = strings.ToLower(name)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
	}
	switch {
	case has("host", "machine", "server", "node", "device"):
		return Host, true
	case has("user", "account", "person", "people", "member", "employee", "owner", "victim", "login"):
		return Person, true
	}
	return "", false
}

func isNumber(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// mostDeep bounds how far values are followed into each other.
const mostDeep = 64

func stringsIn(v any, out []string, deep int) []string {
	switch v := v.(type) {
	case string:
		return append(out, v)
	case []any:
		for _, x := range v {
			if deep < mostDeep {
				out = stringsIn(x, out, deep+1)
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if deep < mostDeep {
				out = stringsIn(v[name], out, deep+1)
			}
		}
	}
	return out
}
