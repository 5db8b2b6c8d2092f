package stix_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// must are the members that the standard and the extensions demand, by type.
var must = map[string][]string{
	"identity": {"name"}, "incident": {"name"}, "attack-pattern": {"name"}, "course-of-action": {"name"},
	"indicator": {"pattern", "pattern_type", "valid_from"}, "observed-data": {"first_observed", "last_observed", "number_observed", "object_refs"},
	"relationship": {"relationship_type", "source_ref", "target_ref"}, "sighting": {"sighting_of_ref"}, "note": {"content", "object_refs"},
	"report": {"name", "published", "object_refs"}, "event": {"status", "extensions"}, "impact": {"impact_category", "extensions"}, "task": {"outcome", "extensions"},
	"marking-definition": nil,
	"ipv4-addr":          {"value"}, "ipv6-addr": {"value"}, "domain-name": {"value"}, "url": {"value"}, "email-addr": {"value"}, "file": nil, "directory": {"path"},
	"process": {"command_line"}, "user-account": {"account_login"},
}

// words are the closed vocabularies of the extensions, by member.
var words = map[string][]string{
	"event.status":                   {"ongoing", "occurred", "not-occurred", "pending", "undetermined"},
	"task.outcome":                   {"cancelled", "failed", "ongoing", "pending", "successful", "unknown"},
	"event.start_time_fidelity":      {"second", "minute", "hour", "day", "month", "year"},
	"relationship.relationship_type": {"related-to", "based-on", "uses", "mitigates", "impacts"},
	"identity.identity_class":        {"individual", "group", "system", "organization", "class", "unknown"},
}

var (
	moment  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	times   = []string{"created", "modified", "valid_from", "first_seen", "last_seen", "first_observed", "last_observed", "start_time", "end_time", "published"}
	ordered = [][2]string{{"created", "modified"}, {"first_seen", "last_seen"}, {"first_observed", "last_observed"}, {"start_time", "end_time"}}
	noTimes = []string{"marking-definition", "ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file", "directory", "process", "user-account"}
)

// check holds a bundle to the rules of the standard that a schema of one object
// does not see, and to those that it does, so that they hold without the schemas.
func check(t *testing.T, objects []object) {
	t.Helper()
	kinds := map[string]string{}
	for _, o := range objects {
		id, kind := o["id"].(string), o["type"].(string)
		if kinds[id] != "" {
			t.Errorf("%s is there twice", id)
		}
		kinds[id] = kind
		if !identifier.MatchString(id) || !strings.HasPrefix(id, kind+"--") || o["spec_version"] != "2.1" {
			t.Errorf("%s %s %v", kind, id, o["spec_version"])
		}
	}
	for _, o := range objects {
		checkObject(t, o, kinds)
	}
}

func checkObject(t *testing.T, o object, kinds map[string]string) {
	t.Helper()
	id, kind := o["id"].(string), o["type"].(string)
	required, known := must[kind]
	if !known {
		t.Errorf("%s: what is a %s?", id, kind)
	}
	if !slices.Contains(noTimes, kind) {
		required = append(slices.Clone(required), "created", "modified")
	}
	for _, m := range required {
		if v := o[m]; v == nil || v == "" {
			t.Errorf("%s has no %s", id, m)
		}
	}
	for _, m := range times {
		if v, ok := o[m]; ok && !moment.MatchString(fmt.Sprint(v)) {
			t.Errorf("%s: %s is %v", id, m, v)
		}
	}
	for _, pair := range ordered {
		if a, b := fmt.Sprint(o[pair[0]]), fmt.Sprint(o[pair[1]]); o[pair[0]] != nil && o[pair[1]] != nil && a > b {
			t.Errorf("%s: %s %s is behind %s %s", id, pair[0], a, pair[1], b)
		}
	}
	for member, allowed := range words {
		if of, m, _ := strings.Cut(member, "."); of == kind && o[m] != nil && !slices.Contains(allowed, fmt.Sprint(o[m])) {
			t.Errorf("%s: %s is %v", id, m, o[m])
		}
	}
	checkRefs(t, id, o, kinds)
	switch kind {
	case "indicator":
		if err := pattern(o["pattern"].(string)); err != nil {
			t.Errorf("%s: pattern %q: %v", id, o["pattern"], err)
		}
	case "impact":
		if _, ok := o["extensions"].(object)[fmt.Sprint(o["impact_category"])+"-ext"]; !ok {
			t.Errorf("%s has no extension of its category", id)
		}
	case "file":
		if o["name"] == nil && o["hashes"] == nil {
			t.Errorf("%s has neither a name nor hashes", id)
		}
	}
	for name, e := range member(o, "extensions") {
		if strings.HasPrefix(name, "extension-definition--") && e.(object)["extension_type"] == nil {
			t.Errorf("%s: %s has no type", id, name)
		}
	}
}

