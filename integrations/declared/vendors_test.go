package declared

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// These tests hold the requests of the built-in files against what the vendors
// publish: tools/vendors fetches it into a folder that FIREBREAK_VENDORS names.
// What a description does not say (permissions, limits, delays, states) is not
// tested by it.

// vendor is a file below FIREBREAK_VENDORS; the test is skipped without it.
func vendor(t *testing.T, path ...string) string {
	t.Helper()
	dir := os.Getenv("FIREBREAK_VENDORS")
	if dir == "" {
		t.Skip("the vendors' descriptions are not here: tools/vendors DIR fetches them, FIREBREAK_VENDORS=DIR names them")
	}
	file := filepath.Join(append([]string{dir}, path...)...)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("this vendor's description is not here: %v", err)
	}
	return file
}

func vendorText(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(vendor(t, path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func builtinFile(t *testing.T, kind string) *File {
	t.Helper()
	files, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f *File) bool { return f.Kind == kind })
	return files[i]
}

// sent are the requests that the examples of a file hold its actions to, each
// once, with the operation that the action says it is.
func sent(f *File) map[*Action][]turn {
	out := map[*Action][]turn{}
	for _, a := range f.Actions {
		for _, e := range a.Examples {
			out[a] = append(out[a], e.talk...)
		}
	}
	return out
}

func (t turn) request(tb testing.TB, base string) *http.Request {
	tb.Helper()
	body := ""
	kind := ""
	switch {
	case t.body != nil:
		body, kind = mustJSON(t.body), "application/json"
	case t.xml != "":
		body, kind = t.xml, "application/xml"
	}
	r, err := http.NewRequest(t.method, base+t.path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

func TestVendorOkta(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromFile(vendor(t, "okta.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: "https://acme.okta.example"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	check := func(r *http.Request) (string, error) {
		route, params, err := router.FindRoute(r)
		if err != nil {
			return "", err
		}
		return route.Operation.OperationID, openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		})
	}
	for a, turns := range sent(builtinFile(t, "okta")) {
		for _, turn := range turns {
			got, err := check(turn.request(t, "https://acme.okta.example"))
			want := a.Spec.Reads
			if turn.method != http.MethodGet {
				want = []string{a.Spec.Operation}
			}
			if err != nil || !slices.Contains(want, got) {
				t.Errorf("%s: %s %s is %s, want one of %v: %v", a.ID, turn.method, turn.path, got, want, err)
			}
		}
	}
	// The check itself has to find what is wrong.
	for _, bad := range []turn{
		{method: http.MethodPost, path: "/api/v1/users/00u1/lifecycle/suspnd"},
		{method: http.MethodPut, path: "/api/v1/users/00u1/lifecycle/suspend"},
		{method: http.MethodDelete, path: "/api/v1/users/00u1/sessions?oauthTokens=maybe"},
	} {
		if got, err := check(bad.request(t, "https://acme.okta.example")); err == nil {
			t.Errorf("the check takes %s %s for %s", bad.method, bad.path, got)
		}
	}
}

// awsModel is what a model of the AWS SDK says of operations and shapes.
type awsModel struct {
	Metadata   struct{ APIVersion, Protocol string }
	Operations map[string]struct {
		HTTP  struct{ Method, RequestURI string }
		Input struct{ Shape string }
	}
	Shapes map[string]awsShape
}

type awsShape struct {
	Type     string
	Required []string
	Enum     []string
	Members  map[string]awsMember
	Member   awsMember
}

type awsMember struct {
	Shape, LocationName, QueryName, Location string
	Flattened                                bool
}

func awsModelOf(t *testing.T, service, version string) awsModel {
	t.Helper()
	var m awsModel
	if err := json.Unmarshal([]byte(vendorText(t, "aws", service, version, "api-2.json")), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// fits holds a call of the Query protocol against the model: the operation, its
// version, what is required, what there is at all, and the words of enumerations.
func (m awsModel) fits(v url.Values) error {
	op, ok := m.Operations[v.Get("Action")]
	if !ok {
		return fmt.Errorf("there is no operation %q", v.Get("Action"))
	}
	if v.Get("Version") != m.Metadata.APIVersion {
		return fmt.Errorf("version %q, want %s", v.Get("Version"), m.Metadata.APIVersion)
	}
	left := map[string]string{}
	for name := range v {
		if name != "Action" && name != "Version" {
			left[name] = v.Get(name)
		}
	}
	if err := m.shape(op.Input.Shape, "", left); err != nil {
		return err
	}
	for name := range left {
		return fmt.Errorf("%s takes no %s", v.Get("Action"), name)
	}
	return nil
}

// shape takes from left what the shape has under the prefix.
func (m awsModel) shape(name, prefix string, left map[string]string) error {
	s := m.Shapes[name]
	under := func(key string) bool {
		_, whole := left[key]
		for k := range left {
			whole = whole || strings.HasPrefix(k, key+".")
		}
		return whole
	}
	switch s.Type {
	case "structure":
		for member, of := range s.Members {
			key := member
			if m.Metadata.Protocol == "ec2" {
				if key = of.QueryName; key == "" && of.LocationName != "" {
					key = strings.ToUpper(of.LocationName[:1]) + of.LocationName[1:]
				} else if key == "" {
					key = member
				}
			} else if of.LocationName != "" {
				key = of.LocationName
			}
			if !under(prefix + key) {
				if slices.Contains(s.Required, member) {
					return fmt.Errorf("%s wants %s%s", name, prefix, key)
				}
				continue
			}
			if err := m.shape(of.Shape, prefix+key+".", left); err != nil {
				return err
			}
		}
	case "list":
		inner := ""
		if m.Metadata.Protocol != "ec2" && !s.Member.Flattened {
			inner = "member."
		}
		for i := 1; under(fmt.Sprintf("%s%s%d", prefix, inner, i)); i++ {
			if err := m.shape(s.Member.Shape, fmt.Sprintf("%s%s%d.", prefix, inner, i), left); err != nil {
				return err
			}
		}
	default:
		key := strings.TrimSuffix(prefix, ".")
		value, ok := left[key]
		if !ok {
			return fmt.Errorf("%s is no %s", key, s.Type)
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
			return fmt.Errorf("%s is %q, want one of %v", key, value, s.Enum)
		}
		delete(left, key)
	}
	return nil
}

func TestVendorAmazon(t *testing.T) {
	t.Parallel()
	models := map[string]awsModel{
		"iam": awsModelOf(t, "iam", "2010-05-08"), "ec2": awsModelOf(t, "ec2", "2016-11-15"), "sts": awsModelOf(t, "sts", "2011-06-15"),
		"s3": awsModelOf(t, "s3", "2006-03-01"), "s3control": awsModelOf(t, "s3control", "2018-08-20"),
	}
	for a, turns := range sent(builtinFile(t, "aws")) {
		m := models[a.Spec.File]
		for _, turn := range turns {
			if m.Metadata.Protocol == "rest-xml" {
				if err := m.rest(a, turn); err != nil {
					t.Errorf("%s: %v", a.ID, err)
				}
				continue
			}
			u, err := url.Parse(turn.path)
			if err != nil {
				t.Fatal(err)
			}
			v := u.Query()
			for k, value := range turn.form {
				v.Set(k, show(value))
			}
			if err := m.fits(v); err != nil {
				t.Errorf("%s: %v", a.ID, err)
			}
			if op := v.Get("Action"); op != a.Spec.Operation && !slices.Contains(a.Spec.Reads, op) {
				t.Errorf("%s sends %s, which it does not say", a.ID, op)
			}
		}
	}
	if err := models["sts"].fits(url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}); err != nil {
		t.Error(err)
	}
	// The check itself has to find what is wrong.
	for _, bad := range []url.Values{
		{"Action": {"UpdateAccesKey"}, "Version": {"2010-05-08"}},
		{"Action": {"UpdateAccessKey"}, "Version": {"2010-05-09"}, "AccessKeyId": {"A"}, "Status": {"Active"}},
		{"Action": {"UpdateAccessKey"}, "Version": {"2010-05-08"}, "AccessKeyId": {"A"}},
		{"Action": {"UpdateAccessKey"}, "Version": {"2010-05-08"}, "AccessKeyId": {"A"}, "Status": {"Off"}},
		{"Action": {"UpdateAccessKey"}, "Version": {"2010-05-08"}, "AccessKeyId": {"A"}, "Status": {"Active"}, "Usr": {"x"}},
	} {
		if models["iam"].fits(bad) == nil {
			t.Errorf("the check takes %v", bad)
		}
	}
	for _, bad := range []url.Values{
		{"Action": {"ModifyInstanceAttribute"}, "Version": {"2016-11-15"}, "InstanceId": {"i"}, "Group.1": {"sg"}},
		{"Action": {"CreateSnapshot"}, "Version": {"2016-11-15"}},
	} {
		if models["ec2"].fits(bad) == nil {
			t.Errorf("the check takes %v", bad)
		}
	}
}

// rest holds a call of S3 against the model: method, path, query, the body's root
// and its members.
func (m awsModel) rest(a *Action, t turn) error {
	names := a.Spec.Reads
	if t.method != http.MethodGet {
		names = []string{a.Spec.Operation}
	}
	for _, name := range names {
		op, ok := m.Operations[name]
		if !ok {
			return fmt.Errorf("there is no operation %q", name)
		}
		want, wantQuery, _ := strings.Cut(op.HTTP.RequestURI, "?")
		path, query, _ := strings.Cut(t.path, "?")
		shape := regexp.MustCompile("^" + regexp.MustCompile(`\\\{[A-Za-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(want), "[^/]+") + "$")
		if op.HTTP.Method != t.method || !shape.MatchString(path) || strings.TrimSuffix(query, "=") != wantQuery {
			return fmt.Errorf("%s %s is not %s %s", t.method, t.path, op.HTTP.Method, op.HTTP.RequestURI)
		}
		if t.xml == "" {
			continue
		}
		tree, err := parseXML(t.xml)
		if err != nil {
			return err
		}
		members := m.Shapes["PublicAccessBlockConfiguration"].Members
		for k := range tree.(map[string]any)["PublicAccessBlockConfiguration"].(map[string]any) {
			if !slices.ContainsFunc(sortedKeys(members), func(n string) bool { return members[n].LocationName == k }) {
				return fmt.Errorf("%s takes no %s", name, k)
			}
		}
	}
	return nil
}

// FalconPy is CrowdStrike's own client; its table of hosts is generated.
func TestVendorCrowdStrike(t *testing.T) {
	t.Parallel()
	table := vendorText(t, "falconpy", "_hosts.py")
	ops := map[string]string{}
	for _, m := range regexp.MustCompile(`"(\w+)",\s+"(GET|POST|PATCH|DELETE)",\s+"(/[^"]+)"`).FindAllStringSubmatch(table, -1) {
		ops[m[1]] = m[2] + " " + m[3]
	}
	for a, turns := range sent(builtinFile(t, "crowdstrike")) {
		for _, turn := range turns {
			path, query, _ := strings.Cut(turn.path, "?")
			known := false
			for _, name := range append(slices.Clone(a.Spec.Reads), a.Spec.Operation) {
				known = known || ops[name] == turn.method+" "+path
			}
			if !known {
				t.Errorf("%s: %s %s is none of its operations", a.ID, turn.method, path)
			}
			if v, ok := strings.CutPrefix(query, "action_name="); ok && !regexp.MustCompile("[ `]"+v+"`? ?[-:]").MatchString(table) {
				t.Errorf("%s: action_name %s is not known", a.ID, v)
			}
		}
	}
}

// Cloudflare's own client is generated from its description.
func TestVendorCloudflare(t *testing.T) {
	t.Parallel()
	rules := vendorText(t, "node_modules", "cloudflare", "resources", "firewall", "access-rules.js")
	types := vendorText(t, "node_modules", "cloudflare", "resources", "firewall", "access-rules.d.ts")
	settings := vendorText(t, "node_modules", "cloudflare", "resources", "zones", "settings.js")
	levels := vendorText(t, "node_modules", "cloudflare", "resources", "zones", "settings.d.ts")
	zones := vendorText(t, "node_modules", "cloudflare", "resources", "zones", "zones.js")
	hex := regexp.MustCompile(`[0-9a-f]{32}`)
	for a, turns := range sent(builtinFile(t, "cloudflare")) {
		for _, turn := range turns {
			path, _, _ := strings.Cut(turn.path, "?")
			path = strings.Replace(hex.ReplaceAllString(path, "ZONE"), "/rules/r1", "/rules/RULE", 1)
			var source, pattern string
			switch path {
			case "/zones/ZONE":
				source, pattern = zones, `_client\.get\(\(0, path_1\.path\) ./zones/\$\{zone_id\}.`
			case "/zones/ZONE/settings/security_level":
				source, pattern = settings, `_client\.`+strings.ToLower(turn.method)+`\(\(0, path_1\.path\) ./zones/\$\{zone_id\}/settings/\$\{settingID\}`
			case "/zones/ZONE/firewall/access_rules/rules":
				source, pattern = rules, `_client\.(?:`+strings.ToLower(turn.method)+`|getAPIList)\(\(0, path_1\.path\) ./\$\{accountOrZone\}/\$\{accountOrZoneId\}/firewall/access_rules/rules`
			case "/zones/ZONE/firewall/access_rules/rules/RULE":
				source, pattern = rules, `_client\.`+strings.ToLower(turn.method)+`\(\(0, path_1\.path\) ./\$\{accountOrZone\}/\$\{accountOrZoneId\}/firewall/access_rules/rules/\$\{ruleID\}`
			default:
				t.Errorf("%s: %s is not known", a.ID, path)
				continue
			}
			if !regexp.MustCompile(pattern).MatchString(source) {
				t.Errorf("%s: the vendor's client has no %s %s", a.ID, turn.method, path)
			}
		}
	}
	for _, word := range []string{`target?: 'ip'`, `target?: 'ip6'`, `target?: 'ip_range'`, "notes?: string", "configuration?: AccessRuleListParams.Configuration", "'block'"} {
		if !strings.Contains(types, word) {
			t.Errorf("access rules have no %s", word)
		}
	}
	if !strings.Contains(levels, "value: 'off' | 'essentially_off' | 'low' | 'medium' | 'high' | 'under_attack'") {
		t.Error("the levels of security are others")
	}
}

// Microsoft's own client and types of Graph are generated from its description.
func TestVendorEntra(t *testing.T) {
	t.Parallel()
	users := vendorText(t, "node_modules", "@microsoft", "msgraph-sdk-users", "users", "item", "index.js")
	revoke := vendorText(t, "node_modules", "@microsoft", "msgraph-sdk-users", "users", "item", "revokeSignInSessions", "index.js")
	types := vendorText(t, "node_modules", "@microsoft", "microsoft-graph-types", "microsoft-graph.d.ts")
	_, user, _ := strings.Cut(types, "export interface User extends DirectoryObject {")
	user, _, _ = strings.Cut(user, "\n}\n")
	for _, c := range []struct{ in, want string }{
		{users, `"{+baseurl}/users/{user%2Did}{?%24expand,%24select}"`},
		{users, `adapterMethodName: "send",`},
		{users, "patch: {"},
		{revoke, `"{+baseurl}/users/{user%2Did}/revokeSignInSessions"`},
		{revoke, `"value"`},
		{user, "accountEnabled?: NullableOption<boolean>"},
		{user, "userPrincipalName?: NullableOption<string>"},
		{user, "signInSessionsValidFromDateTime?: NullableOption<string>"},
	} {
		if !strings.Contains(c.in, c.want) {
			t.Errorf("Graph has no %s", c.want)
		}
	}
	for a, turns := range sent(builtinFile(t, "entra")) {
		for _, turn := range turns {
			path, _, _ := strings.Cut(turn.path, "?")
			if !regexp.MustCompile(`^(GET|PATCH) /users/[^/]+$|^POST /users/[^/]+/revokeSignInSessions$`).MatchString(turn.method + " " + path) {
				t.Errorf("%s: %s %s", a.ID, turn.method, path)
			}
		}
	}
}
