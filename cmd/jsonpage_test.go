package cmd_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"filippo.io/age"

	"firebreak/integrations/drill"
	"firebreak/store/keys"
)

// TestJSONPage runs the commands that docs/cli-json.md names on a small
// incident, and looks for the members that it promises.
func TestJSONPage(t *testing.T) {
	t.Parallel()
	v := newVendors(t, 0)
	b := newBench(t, append(v.env, withAgent(t)...)...)
	j := &jsonPage{b: b, vendors: v, rows: readPage(t, readFile(t, "../docs/cli-json.md")), seen: map[string]bool{}}

	j.run("config init", 0, "config", "init")
	b.write(".config/firebreak/config.yaml", v.config()+"updates: {executives: {every: 1h, to: [webhook]}}\nclocks: {regimes: [GDPR, DORA, SEC 8-K, Visa]}\n")
	j.run("config path", 0, "config", "path")
	j.run("config show", 0, "config", "show")
	j.run("config actions", 0, "config", "actions")
	j.run("actions NAME", 0, "actions", "github")
	j.run("actions NAME", 0, "actions", "linux.host.isolate")
	j.run("version", 0, "version")
	j.ran("doctor", b.run("doctor", "--json")) // its code depends on the machine
	j.ran("doctor --online", b.run("doctor", "--online", "--json"))
	j.declared()
	j.playbooks()
	j.incident(b.write("fast.yaml", readFile(t, "testdata/fast.yaml")))
	j.evidence()
	j.actions()
	j.people()
	j.trust()
	j.packs()
	j.keep()
	j.run("drill [PLAYBOOK] --auto", 0, "drill", "leaked-github-token", "--auto")
	j.numbers()
	j.exercise()
	j.keys(t)
	j.nested(t)
	j.intake(t)
	j.whole()
}

// The members that a small incident in good order need not show.
var unshown = []string{
	"clocks ID named", "clocks list file", "clocks draft ID CLOCK drill", "clocks draft ID CLOCK masked", "show ID no_clocks",
	"clocks applies ID CLOCK latest", "clocks applies ID CLOCK waits_for", "clocks applies ID CLOCK named",
	"technique ID events", "factor ID answered", "decision ID action", "decision ID digest", "decision ID strength", "decision ID expires", "decision ID signer", "decision ID break_glass",
	"triage ID notes", "drill report ID sealed", "playbook pack show PACK why", "playbook pack show PACK replaces", "search ID FILTER technique", "search ID FILTER --gaps after", "ingest ID FILE… resumed", "import ID FILE notes", "import ID FILE cut", "import ID FILE cut_items", "custody ID within", "custody ID member", "custody ID taken", "custody ID elsewhere",
	"export ID … --to FILE in_the_clear", "list broken", "show ID unfinished", "erase ID … unfinished", "erase ID … consents.no", "erase ID … kept.seq", "erase ID … kept.kind", "erase ID … kept.name", "erase ID … kept.why", "erase ID … evidence.shared", "retention hold",
	"update ID --audience WHO --preview masked", "update ID --audience WHO --preview late_minutes", "update ID --audience WHO --preview news.since", "update ID --audience WHO --preview to.refused", "update ID --audience WHO --preview to.hint", "update ID --audience WHO --preview to.warnings",
	"update ID --due now", "update ID --due late_minutes", "update ID --due open",
	"retention incident", "retention title", "retention severity", "retention drill", "retention closed", "retention due", "retention rule", "retention kind", "retention action", "retention fields", "retention exhibits", "retention command",
	"change ID … closed", "show ID missing", "show ID unread", "show ID no_timeline", "show ID read_only", "show ID low_room", "show ID STEP assign", "show ID STEP due", "show ID activity bad",
	"run ID --auto reason", "run ID --auto until", "run ID --auto others", "run ID --auto unknown", "collect ID cut", "collect --to FILE local", "collect --to FILE from", "collect --to FILE lost", "collect --to FILE taken", "verify --container FILE kept", "verify --container FILE stamp", "collect --list --root IMAGE kind", "collect --list --root IMAGE name", "verify --container FILE cut", "verify --container FILE cut_items", "show ID e1 deviations", "show ID evidence deviations", "show ID e1 checked", "show ID evidence checked",
	"backup INCIDENT… --to FILE incidents.problems", "backup INCIDENT… --to FILE left", "restore FILE incidents.problems", "restore FILE damage", "restore FILE notes", "backup INCIDENT… --to FILE notes",
	"restore FILE --list incidents.missing", "check unknown", "repair ID lost", "repair ID aside", "repair ID evidence", "repair ID problems",
	"custody ID root", "custody ID erased", "custody ID gaps", "custody ID events.bad", "show ID e1 gaps", "show ID e1 open_transfer", "show ID e1 unsigned_transfers", "show ID evidence gaps", "show ID evidence open_transfer",
	"custody ID events.signers.principal", "custody ID events.signers.key", "custody ID events.signers.type", "custody ID events.signers.strength", "custody ID events.signers.stranger", "custody ID events.signers.problem", "custody transfer ID e1 from_signature",
	"plan second", "plan typed", "plan tried", "plan ends", "plan overrides", "plan approved.break_glass", "plan details.targets", "plan details.playbook", "plan details.timer", "contained ID step", "contained ID over", "contained ID auto", "contained ID timer", "contained ID undoing", "contained ID undo_state", "show ID contained",
	"verify ID problems.seq", "verify ID problems.what", "verify ID problems.where", "verify --bundle FILE missing", "verify --bundle FILE problems.seq", "plan class", "plan lapsed", "plan approved.principal", "plan approved.key", "verify ID signatures.verified", "verify ID signatures.stranger", "verify ID signatures.why",
	"init keyring", "init unfinished", "init renewing", "config path encryption.renewing", "rekey ID --recipient KEY taken", "config path encryption.keyring", "config path encryption.unfinished", "unlock kept", "plan details.warnings", "config actions description.scopes",
	"intake list failed", "playbook verify FILE signatures.expired", "playbook verify FILE signatures.countersignatures", "playbook import FILE problems.hint",
	"items drill", "items change ID ITEM drill", "items push ID drill",
	"handover ID sections.rows.alarm", "handover ID read_only", "stats not_counted.incident", "stats not_counted.why", "stats --explain METRIC trend.earlier", "stats --explain METRIC trend.later",
	"review state ID moves.author", "review release ID sealed", "review check ID RELEASE files.why", "review check ID RELEASE erased", "review check ID RELEASE fonts", "review check ID RELEASE why",
	"plan message", "plan instead", "plan again", "outbox ID… step", "outbox ID… message", "outbox ID… instead", "outbox ID… until", "outbox ID… next", "outbox ID… connection.until", "outbox ID… connection.next", "outbox run ID delivered", "outbox run ID failed",
}