func member(o object, name string) object { m, _ := o[name].(object); return m }

// checkRefs looks that everything that is referred to is in the bundle, and of
// the kind that the member says; and that no list is empty.
func checkRefs(t *testing.T, id string, v any, kinds map[string]string) {
	t.Helper()
	switch v := v.(type) {
	case object:
		for m, x := range v {
			for _, ref := range refs(m, x) {
				if kinds[ref] == "" {
					t.Errorf("%s: %s refers to %s, which is not there", id, m, ref)
				}
				if want, ok := map[string]string{"event_ref": "event", "task_ref": "task", "impact_refs": "impact", "sighting_refs": "sighting", "observed_data_refs": "observed-data", "parent_directory_ref": "directory"}[m]; ok && kinds[ref] != want {
					t.Errorf("%s: %s refers to a %s", id, m, kinds[ref])
				}
			}
			checkRefs(t, id, x, kinds)
		}
	case []any:
		if len(v) == 0 {
			t.Errorf("%s has an empty list", id)
		}
		for _, x := range v {
			checkRefs(t, id, x, kinds)
		}
	}
}

func refs(m string, v any) []string {
	switch {
	case strings.HasSuffix(m, "_ref"):
		return []string{fmt.Sprint(v)}
	case strings.HasSuffix(m, "_refs"):
		var out []string
		for _, x := range v.([]any) {
			out = append(out, fmt.Sprint(x))
		}
		return out
	}
	return nil
}

// pattern reads the part of the pattern language that we write: comparisons
// joined by AND in one pair of brackets.
func pattern(s string) error {
	comparison := regexp.MustCompile(`^[a-z0-9-]+:[a-z_]+(\.[a-z_]+|\.'[A-Z0-9-]+')* (=|ISSUBSET) '(?s:[^'\\]|\\'|\\\\)+'`)
	rest, ok := strings.CutPrefix(s, "[")
	for ok {
		found := comparison.FindString(rest)
		if found == "" {
			return fmt.Errorf("no comparison at %q", rest)
		}
		if rest = rest[len(found):]; rest == "]" {
			return nil
		}
		rest, ok = strings.CutPrefix(rest, " AND ")
	}
	return fmt.Errorf("no end at %q", rest)
}

// schemas compiles those in a folder, by type.
func schemas(t *testing.T, dir string) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	ids := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" || !strings.Contains(filepath.ToSlash(path), "/schemas/") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var s object
		if err := json.Unmarshal(data, &s); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		id, _ := s["$id"].(string)
		if id == "" {
			return fmt.Errorf("%s has no $id", path)
		}
		ids[strings.TrimSuffix(filepath.Base(path), ".json")] = id
		return c.AddResource(id, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*jsonschema.Schema{}
	for name := range must {
		if id := ids[name]; id != "" {
			if out[name], err = c.Compile(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out["core"], err = c.Compile(ids["core"]); err != nil {
		t.Fatal(err)
	}
	return out
}
