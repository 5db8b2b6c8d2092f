package playbooks

// Grammar is the language as tables: what package schema makes its schema of.
type Grammar struct {
	Format      string
	TopKeys     []string
	StepKeys    []string
	Verbs       []string            // the keys that are a verb; an if is one with then
	Fits        map[string][]string // the verbs that a key goes with; what is not listed goes with all
	Roles       []string
	Types       []string
	Methods     []string
	OnTimeout   []string
	RequestKeys []string
	UndoKeys    []string

	ID, Variable, Version, Attack, D3fend, Reference, Duration, On, Header, Env string // patterns

	MaxText, MaxList, MaxVars, MaxRounds int
}

// durationShape is what ParseDuration reads, as far as a pattern can say it.
const durationShape = `^[0-9]{1,8}(s|m|h|d|bd)$`

// TheGrammar is the grammar of this version.
func TheGrammar() Grammar {
	g := Grammar{
		Format: FormatVersion, TopKeys: topKeys(), StepKeys: stepKeys(), Verbs: verbs(), Fits: map[string][]string{},
		Roles: roleNames(), Types: typeNames(), Methods: methods(), OnTimeout: onTimeouts(),
		RequestKeys: requestKeys(), UndoKeys: rollbackKeys(),
		ID: slugShape.String(), Variable: varShape.String(), Version: versionShape.String(), Attack: attackShape.String(),
		D3fend: d3fendShape.String(), Reference: referenceShape.String(), Duration: durationShape, On: `^(local|` + onShape.String()[1:len(onShape.String())-1] + `)$`,
		Header: headerShape.String(), Env: envShape.String(),
		MaxText: maxText, MaxList: maxList, MaxVars: maxVars, MaxRounds: maxRounds,
	}
	for key, verbs := range fits() {
		for _, v := range verbs {
			g.Fits[key] = append(g.Fits[key], string(v))
		}
	}
	return g
}