// pageRecipient is somebody's public key; its secret half was forgotten.
const pageRecipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

// nested is an incident whose steps are done for items, in rounds, and by a
// playbook that a step calls.
func (j *jsonPage) nested(t *testing.T) {
	b := newBench(t)
	b.write("workspace/playbooks/sub.yaml", "playbook: v1\nid: sub\nname: Sub\nversion: 1.0.0\nphases:\n  identify:\n    - {id: look, manual: Look.}\n")
	file := b.write("nested.yaml", `playbook: v1
id: nested
name: Nested
version: 1.0.0
vars: {more: {type: bool, default: true}}
phases:
  identify:
    - {id: hosts, for_each: '["web-1", "web-2"]', as: host, do: [{id: see, manual: "See {{ host }}."}]}
    - {id: again, needs: [], if: more, then: [{id: once, manual: Once.}], repeat: {every: 1h, max: 3}}
    - {id: call, needs: [], playbook: sub@1}
`)
	b.want(0, "open", "nested", "--playbook", file)
	b.want(0, "run", "last", "--auto", "--json")
	b.want(0, "step", "add", "last", "Look again", "--within", "call")
	for _, step := range []string{"once.1", "see.1", "call/look", "call/adhoc-1"} {
		b.want(0, "step", "done", "last", step)
	}
	for _, step := range []string{"see.2", "again", "call"} {
		j.ran("show ID STEP", b.want(0, "show", "last", step, "--json"))
	}
}

func (j *jsonPage) cacao() {
	b := j.b
	made, signed, diagram := b.dir+"/generic.json", b.dir+"/signed.json", b.write("diagram.json", readFile(b.t, "../playbooks/cacao/testdata/diagram.json"))
	j.run("playbook export PLAYBOOK", 0, "playbook", "export", "generic", "--profile", "soarca")
	j.run("playbook export PLAYBOOK", 0, "playbook", "export", "generic", "-o", made)
	j.run("playbook verify FILE", 6, "playbook", "verify", made)
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		b.t.Fatal(err)
	}
	key := b.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	j.run("playbook verify FILE --sign", 0, "playbook", "verify", made, "--sign", "--key-from", "file:"+key, "--signee", "Team")
	j.run("playbook verify FILE --sign", 0, "playbook", "verify", made, "--sign", "--key-from", "file:"+key, "--signee", "Team", "-o", signed)
	j.run("playbook verify FILE", 0, "playbook", "verify", signed)
	j.run("playbook verify FILE", 6, "playbook", "verify", b.write("changed.json", strings.Replace(readFile(b.t, signed), `"name": "`, `"name": "Not `, 1)))
	j.run("playbook import FILE", 0, "playbook", "import", b.write("shared.json", readFile(b.t, "../playbooks/cacao/testdata/shared.json")))
	j.run("playbook import FILE", 0, "playbook", "import", diagram, "-o", b.dir+"/diagram.yaml")
	j.run("playbook import FILE --check", 1, "playbook", "import", "--check", diagram)
	b.write("diagram.yaml", strings.Replace(readFile(b.t, b.dir+"/diagram.yaml"), "manual: Close", "manual: Close it", 1))
	j.run("playbook export PLAYBOOK", 0, "playbook", "export", b.dir+"/diagram.yaml")
}

