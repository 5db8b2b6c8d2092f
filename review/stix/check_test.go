package stix_test

import (
	"encoding/json"
	"fmt"
	"maps"
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
	c, ids := compiler(t, dir)
	out := map[string]*jsonschema.Schema{}
	for name := range must {
		if id := ids[name]; id != "" {
			out[name] = compiled(t, c, id)
		}
	}
	out["core"] = compiled(t, c, ids["core"])
	return out
}

// extensions compiles the schemas of the incident extension, by the type that each
// is about, beside those of the standard that they refer to.
func extensions(t *testing.T, dir, more string) map[string]*jsonschema.Schema {
	t.Helper()
	c, _ := compiler(t, dir)
	out := map[string]*jsonschema.Schema{}
	for kind, name := range map[string]string{"incident": incidentSchema, "event": "event/" + eventSchema, "impact": "impact/" + impactSchema, "task": "task/" + taskSchema} {
		s, id := schema(t, filepath.Join(more, filepath.FromSlash(name)))
		if err := c.AddResource(id, s); err != nil {
			t.Fatal(err)
		}
		out[kind] = compiled(t, c, id)
	}
	return out
}

// The files of the extension are called after what they define.
const (
	incidentSchema = "extension-definition--ef765651-680c-498d-9894-99799f2fa126.json"
	eventSchema    = "extension-definition--4ca6de00-5b0d-45ef-a1dc-ea7279ea910e.json"
	impactSchema   = "extension-definition--7cc33dd6-f6a1-489b-98ea-522d351d71b9.json"
	taskSchema     = "extension-definition--2074a052-8be4-4932-849e-f5e7798e0030.json"
)

func compiled(t *testing.T, c *jsonschema.Compiler, id string) *jsonschema.Schema {
	t.Helper()
	s, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func schema(t *testing.T, path string) (s object, id string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if id, _ = s["$id"].(string); id == "" {
		t.Fatalf("%s has no $id", path)
	}
	return s, id
}

// compiler knows the schemas in a folder, and their ids by the names of the files.
func compiler(t *testing.T, dir string) (*jsonschema.Compiler, map[string]string) {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	ids := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" || !strings.Contains(filepath.ToSlash(path), "/schemas/") {
			return err
		}
		s, id := schema(t, path)
		ids[strings.TrimSuffix(filepath.Base(path), ".json")] = id
		if rest, ok := strings.CutPrefix(id, "http:"); ok { // the extension refers to it so
			again := maps.Clone(s)
			again["$id"] = "https:" + rest
			if err := c.AddResource("https:"+rest, again); err != nil {
				return err
			}
		}
		return c.AddResource(id, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, ids
}
