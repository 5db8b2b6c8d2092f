package playbooks

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Capability is one thing a playbook can do outside: Kind is the kind in the
// words of the JSON form (actions, commands, …), Name the thing.
type Capability struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// kinds are the lists of c by their names in JSON. It has no other fields.
func (c *Capabilities) kinds() map[string]*[]string {
	out := map[string]*[]string{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if list, ok := v.Field(i).Addr().Interface().(*[]string); ok {
			out[name] = list
		}
	}
	return out
}

// And is what c and o can do together.
func (c Capabilities) And(o Capabilities) Capabilities {
	var out Capabilities
	to, a, b := out.kinds(), c.kinds(), o.kinds()
	for kind, list := range to {
		all := set{}
		all.add(*a[kind]...)
		all.add(*b[kind]...)
		*list = all.sorted()
	}
	return out
}

// Beyond lists what c can do and o cannot, by kind and name.
func (c Capabilities) Beyond(o Capabilities) []Capability {
	var out []Capability
	have, known := c.kinds(), o.kinds()
	for _, kind := range slices.Sorted(maps.Keys(have)) {
		for _, name := range *have[kind] {
			if !slices.Contains(*known[kind], name) {
				out = append(out, Capability{kind, name})
			}
		}
	}
	return out
}