// keys is a workspace of its own, encrypted.
func (j *jsonPage) keys(t *testing.T) {
	b := newBench(t)
	ran := func(doc string, code int, args ...string) {
		t.Helper()
		j.ran(doc, b.want(code, append(args, "--json")...))
	}
	ran("init", 0, "init", "--identity", ageKey(t))
	ran("rekey", 0, "rekey", "--identity", ageKey(t))
	b.open("sealed", "--playbook", "generic", "--var", "what=x")
	ran("review ID", 0, "review", "last")
	ran("review ID --to FOLDER", 0, "review", "last", "--to", t.TempDir())
	ran("rekey --data ID", 0, "rekey", "--data", "last")
	file := ageKey(t)
	public, err := keys.PublicOf(file, []byte(readFile(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	ran("rekey ID --recipient KEY", 0, "rekey", "last", "--recipient", public[0])
	ran("config path", 0, "config", "path")
	ran("lock", 0, "lock")
	ran("unlock", 3, "unlock") // there is no keyring
}

// declared is a file of actions, right and wrong.
func (j *jsonPage) declared() {
	page := readFile(j.b.t, "../docs/declared-actions.md")
	_, page, _ = strings.Cut(page, "```yaml\n")
	page, _, _ = strings.Cut(page, "```")
	right := j.b.write("waf.yaml", page[:strings.Index(page, "    tests:")]+page[strings.Index(page, "  - id: waf.address.unblock"):])
	wrong := j.b.write("wrong.yaml", strings.Replace(page, "title: Our WAF", "titel: Our WAF", 1))
	fails := j.b.write("fails.yaml", strings.Replace(page, "verified: true", "verified: false", 1))
	j.run("actions lint FILE…", 0, "actions", "lint", right)
	j.run("actions lint FILE…", 1, "actions", "lint", wrong)
	j.run("actions test FILE…", 0, "actions", "test", right)
	j.run("actions test FILE…", 1, "actions", "test", wrong)
	j.run("actions test FILE…", 1, "actions", "test", fails)
	j.run("actions show KIND", 0, "actions", "show", "okta")
	j.run("actions schema", 0, "actions", "schema")
}

func (j *jsonPage) playbooks() {
	j.run("playbook list", 0, "playbook", "list")
	j.run("playbook show PLAYBOOK", 0, "playbook", "show", "generic")
	j.run("playbook render PLAYBOOK", 0, "playbook", "render", "generic")
	j.cacao()
	j.run("playbook schema", 0, "playbook", "schema")
	bad := j.b.write("bad.yaml", "playbook: v1\nid: bad\nname: Bad\nversion: 1.0.0\nphases: {identify: [{id: one, titel: x, manual: y}]}\n")
	j.run("playbook lint FILE…", 1, "playbook", "lint", bad)
	j.run("playbook lint --sarif FILE…", 1, "playbook", "lint", "--sarif", bad)
	folder := filepath.Join(j.b.dir, "books")
	if err := os.Mkdir(folder, 0o700); err != nil {
		j.b.t.Fatal(err)
	}
	j.run("playbook new ID", 0, "playbook", "new", "own", "--to", folder, "--notify", "webhook")
	own := filepath.Join(folder, "own.yaml")
	j.run("playbook render PLAYBOOK --format html", 0, "playbook", "render", own, "--format", "html")
	j.run("playbook render PLAYBOOK -o FILE", 0, "playbook", "render", own, "-o", filepath.Join(folder, "own.md"))
	j.run("playbook graph PLAYBOOK", 0, "playbook", "graph", own)
	j.run("playbook fmt FILE…", 0, "playbook", "fmt", own)
	j.run("playbook diff OLD NEW", 1, "playbook", "diff", "linux-host-intrusion", "generic")
	j.run("playbook test FILE…", 0, "playbook", "test", own)
	j.b.write("books/own.test.yaml", "test: v1\nplaybook: own\ncases:\n  - {name: one, expect: {end: failed}}\n")
	j.b.write("books/two.yaml", "playbook: v1\nid: two\nname: Two\nversion: 1.0.0\nphases: {learn: [{id: a, review: r}]}\n")
	j.b.write("books/three.test.yaml", "test: v1\nplaybook: generic\ncases: []\n")
	j.run("playbook test FILE…", 1, "playbook", "test", folder)
}

// numbers are all incidents side by side, and the page for the next shift.
func (j *jsonPage) numbers() {
	b := j.b
	id := b.open("next shift", "--severity", "sev2", "--playbook", "generic", "--var", "what=x")
	b.want(0, "factor", id, "technical", "No second factor", "--key", "no-mfa")
	j.run("handover ID", 0, "handover", id)
	j.run("handover ID --to PERSON --yes", 0, "handover", id, "--to", "grace", "--role", "commander", "--say", "all is quiet", "--yes")
	j.run("handover ID", 0, "handover", id)
	j.run("handover ID --md FILE", 0, "handover", id, "--md", filepath.Join(b.dir, "shift.md"))
	j.run("handover ID --html FILE", 0, "handover", id, "--html", filepath.Join(b.dir, "shift.html"))
	j.run("stats", 0, "stats", "--since", "2020", "--until", "2099", "--severity", "sev1,sev2,sev3,sev4", "--playbook", "fast,none")
	j.run("stats --explain METRIC", 0, "stats", "--explain", "commander")
	j.run("stats", 0, "stats", "--drills")
	j.run("stats --explain METRIC", 0, "stats", "--explain", "opened-contained")
	j.run("stats --explain METRIC", 0, "stats", "--explain", "approval-wait")
	j.run("stats --explain TALLY", 0, "stats", "--explain", "evidence")
	j.run("stats --html FILE", 0, "stats", "--html", filepath.Join(b.dir, "stats.html"))
}

// exercise is a drill with a scenario, played by hand and by itself.
func (j *jsonPage) exercise() {
	j.run("drill list", 0, "drill", "list")
	j.run("drill --scenario NAME", 0, "drill", "--scenario", "leaked-token", "--speed", "0", "--participants", "2", "--as", "ada")
	j.run("drill join ID", 0, "drill", "join", "last", "--as", "ben")
	j.run("drill next ID", 0, "drill", "next", "last", "--by", "5m")
	j.run("drill status ID", 0, "drill", "status", "last")
	j.run("drill answer ID INJECT CHOICE", 0, "drill", "answer", "last", "keep-it", "now", "--as", "ada")
	j.run("drill status ID", 0, "drill", "status", "last")
	j.run("drill end ID", 0, "drill", "end", "last", "--as", "ada")
	j.run("drill report ID", 0, "drill", "report", "last")
	book, plot := j.b.write("small-drill.yaml", readFile(j.b.t, "testdata/small/playbook.yaml")), j.b.write("small.yaml", readFile(j.b.t, "testdata/small/scenario.yaml"))
	j.run("drill --scenario NAME --auto", 0, "drill", book, "--scenario", plot, "--auto")
	j.run("drill report ID", 0, "drill", "report", "last", "--pdf") // it is closed: no entry tells of it
	j.run("drill report ID --score", 0, "drill", "report", "last", "--score")
}

// packs comes after people: ada is on the roster.
func (j *jsonPage) packs() {
	b := j.b
	folder := filepath.Join(b.home, "packs", "acme")
	plot := readFile(b.t, "../playbooks/drill/scenarios/leaked-token.yaml")
	for _, dir := range []string{filepath.Join(folder, "scenarios"), filepath.Join(b.home, "scenarios")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			b.t.Fatal(err)
		}
	}
	for file, text := range map[string]string{
		filepath.Join(folder, "scenarios", "leaked-token.yaml"): plot, // in the place of the built-in one
		filepath.Join(b.home, "scenarios", "ours.yaml"):         strings.Replace(plot, "id: leaked-token", "id: ours", 1),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "fast.yaml"), []byte(readFile(b.t, "testdata/fast.yaml")), 0o600); err != nil {
		b.t.Fatal(err)
	}
	j.run("playbook pack sign FOLDER", 0, "playbook", "pack", "sign", folder, "--id", "acme", "--version", "1.0.0", "--name", "Acme", "--owner", "team", "--unsigned")
	j.run("playbook pack check PACK", 6, "playbook", "pack", "check", "acme")
	j.run("playbook pack sign FOLDER", 0, "playbook", "pack", "sign", folder, "--version", "1.0.1", "--as", "ada")
	j.run("playbook pack show PACK", 0, "playbook", "pack", "show", "acme")
	var shown struct{ Digest string }
	if err := json.Unmarshal([]byte(b.want(0, "playbook", "pack", "show", "acme", "--json").out), &shown); err != nil {
		b.t.Fatal(err)
	}
	b.want(3, "playbook", "pack", "accept", "acme")
	b.want(3, "open", "x", "--playbook", folder+"/fast.yaml")
	j.run("playbook pack accept PACK", 0, "playbook", "pack", "accept", "acme", "--digest", shown.Digest)
	j.run("playbook pack show PACK", 0, "playbook", "pack", "show", "acme")
	j.run("playbook pack list", 0, "playbook", "pack", "list")
	j.run("drill list", 0, "drill", "list")
	j.run("playbook pack check PACK", 0, "playbook", "pack", "check", "acme")
	j.run("playbook pack withdraw PACK", 0, "playbook", "pack", "withdraw", "acme")
}

func (j *jsonPage) incident(book string) {
	j.b.want(0, "open", "a mail", "--playbook", "phishing", "--var", "subject=x", "--var", "sender=y", "--var", "reporter=z", "--var", "system=other", "--var", "personal_data=true")
	j.run("show ID", 0, "show", "last")
	j.run("open TITLE …", 0, "open", "odd process", "--playbook", book)
	j.run("list", 0, "list")
	j.run("note", 0, "note", "last", "a note")
	j.run("change ID …", 0, "change", "last", "--severity", "sev2", "--impact", "none so far", "--summary", "seen at night", "--assign", "commander=ada", "--detected", "2026-01-02T03:04:05Z")
	j.run("show ID STEP", 0, "show", "last", "look")
	j.run("step start", 0, "step", "start", "last", "look")
	j.run("step note", 0, "step", "note", "last", "look", "--text", "a remark")
	j.run("step done", 0, "step", "done", "last", "look", "--answer", "address=203.0.113.66", "--note", "looked twice")
	j.run("step reopen", 0, "step", "reopen", "last", "look", "--reason", "too early")
	j.run("step skip", 0, "step", "skip", "last", "look", "--reason", "known")
	j.run("step reopen", 0, "step", "reopen", "last", "look", "--reason", "not known")
	j.run("step done", 0, "step", "done", "last", "look", "--answer", "address=203.0.113.66", "--note", "looked twice")
	j.run("step add", 0, "step", "add", "last", "Call the landlord", "--text", "He has the key.")
	j.run("run ID --step STEP", 0, "run", "last", "--step", "take")
	j.run("run ID --auto", 0, "run", "last", "--auto")
	j.run("show ID", 0, "show", "last")
	j.run("step done", 0, "step", "done", "last", "adhoc-1")
	j.run("run ID --step STEP", 0, "run", "last", "--step", "page")
	for _, step := range []string{"look", "take", "page", "adhoc-1", "comment"} {
		j.run("show ID STEP", 0, "show", "last", step)
	}
	j.run("show ID a1", 0, "show", "last", "a1")
	j.run("show ID", 0, "show", "last")
	j.deadlines()
}

func (j *jsonPage) deadlines() {
	j.run("clocks list", 0, "clocks", "list")
	j.run("clocks ID", 0, "clocks", "last")
	j.run("clocks start ID EVENT", 0, "clocks", "start", "last", "aware", "--reason", "the SOC")
	j.run("clocks start ID EVENT", 0, "clocks", "start", "last", "suspected", "--reason", "the SOC")
	j.run("clocks start ID EVENT", 0, "clocks", "start", "last", "suspected", "--withdraw", "--reason", "it was not")
	j.run("clocks start ID EVENT", 0, "clocks", "start", "last", "determined", "--for", "us-sec-8k-105", "--reason", "the committee")
	j.run("clocks applies ID CLOCK", 0, "clocks", "applies", "last", "us-sec-8k-105", "--reason", "listed")
	j.run("clocks not ID CLOCK", 0, "clocks", "not", "last", "pci-visa-3bd", "--reason", "no cards")
	j.run("clocks met ID CLOCK", 0, "clocks", "met", "last", "eu-gdpr-34-people", "--to", "those concerned", "--how", "mail", "--proof", "a1")
	j.run("clocks ID", 0, "clocks", "last")
	j.run("clocks draft ID CLOCK", 0, "clocks", "draft", "last", "eu-gdpr-33-authority")
	j.run("clocks draft ID CLOCK", 0, "clocks", "draft", "last", "eu-gdpr-33-authority", "--to", j.b.dir+"/notification.txt")
	j.run("list", 0, "list")
	j.run("show ID", 0, "show", "last")
	j.facts()
}

// facts is what was found out, with every member that a line can have.
func (j *jsonPage) facts() {
	run := func(doc string, args ...string) { j.run(doc, 0, append([]string{args[0], "last"}, args[1:]...)...) }
	run("moment ID NAME TIME", "moment", "acknowledged", "2026-01-02T03:14:00Z", "--reason", "the first note")
	run("moment ID", "moment")
	run("impact ID MEASURE NUMBER", "impact", "money", "100-200", "--unit", "EUR")
	run("impact ID MEASURE NUMBER", "impact", "money", "150", "--unit", "EUR", "--certainty", "estimated", "--basis", "an invoice", "--text", "so far")
	run("impact ID MEASURE NUMBER", "impact", "downtime", "--class", "shop", "--place", "DE", "--from", "2026-01-02T03:04:05Z", "--to", "2026-01-02T04:04:05Z")
	run("impact ID", "impact")
	run("subject ID KIND VALUE", "subject", "address", "203.0.113.66", "--role", "attacker", "--note", "it was in the process list")
	run("subject ID KIND VALUE", "subject", "host", "web-1", "--role", "victim", "--shown-as", "the shop")
	run("subject ID", "subject")
	run("technique ID T1078", "technique", "T1078", "--name", "accounts", "--at", "2026-01-02T03:04:05Z", "--text", "a key")
	run("control ID REFERENCE", "control", "csf:DE.CM-01", "--held", "missing", "--technique", "T1078", "--text", "nothing watched it")
	run("control ID", "control")
	run("technique ID", "technique")
	run("factor ID CATEGORY TEXT", "factor", "technical", "Keys have no expiry.", "--key", "no-expiry")
	j.b.want(0, "note", "last", "factor: nobody looks at the list")
	run("factor ID", "factor")
	run("decision ID TEXT", "decision", "We wait.", "--question", "Now?", "--known", "little", "--alternative", "act", "--reason", "it runs", "--by", "Grace", "--role", "commander", "--at", "2026-01-02T03:20:00Z")
	run("decision ID", "decision")
}

func (j *jsonPage) evidence() {
	log := j.b.write("auth.log", "this is a line of no log\nNov 20 03:12:01 web-1 sshd[4711]: Accepted publickey for root from 203.0.113.66 port 50222 ssh2\n")
	j.run("collect --list", 0, "collect", "--list")
	j.run("collect --list --root IMAGE", 0, "collect", "--list", "--root", j.b.write("image.dd", strings.Repeat("\x00", 4096)))
	j.b.write("defs/linux.yaml", "name: Id\ndoc: Id.\nsources:\n- type: COMMAND\n  attributes: {cmd: id, args: []}\n")
	j.run("collect --list", 0, "collect", "--list", "--definitions", j.b.dir+"/defs")
	j.run("collect ID", 0, "collect", "last", "--authority", "the CISO", "--collector", "linux.system", "--file", j.b.dir+"/nothing-there", "--file", j.b.dir+"/defs/linux.yaml")
	j.run("collect ID", 0, "collect", "last", "--collector", "linux.files", "--file", j.b.dir+"/defs/linux.yaml", "--resume")
	j.run("collect --to FILE", 0, "collect", "--to", j.b.dir+"/c", "--collector", "linux.system", "--recipient", pageRecipient)
	j.run("collect --to FILE", 0, "collect", "--to", j.b.dir+"/open", "--collector", "linux.system", "--plain")
	j.run("verify --container FILE", 0, "verify", "--container", j.b.dir+"/open")
	j.run("ingest ID FILE…", 0, "ingest", "last", log)
	j.custody()
	grown := j.b.write("grown.log", "this is a line of no log\nNov 20 03:12:01 web-1 sshd[4711]: Accepted password for eve from 203.0.113.66 port 50223 ssh2\nhalf a line")
	j.ran("ingest ID --follow FILE", j.b.follow("last", grown))
	j.run("import ID FILE", 0, "import", "last", j.b.archive())
	j.run("import ID FILE", 0, "import", "last", j.b.dir+"/open")
	j.run("parse FILE…", 0, "parse", log)
	j.run("parse FILE…", 0, "parse", "--after", "2100-01-01", log)
	j.run("parse --events FILE…", 0, "parse", "--events", log)
	j.run("export ID … --to FILE", 0, "export", "last", "--to", j.b.dir+"/events.body")
	j.run("ingest ID --rebuild", 0, "ingest", "last", "--rebuild")
	j.b.want(0, "search", "last", "publickey", "--star", "--tag", "entry", "--comment", "this is how they came in")
	j.run("search ID FILTER", 0, "search", "last", "publickey")
	j.run("search ID FILTER --count", 0, "search", "last", "publickey", "--count")
	j.run("search ID FILTER --histogram", 0, "search", "last", "publickey", "--histogram")
	j.run("sql ID QUERY", 0, "sql", "last", "select * from events")
	j.run("sql --schema", 0, "sql", "--schema")
	j.queries()
}

func (j *jsonPage) queries() {
	var e struct{ ID string }
	if err := json.Unmarshal([]byte(j.run("search ID FILTER", 0, "search", "last", "publickey").out), &e); err != nil {
		j.b.t.Fatal(err)
	}
	j.run("search ID FILTER --count", 0, "search", "last", "--around", e.ID, "--count")
	j.run("search ID FILTER --estimate", 0, "search", "last", "publickey", "--estimate")
	j.run("search ID FILTER --top FIELD", 0, "search", "last", "--top", "user")
	j.run("search ID FILTER --rare FIELD", 0, "search", "last", "--rare", "attr.pid")
	j.run("search ID FILTER --fields", 0, "search", "last", "--fields")
	j.run("search ID FILTER --gaps", 0, "search", "last", "--gaps=source", "--silent", "1s")
	j.run("search ID FILTER --explain", 0, "search", "last", "publickey host:web-1", "--explain", "--sql")
	list := j.b.write("list.txt", "# what came in\npublickey\n203.0.113.66\nnothing-like-this\n")
	j.run("sweep ID FILE", 0, "sweep", "last", list)
	j.triage()
}

func (j *jsonPage) triage() {
	rule := "- id: %s\n  title: A key was used\n  severity: %s\n  technique: T1078\n  find: publickey\n  by: user\n  reason: '{user}'\n  false_positive: people\n  next: [ask]\n"
	j.b.write("rules/a.yaml", "rules:\n"+fmt.Sprintf(rule, "key-used", "critical")+fmt.Sprintf(rule, "key-used-too", "critical"))
	rules := j.b.dir + "/rules"
	var report struct{ Findings []struct{ ID string } }
	if err := json.Unmarshal([]byte(j.run("triage ID", 0, "triage", "last", "--rules", rules).out), &report); err != nil || len(report.Findings) == 0 {
		j.b.t.Fatal(err, report)
	}
	id := report.Findings[0].ID
	j.run("triage ID FINDING", 0, "triage", "last", id, "--rules", rules)
	j.run("triage ID FINDING", 0, "triage", "last", id, "--rules", rules, "--confirm", "--reason", "it was not her")
	j.run("triage ID", 0, "triage", "last", "--rules", rules)
	j.run("triage --list", 0, "triage", "--list")
}

func (j *jsonPage) custody() {
	j.run("custody take ID e1", 0, "custody", "take", "last", "e3", "--to", j.b.dir+"/copy.log", "--purpose", "a look in the lab")
	j.run("custody check ID", 0, "custody", "check", "last", "e1")
	j.run("custody transfer ID e1 --request", 0, "custody", "transfer", "last", "e3", "--to", "bob", "--reason", "imaging", "--request")
	j.run("custody transfer ID e1", 0, "custody", "transfer", "last", "e3", "--to", "bob", "--reason", "imaging", "--place", "room 3")
	j.run("custody ID e1", 0, "custody", "last", "e3")
	j.run("show ID e1", 0, "show", "last", "e3")
	j.run("custody accept ID t1 --request", 0, "custody", "accept", "last", "t1", "--request")
	j.run("custody accept ID t1", 0, "custody", "accept", "last", "t1", "--as", "bob")
	j.run("custody transfer ID e1", 0, "custody", "transfer", "last", "e2", "--to", "bob", "--reason", "imaging")
	j.run("custody refuse ID t1", 0, "custody", "refuse", "last", "t2", "--as", "bob")
	j.run("custody ID", 0, "custody", "last")
	j.run("show ID e1", 0, "show", "last", "e1")
	j.run("custody ID --form FILE", 0, "custody", "last", "--form", j.b.dir+"/form.html")
	j.run("custody ID --case FILE", 0, "custody", "last", "--case", j.b.dir+"/case.jsonld")
}

func (j *jsonPage) actions() {
	var a struct{ Action, Digest string }
	planned := func(doc string, args ...string) {
		line, _, _ := strings.Cut(strings.TrimSpace(j.run(doc, 0, args...).out), "\n")
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			j.b.t.Fatalf("%s: %v", doc, err)
		}
		if r := j.b.run("show", "last", a.Action); !strings.Contains(r.out, "approved") {
			j.run("approve", 0, "approve", "last", a.Action, "--digest", a.Digest)
		}
		j.run("do", 0, "do", "last", a.Action)
	}
	planned("plan", "plan", "last", "github.workflow.disable", "--with", "repo="+drill.Repo, "--with", "workflow=test.yml", "--reason", "it is abused")
	disabled := a.Action
	j.run("contained ID", 0, "contained", "last")
	j.run("contained extend ID a1", 0, "contained", "extend", "last", disabled, "--for", "12h", "--reason", "not clean yet")
	j.run("rollback ID --dry-run", 0, "rollback", "last", "--dry-run")
	j.run("rollback ID", 5, "rollback", "last")
	planned("revert", "revert", "last", disabled)
	j.run("show ID a1", 0, "show", "last", disabled)
	j.run("ingest ID --from ACTION", 0, "ingest", "last", "--from", "pagerduty.incident.log", "--with", "incident="+drill.Incident)
	to := []string{"update", "last", "--audience", "executives"}
	j.run("update ID --audience WHO --preview", 0, append(to, "--preview")...)
	j.run("update ID --audience WHO --yes", 0, append(to, "--yes", "--say", "It is over.")...)
	j.run("update ID --audience WHO --by-hand HOW", 0, append(to, "--by-hand", "on the call")...)
	j.run("update ID --due", 0, "update", "last", "--due")
	j.followUps()
	j.outbox()
}

