package drill

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"firebreak/integrations"
)

// What the declared systems of a new world hold, for drills to refer to.
const (
	Person      = "jo.deploy@acme.example" // at Okta and Entra ID
	AccessKey   = "AKIADRILLDRILLDRILL1"   //nolint:gosec // it opens nothing
	Instance    = "i-0d1110000000000d1"
	Volume      = "vol-0d1110000000000d1"
	Quarantine  = "sg-0d1110000000000ff"
	Bucket      = "acme-drill-exports"
	FalconHost  = "d1110000000000000000000000000031"
	Machine     = "d111000000000000000000000000000000000031"
	Zone        = "d1110000000000000000000000000022"
	drillTenant = "acme.example"
	drillClient = "drill-app"
	drillAWSKey = "AKIADRILLRESPONDER01"
	drillRegion = "eu-central-1"
	drillAWS    = "210000000001" // the account
)

// cloud is what the stand-ins for the declared systems hold.
type cloud struct {
	Okta    []oktaUser        `json:"okta,omitempty"`
	Entra   []entraUser       `json:"entra,omitempty"`
	AWS     aws               `json:"aws"`
	Falcon  []falconHost      `json:"falcon,omitempty"`
	Defense []machine         `json:"defender,omitempty"`
	Zone    cfZone            `json:"cloudflare"`
	Secrets map[string]string `json:"secrets,omitempty"` // okta/token
}

// declaredNames are the hosts of the stand-ins, by the kind of connection.
func declaredName(kind string) string { return kind + ".drill.invalid" }

func (w *World) declaredHandlers() map[string]http.Handler {
	out := map[string]http.Handler{}
	for kind, h := range map[string]http.Handler{
		"okta": w.okta(), "entra": w.entra(), "aws": w.amazon(), "crowdstrike": w.falcon(), "defender": w.defender(), "cloudflare": w.cloudflare(),
	} {
		out[declaredName(kind)] = w.faulty(kind, h)
	}
	return out
}

// declaredConnections are connections of the names of their kinds.
func (w *World) declaredConnections(base integrations.Connection) []integrations.Connection {
	var out []integrations.Connection
	tenant := func(kind string) map[string]string {
		return map[string]string{"tenant": drillTenant, "client_id": drillClient, "token_url": "http://" + declaredName(kind) + "/" + drillTenant + "/oauth2/v2.0/token"}
	}
	for _, c := range []struct {
		kind     string
		settings map[string]string
	}{
		{"aws", map[string]string{"region": drillRegion, "account": drillAWS}},
		{"cloudflare", map[string]string{"zone": Zone}},
		{"crowdstrike", map[string]string{"client_id": drillClient}},
		{"defender", tenant("defender")},
		{"entra", tenant("entra")},
		{"okta", nil},
	} {
		conn := base
		conn.Name, conn.Kind, conn.BaseURL, conn.Settings = c.kind, c.kind, "http://"+declaredName(c.kind), c.settings
		conn.Secret = func(_ context.Context, name string) (string, error) {
			if name == "access_key_id" {
				return drillAWSKey, nil
			}
			if !slices.Contains(cloudSecrets(), c.kind+"/"+name) {
				return "", fmt.Errorf("the drill has no secret %q of %s", name, c.kind)
			}
			s, err := w.peek()
			if err != nil {
				return "", err
			}
			v := s.Cloud.Secrets[c.kind+"/"+name]
			if v == "" {
				return "", fmt.Errorf("the drill has no secret %q of %s", name, c.kind)
			}
			return v, nil
		}
		out = append(out, conn)
	}
	return out
}

// cloudSecrets are the kinds with the names of their secrets.
func cloudSecrets() []string {
	return []string{
		"okta/token", "cloudflare/token", "aws/secret_access_key", "crowdstrike/client_secret", "crowdstrike/bearer",
		"defender/client_secret", "defender/bearer", "entra/client_secret", "entra/bearer",
	}
}

func newCloud(now time.Time) (cloud, error) {
	c := cloud{Secrets: map[string]string{}}
	for _, name := range cloudSecrets() {
		b := make([]byte, 20)
		if _, err := rand.Read(b); err != nil {
			return cloud{}, fmt.Errorf("draw drill secret: %w", err)
		}
		c.Secrets[name] = "drill-" + hex.EncodeToString(b)
	}
	old := now.AddDate(0, -3, 0)
	c.Okta = []oktaUser{
		{ID: "00udrill1", Login: Person, Status: "ACTIVE", Sessions: 2, Factors: []string{"push", "sms"}},
		{ID: "00udrill2", Login: "sam.left@acme.example", Status: "DEPROVISIONED"},
	}
	c.Entra = []entraUser{{ID: "e0000000-0000-4000-8000-000000000031", Name: Person, Enabled: true, Sessions: 2, ValidFrom: old}}
	c.AWS = newAWS()
	c.Falcon = []falconHost{{ID: FalconHost, Name: "web-1", Status: "normal"}, {ID: strings.Replace(FalconHost, "31", "32", 1), Name: "db-1", Status: "contained"}}
	c.Defense = []machine{{ID: Machine, Name: "laptop-31.acme.example"}}
	c.Zone = cfZone{ID: Zone, Name: "acme.example", Level: "medium"}
	return c, nil
}

// guarded serves one call of a stand-in whose requests carry an authorisation.
func (w *World) guarded(kind, want string, f call) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var status int
		var body any
		err := w.run(r, func(s *state) (err error) {
			if r.Header.Get("Authorization") != fmt.Sprintf(want, s.Cloud.Secrets[kind+"/"+map[bool]string{true: "bearer", false: "token"}[s.Cloud.Secrets[kind+"/bearer"] != ""]]) {
				return refuse(http.StatusUnauthorized, "the token is not taken")
			}
			status, body, err = f(s, r)
			return err
		})
		if err != nil {
			var message string
			status, message = statusOf(err)
			body = refusalOf(kind, status, message)
		}
		answer(rw, status, body)
	}
}

// refusalOf is a refusal in the form that each has.
func refusalOf(kind string, status int, message string) any {
	switch kind {
	case "okta":
		return map[string]any{"errorCode": map[int]string{400: "E0000001", 401: "E0000011", 404: "E0000007"}[status], "errorSummary": message}
	case "cloudflare":
		return map[string]any{"success": false, "result": nil, "errors": []any{map[string]any{"code": 10000 + status, "message": message}}}
	case "crowdstrike":
		return map[string]any{"errors": []any{map[string]any{"code": status, "message": message}}, "resources": []any{}}
	}
	return map[string]any{"error": map[string]any{"code": message, "message": message}}
}

// grant answers a request for a token (RFC 6749, 4.4).
func (w *World) grant(kind string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		s, err := w.view()
		if err != nil {
			answer(rw, http.StatusInternalServerError, map[string]any{"error": err.Error()})
			return
		}
		if r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("client_id") != drillClient || r.PostFormValue("client_secret") != s.Cloud.Secrets[kind+"/client_secret"] {
			answer(rw, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "the client is not taken"})
			return
		}
		answer(rw, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 1799, "access_token": s.Cloud.Secrets[kind+"/bearer"]})
	}
}

func nowhereElse(rw http.ResponseWriter, _ *http.Request) {
	answer(rw, http.StatusNotFound, map[string]any{"message": "Not Found"})
}
