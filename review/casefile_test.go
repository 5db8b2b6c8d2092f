package review_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
)

// caseModules are what validates the export: SHACL, Turtle and JSON-LD.
var caseModules = []string{"rdf-validate-shacl@0.6.5", "n3@2.13.12", "jsonld-streaming-parser@5.0.1"}

// validation is what testdata/conforms.mjs says of a file.
type validation struct {
	Conforms bool
	Triples  int
	Strange  []string // names that the ontology does not have
	Results  []struct{ Severity, Focus, Path, Message string }
}

// caseFiles are exports of many kinds, by name.
func caseFiles(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	write := func(name string, c review.Custody, actions []review.Action) {
		b, err := c.CASE(actions)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = b
	}
	r, err := review.Build(rich(t).entries, extra(rich(t)))
	if err != nil {
		t.Fatal(err)
	}
	l := chained(t)
	write("whole", l.custody(roster), r.Actions)
	write("nothing", newLocker(t).custody(nil), nil)
	write("hostile", hostileCustody(t, "<\x1b\u202e\"\\ \x00 é漢 \xff"), r.Actions)
	erased := l.custody(roster)
	for i := range erased.Exhibits {
		erased.Exhibits[i].Exhibit = record.Exhibit{ID: erased.Exhibits[i].ID}
		erased.Exhibits[i].SealedBy, erased.Exhibits[i].Holder = "", ""
	}
	erased.Incident.Title, erased.Incident.TLP, erased.Incident.Roles = "", "", nil
	write("erased", erased, []review.Action{{ID: "a1", State: "unknown"}})
	marked := chained(t).custody(roster)
	for i := range marked.Exhibits {
		x := &marked.Exhibits[i]
		x.Title, x.Source, x.Host, x.SHA256, x.Size, x.Blob, x.SealedBy = "(erased)", "(erased)", "(erased)", "(erased)", 0, "", "(erased) p-1"
	}
	write("marked", marked, []review.Action{{ID: "a1", State: "sent", Target: "(erased)"}})
	return out
}

func TestCaseFile(t *testing.T) {
	t.Parallel()
	files := caseFiles(t)
	testkit.Golden(t, "custody.case.jsonld", files["whole"])
	for name, b := range caseFiles(t) {
		if !bytes.Equal(b, files[name]) {
			t.Errorf("%s: the same record gives other bytes", name)
		}
	}
	for _, bad := range []string{`""`, `"(withheld)"`, "0001-01-01", `"@value": "0"`, "TLP:"} {
		if bytes.Contains(files["erased"], []byte(bad)) {
			t.Errorf("what was erased left %q in its place", bad)
		}
	}
	for _, bad := range []string{`: "(erased)"`, `"(erased) p-1"`, `"@value": "0"`} {
		if bytes.Contains(files["marked"], []byte(bad)) {
			t.Errorf("what was erased stands as %q", bad)
		}
	}
	var doc struct {
		Graph []struct {
			ID string `json:"@id"`
		} `json:"@graph"`
	}
	if err := json.Unmarshal(files["hostile"], &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, n := range doc.Graph {
		if seen[n.ID] || !strings.HasPrefix(n.ID, "urn:uuid:") || len(n.ID) != 45 {
			t.Errorf("node %q is there twice or is no uuid", n.ID)
		}
		seen[n.ID] = true
	}
}

// TestCaseConforms holds the export against the shapes of CASE 1.4.0. The
// ontology is not ours to keep here: FIREBREAK_CASE_ONTOLOGY names the file.
func TestCaseConforms(t *testing.T) {
	ontology := os.Getenv("FIREBREAK_CASE_ONTOLOGY")
	if ontology == "" {
		t.Skip("FIREBREAK_CASE_ONTOLOGY is not set: it names case-1.4.0.ttl, the ontology in one file, against which the export is validated")
	}
	script := validator(t)
	dir := t.TempDir()
	var names, files []string
	add := func(name string, b []byte) {
		file := filepath.Join(dir, name+".jsonld")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		names, files = append(names, name), append(files, file)
	}
	good := caseFiles(t)
	for name, b := range good {
		add(name, b)
	}
	for name, change := range map[string][2]string{
		"broken: a hash method that is a number": {`"uco-types:hashMethod": "SHA256"`, `"uco-types:hashMethod": 256`},
		"broken: a hash that is no hash":         {`"@type": "xsd:hexBinary"`, `"@type": "xsd:string"`},
		"broken: a performer that is a tool's hash": {
			`"@type": "uco-identity:Identity"`, `"@type": "uco-types:Hash"`,
		},
		"broken: a size in words": {`"@type": "xsd:integer"`, `"@type": "xsd:dateTime"`},
	} {
		b := bytes.ReplaceAll(good["whole"], []byte(change[0]), []byte(change[1]))
		if bytes.Equal(b, good["whole"]) {
			t.Fatalf("%s: nothing to break", name)
		}
		add(name, b)
	}
	add("strange", bytes.ReplaceAll(good["whole"], []byte("uco-action:performer"), []byte("uco-action:doer")))

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{script, ontology}, files...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("validate: %v\n%s", err, said.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(files) {
		t.Fatalf("%d answers for %d files", len(lines), len(files))
	}
	for i, line := range lines {
		var v validation
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		t.Logf("%-45s conforms %-5t %4d triples, %d results, %d strange names", names[i], v.Conforms, v.Triples, len(v.Results), len(v.Strange))
		broken := strings.HasPrefix(names[i], "broken")
		if v.Conforms == broken {
			t.Errorf("%s: conforms is %t: %.2000s", names[i], v.Conforms, line)
		}
		if (len(v.Strange) > 0) != (names[i] == "strange") && !broken {
			t.Errorf("%s: names that the ontology does not have: %q", names[i], v.Strange)
		}
		if v.Triples == 0 {
			t.Errorf("%s: nothing was read", names[i])
		}
	}
}

// validator is the script, beside the modules that it needs, which npm brings
// once into the user's cache.
func validator(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: the export is not validated", program)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("no cache folder for the npm modules: %v", err)
	}
	dir := filepath.Join(cache, "firebreak-test", "case")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Skipf("no cache folder for the npm modules: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "rdf-validate-shacl")); err != nil {
		cmd := exec.CommandContext(t.Context(), "npm", append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir}, caseModules...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("npm cannot install %s: %v\n%.1000s", strings.Join(caseModules, ", "), err, out)
		}
	}
	script, err := os.ReadFile("testdata/conforms.mjs")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "conforms.mjs")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