// outbox has one that is asked to wait, and one that is refused.
func (j *jsonPage) outbox() {
	plan := func(mode drill.Mode) string {
		j.b.t.Helper()
		var a struct{ Action, Digest string }
		j.b.into(&a, "plan", "last", "github.workflow.disable", "--with", "repo="+drill.Repo, "--with", "workflow=test.yml")
		j.b.want(0, "approve", "last", a.Action, "--digest", a.Digest)
		j.vendors.world.Fail(drill.Fault{System: "github", Method: "PUT", Mode: mode})
		j.b.run("do", "last", a.Action)
		return a.Action
	}
	refused := plan(drill.Echo)
	j.run("outbox ID…", 0, "outbox")
	j.b.want(3, "outbox", "retry", "last", refused)
	j.b.want(2, "outbox", "retry", "last", refused, "--again")
	j.run("outbox retry ID a1", 0, "outbox", "retry", "last", refused, "--again", "--reason", "they have let us in")
	waits := plan(drill.Secondary)
	j.run("outbox ID…", 0, "outbox", "last")
	j.run("show ID", 0, "show", "last")
	j.run("show ID a1", 0, "show", "last", waits)
	j.run("outbox run ID", 0, "outbox", "run", "last", "--once")
	j.run("outbox drop ID a1", 0, "outbox", "drop", "last", waits, "--reason", "done by hand")
}

