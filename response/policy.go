package response

import (
	"firebreak/integrations"
)

// protect refuses a plan that would act on a protected target: a name, address
// or network listed under "protected" in the configuration.
func (s *Service) protect(p integrations.Plan) error {
	for _, target := range append([]string{p.Target}, stringsIn(p.Call.Params)...) {
		if rule, ok := s.o.Config.Protects(target); ok {
			return refused("it is listed under \"protected\" in the configuration; take it off there if that is really meant", "%s on %s: %s protects %s", p.Call.Action, p.Target, rule, target)
		}
	}
	return nil
}

// stringsIn collects the texts in a call's parameters.
func stringsIn(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			out = append(out, stringsIn(e)...)
		}
	case map[string]any:
		for _, e := range v {
			out = append(out, stringsIn(e)...)
		}
	}
	return out
}
