package record

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kindsOf reads this package's own source: each kind, and the payload type that
// its comment names with the fields of that type.
func kindsOf(t *testing.T) map[Kind][]string {
	t.Helper()
	notTests := func(i fs.FileInfo) bool { return !strings.HasSuffix(i.Name(), "_test.go") }
	pkgs, err := parser.ParseDir(token.NewFileSet(), ".", notTests, parser.ParseComments) //nolint:staticcheck // one package, no build tags
	if err != nil {
		t.Fatal(err)
	}
	payload, fields := map[Kind]string{}, map[string][]string{}
	ast.Inspect(pkgs["record"], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Kind" && len(n.Values) == 1 {
				text, err := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				payload[Kind(text)] = strings.TrimSpace(n.Comment.Text())
			}
		case *ast.TypeSpec:
			if s, ok := n.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					if f.Tag == nil {
						continue
					}
					tag, err := strconv.Unquote(f.Tag.Value)
					if err != nil {
						t.Fatal(err)
					}
					name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
					fields[n.Name.Name] = append(fields[n.Name.Name], name)
				}
			}
		}
		return true
	})
	out := map[Kind][]string{}
	for k, name := range payload {
		if len(fields[name]) == 0 {
			t.Errorf("kind %s: its comment names no payload type: %q", k, name)
		}
		out[k] = fields[name]
	}
	if len(out) < 40 {
		t.Fatalf("only %d kinds were found", len(out))
	}
	return out
}

// Every field of every kind has been thought about.
func TestEveryFieldHasAnAudience(t *testing.T) {
	for kind, fields := range kindsOf(t) {
		for _, f := range fields {
			if _, ok := disclosed[kind][f]; !ok {
				t.Errorf("%s, field %s: profile.go does not say who sees it", kind, f)
			}
		}
	}
}

func TestProfiles(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		field string
		who   string // of the profiles, in the order of Profiles
	}{
		{Noted, "text", "full legal technical"},
		{Noted, actorName, "full legal regulator"},
		{IncidentOpened, "impact", "full legal regulator executive"},
		{IncidentOpened, "title", "full legal technical regulator executive"},
		{IncidentOpened, "severity", "full legal technical regulator executive public"},
		{EvidenceSealed, "host", "full legal technical"},
		{EvidenceSealed, "sha256", "full legal technical regulator"},
		{EvidenceSealed, "exhibit key", ""},
		{ErasureDone, "fields", "full legal technical regulator executive public"},
		{HeadSigned, "root", "full legal technical regulator executive public"},
		{HeadSigned, "signature", "full legal regulator"},
		{HeadStamped, "token", "full legal technical regulator executive public"},
		{Noted, "a new field", "full"},
		{"a new kind", "text", "full"},
	} {
		var who []string
		for _, p := range Profiles() {
			if p.Discloses(c.kind, c.field) {
				who = append(who, string(p))
			}
			if q, err := ParseProfile(string(p)); err != nil || q != p {
				t.Errorf("%s: %v", p, err)
			}
		}
		if got := strings.Join(who, " "); got != c.who {
			t.Errorf("%s, %s: seen by %q, want %q", c.kind, c.field, got, c.who)
		}
	}
	if _, err := ParseProfile("nosy"); err == nil {
		t.Error("a profile that is none")
	}
}

func TestMask(t *testing.T) {
	s, err := Seal(testID, Entry{
		Seq: 1, Time: time.Unix(1, 0), Kind: Noted,
		Fields: map[string]json.RawMessage{"text": json.RawMessage(`"secret"`), "decision": json.RawMessage("true")},
	}, dice(1))
	if err != nil {
		t.Fatal(err)
	}
	out, withheld := PublicProfile.Mask(s)
	e, missing, err := Unseal(out.Line, out.Disclosures)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Fields) != 1 || e.Fields["decision"] == nil || len(withheld) != 2 || !slices.Equal(missing, slices.Sorted(slices.Values(withheld))) {
		t.Errorf("%+v, withheld %v, missing %v", e, withheld, missing)
	}
	if out, withheld := PublicProfile.Mask(Sealed{Line: []byte("no line"), Disclosures: s.Disclosures}); len(out.Disclosures) != 0 || len(withheld) != 3 {
		t.Errorf("of a line that cannot be read: %+v", out)
	}
}

func TestSignedNotes(t *testing.T) {
	k, other := testKey(t, 1), testKey(t, 2)
	signed, err := SignNote(k, "some\ntext\n")
	if err != nil {
		t.Fatal(err)
	}
	text, by, err := OpenNote(signed, keysOf(t, k))
	if err != nil || text != "some\ntext\n" || !strings.HasPrefix(k.Public(), by) {
		t.Errorf("%q by %s: %v", text, by, err)
	}
	if _, _, err := OpenNote(signed, keysOf(t, other)); err == nil {
		t.Error("opened with another key")
	}
	for i := range signed {
		for bit := range 8 {
			signed[i] ^= 1 << bit
			if _, _, err := OpenNote(signed, keysOf(t, k)); err == nil {
				t.Fatalf("byte %d, bit %d: opened", i, bit)
			}
			signed[i] ^= 1 << bit
		}
	}
	for _, text := range []string{"no line break", "", "origin\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"} {
		if _, err := SignNote(k, text); err == nil {
			t.Errorf("%q was signed", text)
		}
	}
	if _, err := SignNote(Key{}, "text\n"); err == nil {
		t.Error("signed without a key")
	}
}