func (j *jsonPage) trust() {
	r := j.run("verify ID", 0, "verify", "last")
	var said struct{ Head struct{ Size int64 } }
	if err := json.Unmarshal([]byte(r.out), &said); err != nil {
		j.b.t.Fatal(err)
	}
	seal := regexp.MustCompile(`2\d{3}-\d{4} @\d+ [0-9a-f]+…?`).FindString(j.b.want(0, "show", "last").out)
	j.run("verify ID --seal SEAL", 0, "verify", "last", "--seal", seal)
	key := strings.Split(readFile(j.b.t, j.b.home+"/keys/instance"), "\n")[1]
	j.run("verify ID --trust KEY", 0, "verify", "last", "--trust", key)
	j.run("show ID evidence", 0, "show", "last", "evidence")
	j.run("show ID e1", 0, "show", "last", "e1")
	j.run("show ID activity", 0, "show", "last", "activity")
	j.run("review ID", 0, "review", "last")
	j.reviewing()
	j.keeping()
	j.bundle()
	j.run("close", 0, "close", "last", "--reason", "nothing in it")
	j.run("list", 0, "list")
	j.run("open --again ID", 0, "open", "--again", "last", "--reason", "it came back")
}

func (j *jsonPage) keeping() {
	j.run("show ID e1", 0, "show", "last", "e2")
	j.run("hold ID …", 0, "hold", "last", "--reason", "a lawsuit", "--authority", "court")
	j.run("list", 0, "list")
	j.run("show ID", 0, "show", "last")
	j.b.want(0, "note", "last", "Ann Example called")
	j.run("erase ID …", 3, "erase", "last", "--person", "Ann Example", "--basis", "GDPR")
	var x struct{ Digest string }
	if err := json.Unmarshal([]byte(j.run("erase ID …", 0, "erase", "last", "--exhibit", "e1", "--field", "1.title", "--basis", "GDPR", "--reason", "asked for").out), &x); err != nil {
		j.b.t.Fatal(err)
	}
	j.run("erase ID …", 0, "erase", "last", "--agree", "x1", "--digest", x.Digest, "--reason", "right", "--as", "ann")
	j.run("erase ID …", 0, "erase", "last", "--agree", "x1", "--digest", x.Digest, "--as", "bob")
	j.run("show ID x1", 0, "show", "last", "x1")
	j.run("hold ID …", 0, "hold", "last", "--lift", "--reason", "settled")
	j.run("erase ID …", 0, "erase", "last", "--do", "x1")
	j.run("erase ID", 0, "erase", "last")
	j.run("show ID e1", 0, "show", "last", "e1")
	j.run("show ID evidence", 0, "show", "last", "evidence")
	j.run("verify ID", 0, "verify", "last")
	j.b.write(".config/firebreak/config.yaml", readFile(j.b.t, j.b.dir+"/.config/firebreak/config.yaml")+"\nretention: [{kind: incident, closed_for: 1d, action: erase}]\n")
	j.run("retention", 0, "retention")
	j.run("export … --portable --to FILE", 0, "export", "last", "--portable", "--to", j.b.dir+"/export.json")
}

