package navigator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/reviews"
	"firebreak/review"
	"firebreak/review/navigator"
)

type object = map[string]any

func layers(t *testing.T, r review.Review) []object {
	t.Helper()
	data, err := navigator.Layer(r)
	if err != nil {
		t.Fatal(err)
	}
	var one object
	if json.Unmarshal(data, &one) == nil {
		return []object{one}
	}
	var all []object
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// The members of each part, with what they are: ! is required.
var format = map[string]map[string]string{
	"layer": {
		"name": "!string", "domain": "!string", "versions": "version", "description": "string", "techniques": "techniques", "sorting": "number", "hideDisabled": "bool",
		"legendItems": "legends", "metadata": "pairs", "gradient": "gradient", "layout": "layout",
	},
	"version":   {"navigator": "!string", "layer": "!string", "attack": "string"},
	"technique": {"techniqueID": "!string", "comment": "string", "score": "number", "color": "string", "enabled": "bool", "metadata": "pairs", "links": "links", "showSubtechniques": "bool"},
	"legend":    {"label": "!string", "color": "!string"},
	"pair":      {"name": "!string", "value": "!string"},
	"link":      {"label": "!string", "url": "!string"},
	"gradient":  {"colors": "strings", "minValue": "!number", "maxValue": "!number"},
	"layout":    {"layout": "string", "showID": "bool", "showName": "bool", "expandedSubtechniques": "string"},
}

func check(kind string, v any) error {
	if parts, ok := format[kind]; ok {
		o, ok := v.(object)
		if !ok {
			return fmt.Errorf("%s: %v", kind, v)
		}
		for m, what := range parts {
			if o[m] == nil && strings.HasPrefix(what, "!") {
				return fmt.Errorf("%s has no %s", kind, m)
			}
		}
		for m, x := range o {
			what, ok := parts[m]
			if !ok {
				return fmt.Errorf("%s has a %s", kind, m)
			}
			if err := check(strings.TrimPrefix(what, "!"), x); err != nil {
				return fmt.Errorf("%s.%s: %w", kind, m, err)
			}
		}
		return nil
	}
	if list, ok := v.([]any); ok && strings.HasSuffix(kind, "s") {
		for _, x := range list {
			if err := check(strings.TrimSuffix(kind, "s"), x); err != nil {
				return err
			}
		}
		return nil
	}
	ok := false
	switch kind {
	case "string":
		_, ok = v.(string)
	case "number":
		_, ok = v.(float64)
	case "bool":
		_, ok = v.(bool)
	}
	if !ok {
		return fmt.Errorf("%v is no %s", v, kind)
	}
	return nil
}

// TestEveryReviewIsALayer holds the layers to the format's description.
func TestEveryReviewIsALayer(t *testing.T) {
	id := regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
	colour := regexp.MustCompile(`^#[0-9a-f]{6}$`)
	reviews.Each(t, func(t *testing.T, r review.Review) {
		for _, l := range layers(t, r) {
			if err := check("layer", l); err != nil {
				t.Fatal(err)
			}
			if v := l["versions"].(object); v["layer"] != "4.5" || l["name"] == "" {
				t.Errorf("%v %q", v, l["name"])
			}
			if g := l["gradient"].(object); g["maxValue"].(float64) <= g["minValue"].(float64) {
				t.Errorf("%v", g)
			}
			for _, x := range l["techniques"].([]any) {
				o := x.(object)
				if !id.MatchString(o["techniqueID"].(string)) || (l["domain"] == "ics-attack") != strings.HasPrefix(o["techniqueID"].(string), "T0") {
					t.Errorf("%v in %v", o["techniqueID"], l["domain"])
				}
				if c, ok := o["color"].(string); ok && !colour.MatchString(c) {
					t.Errorf("colour %q", c)
				}
			}
		}
	})
}

func TestGolden(t *testing.T) {
	data, err := navigator.Layer(reviews.Rich(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "rich.json", data)
	if again, err := navigator.Layer(reviews.Rich(t, "k")); err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same review gives other bytes (%v)", err)
	}
}

// TestOwnSamples holds our reading of the format against MITRE's own layers.
func TestOwnSamples(t *testing.T) {
	dir := os.Getenv("FIREBREAK_ATTACK_NAVIGATOR")
	if dir == "" {
		t.Skip("FIREBREAK_ATTACK_NAVIGATOR names no folder with the repository mitre-attack/attack-navigator")
	}
	spec, err := os.ReadFile(filepath.Join(dir, "layers", "spec", "v4.5", "layerformat.md"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, parts := range format {
		for m := range parts {
			if !strings.Contains(string(spec), "| "+m+" |") {
				t.Errorf("the format has no %s for a %s", m, kind)
			}
		}
	}
}