func (j *jsonPage) bundle() {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		j.b.t.Fatal(err)
	}
	j.run("bundle ID --to FILE", 0, "bundle", "last", "--to", j.b.dir+"/b.tar.gz", "--evidence", "e2", "--recipient", id.Recipient().String())
	j.run("verify --bundle FILE", 0, "verify", "--bundle", j.b.dir+"/b.tar.gz.age", "--identity", j.b.write("key", id.String()+"\n"))
	j.run("bundle ID --to FILE", 0, "bundle", "last", "--to", j.b.dir+"/b.tar.gz")
	whole := readFile(j.b.t, j.b.dir+"/b.tar.gz")
	j.run("verify --bundle FILE", 6, "verify", "--bundle", j.b.write("cut.tar.gz", whole[:len(whole)/2]))
}

func (j *jsonPage) keep() {
	identity, recipient := j.b.keyPair()
	one, all := j.b.dir+"/one.age", j.b.dir+"/all.age"
	j.run("backup INCIDENT… --to FILE", 0, "backup", "last", "--to", one, "--recipient", recipient)
	j.run("backup --all --to FILE", 0, "backup", "--all", "--to", all, "--recipient", recipient, "--identity", identity)
	j.run("restore FILE --list", 0, "restore", all, "--list", "--identity", identity)
	j.run("restore FILE --test", 0, "restore", all, "--test", "--identity", identity)
	j.run("restore FILE", 0, "restore", all, "--replace", "--identity", identity)
	clean := j.b.elsewhere("clean")
	j.ran("restore FILE", clean.want(0, "restore", all, "--identity", identity, "--json"))
	if err := os.Chmod(j.b.blobs("2*")[0], 0o444); err != nil {
		j.b.t.Fatal(err)
	}
	j.run("check", 6, "check")
	j.run("repair ID", 0, "repair", "last")
	j.run("repair ID --yes", 0, "repair", "last", "--yes")
}

// jsonPage is the page, and what was seen of it.
type jsonPage struct {
	b *bench

	vendors *vendors
	rows    []pageRow
	seen    map[string]bool // "command" and "command member"
}

// pageRow is what the page says of some commands: a line has one of the shapes.
type pageRow struct {
	commands []string
	shapes   [][]member
	prose    bool // no member is named
}

// member is one member of an object, with those of the objects within.
type member struct {
	name     string
	optional bool
	inner    []member
}

func (j *jsonPage) run(doc string, code int, args ...string) result {
	j.b.t.Helper()
	r := j.b.want(code, append(args, "--json")...)
	j.ran(doc, r)
	return r
}

// ran compares what a command printed with its row.
func (j *jsonPage) ran(doc string, r result) {
	j.b.t.Helper()
	at := slices.IndexFunc(j.rows, func(row pageRow) bool { return slices.Contains(row.commands, doc) })
	if at < 0 {
		j.b.t.Fatalf("the page has no %q", doc)
	}
	j.seen[doc] = true
	row := j.rows[at]
	for line := range strings.Lines(r.out) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			j.b.t.Fatalf("%s: %v in %q", doc, err, line)
		}
		if row.prose {
			continue
		}
		missing := ""
		for _, shape := range row.shapes {
			if missing = lacks(v, shape, ""); missing == "" {
				j.note(row.commands[0], shape, v, "")
				break
			}
		}
		if missing != "" {
			j.b.t.Errorf("%s: no %s in %s", doc, missing, line)
		}
	}
}

// lacks names a promised member that is not there, or is "".
func lacks(v any, shape []member, path string) string {
	switch v := v.(type) {
	case map[string]any:
		for _, m := range shape {
			inner, ok := v[m.name]
			if !ok && !m.optional {
				return path + m.name
			}
			if what := lacks(inner, m.inner, path+m.name+"."); ok && what != "" {
				return what
			}
		}
	case []any:
		for _, one := range v {
			if what := lacks(one, shape, path); what != "" {
				return what
			}
		}
	}
	return ""
}

// note keeps which members were seen.
func (j *jsonPage) note(command string, shape []member, v any, path string) {
	switch v := v.(type) {
	case map[string]any:
		for _, m := range shape {
			if inner, ok := v[m.name]; ok {
				j.seen[command+" "+path+m.name] = true
				j.note(command, m.inner, inner, path+m.name+".")
			}
		}
	case []any:
		for _, one := range v {
			j.note(command, shape, one, path)
		}
	}
}

// whole wants every command to have been run and every member to have been seen.
func (j *jsonPage) whole() {
	for _, row := range j.rows {
		for _, c := range row.commands {
			if !j.seen[c] {
				j.b.t.Errorf("%s is on the page, and not in this test", c)
			}
		}
		for _, shape := range row.shapes {
			j.shown(row.commands[0], shape, "")
		}
	}
}

func (j *jsonPage) shown(command string, shape []member, path string) {
	for _, m := range shape {
		name := command + " " + path + m.name
		if !j.seen[name] && !slices.Contains(unshown, name) {
			j.b.t.Errorf("%s is on the page, and was never printed", name)
		}
		if j.seen[name] {
			j.shown(command, m.inner, path+m.name+".")
		}
	}
}

var (
	quoted   = regexp.MustCompile("`([^`]+)`")
	asIn     = regexp.MustCompile("as in `([^`]+)`")
	printing = regexp.MustCompile("^`([^`]+)` prints `([^`]+)`")
)

// readPage reads the rows of the page's tables, and what stands between them.
func readPage(t *testing.T, page string) []pageRow {
	t.Helper()
	var rows []pageRow
	refers := map[int]string{}
	for line := range strings.Lines(page) {
		cells := strings.Split(line, " | ")
		switch found := printing.FindStringSubmatch(line); {
		case found != nil:
			rows = append(rows, pageRow{commands: found[1:2], shapes: [][]member{object(found[2])}})
		case len(cells) == 2 && strings.HasPrefix(line, "| `"):
			var row pageRow
			for _, c := range quoted.FindAllStringSubmatch(cells[0], -1) {
				row.commands = append(row.commands, c[1])
			}
			for _, c := range quoted.FindAllStringSubmatch(cells[1], -1) {
				if strings.HasPrefix(c[1], `{"`) {
					row.shapes = append(row.shapes, object(c[1]))
				}
			}
			if ref := asIn.FindStringSubmatch(cells[1]); ref != nil && !strings.HasPrefix(cells[1], "`{") {
				refers[len(rows)] = ref[1]
			} else if len(row.shapes) == len(row.commands) && len(row.shapes) > 1 {
				for i := range row.commands[1:] {
					rows = append(rows, pageRow{commands: row.commands[i+1 : i+2], shapes: row.shapes[i+1 : i+2]})
				}
				row.commands, row.shapes = row.commands[:1], row.shapes[:1]
			}
			row.prose = len(row.shapes) == 0
			rows = append(rows, row)
		}
	}
	for i, command := range refers {
		at := slices.IndexFunc(rows, func(r pageRow) bool { return slices.Contains(r.commands, command) })
		if at < 0 {
			t.Fatalf("the page refers to %q, which it has not", command)
		}
		rows[i].shapes, rows[i].prose = append(rows[i].shapes, rows[at].shapes...), false
	}
	action := page[strings.Index(page, `{"action": `):]
	action, _, _ = strings.Cut(action, "\n\n")
	rows = append(rows, pageRow{commands: []string{"plan", "approve", "do", "revert", "show ID a1"}, shapes: [][]member{object(action)}})
	if len(rows) < 20 {
		t.Fatalf("the page has %d rows", len(rows))
	}
	return rows
}

// object reads the members of the first object in a shape as the page writes
// it: {"name", "name"?: {…}, "name": [{"name"}]}. Other words are for people.
func object(s string) []member {
	var stack [][]member
	open := false // a name may follow
	for len(s) > 0 {
		c, n := utf8.DecodeRuneInString(s)
		switch {
		case c == '{':
			stack, open = append(stack, nil), true
		case c == '}':
			done := stack[len(stack)-1]
			stack, open = stack[:len(stack)-1], false
			if len(stack) == 0 {
				return done
			}
			if up := stack[len(stack)-1]; len(up) > 0 {
				up[len(up)-1].inner = done
			}
		case c == ',' && len(stack) > 0:
			open = true
		case c == '"':
			end := strings.IndexByte(s[1:], '"') + 1
			if open {
				top := len(stack) - 1
				stack[top] = append(stack[top], member{name: s[1:end], optional: strings.HasPrefix(s[end+1:], "?")})
			}
			n, open = end+1, false
		}
		s = s[n:]
	}
	return nil
}
