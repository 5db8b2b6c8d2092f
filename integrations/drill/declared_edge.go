package drill

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"firebreak/internal/lazyre"
)

// falconHost is a host of CrowdStrike's. A containment is pending until it is
// asked for once.
type falconHost struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

func (w *World) falcon() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", w.grant("crowdstrike"))
	find := func(s *state, id string) *falconHost {
		i := slices.IndexFunc(s.Cloud.Falcon, func(h falconHost) bool { return h.ID == id })
		if i < 0 {
			return nil
		}
		return &s.Cloud.Falcon[i]
	}
	mux.HandleFunc("GET /devices/entities/devices/v2", w.guarded("crowdstrike", "Bearer %s", func(s *state, r *http.Request) (int, any, error) {
		all := []any{}
		if h := find(s, r.URL.Query().Get("ids")); h != nil {
			all = append(all, map[string]any{"device_id": h.ID, "hostname": h.Name, "status": h.Status, "platform_name": "Linux", "product_type_desc": "Server"})
		}
		return http.StatusOK, map[string]any{"resources": all, "errors": []any{}}, nil
	}))
	mux.HandleFunc("POST /devices/entities/devices-actions/v2", w.guarded("crowdstrike", "Bearer %s", func(s *state, r *http.Request) (int, any, error) {
		var in struct {
			IDs []string `json:"ids"`
		}
		if err := decode(r, &in); err != nil {
			return 0, nil, err
		}
		to, known := map[string]string{"contain": "contained", "lift_containment": "normal"}[r.URL.Query().Get("action_name")]
		if !known || len(in.IDs) != 1 {
			return 0, nil, refuse(http.StatusBadRequest, "the action or its ids are not valid")
		}
		h := find(s, in.IDs[0])
		if h == nil {
			return 0, nil, refuse(http.StatusNotFound, "no such host")
		}
		if h.Status != to {
			w.effect(s, "crowdstrike", "host "+to, h.Name, "")
		}
		h.Status = to
		return http.StatusAccepted, map[string]any{"resources": []any{map[string]any{"id": h.ID, "path": "/devices/entities/devices/v1"}}, "errors": []any{}}, nil
	}))
	mux.HandleFunc("/", nowhereElse)
	return mux
}

// machine is one of Defender's, with the actions that were asked of it.
type machine struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Actions []machineAction `json:"actions,omitempty"`
}

type machineAction struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Comment string    `json:"comment"`
	Created time.Time `json:"created"`
}

func (a machineAction) show(m machine) map[string]any {
	return map[string]any{
		"id": a.ID, "type": a.Type, "requestorComment": a.Comment, "status": "Succeeded", "machineId": m.ID,
		"creationDateTimeUtc": a.Created.UTC().Format("2006-01-02T15:04:05.0000000Z"),
	}
}

var (
	ofMachine = lazyre.New(`machineId eq '([0-9a-f]+)'`)
	ofType    = lazyre.New(`type eq '([A-Za-z]+)'`)
)

func (w *World) defender() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /"+drillTenant+"/oauth2/v2.0/token", w.grant("defender"))
	types := map[string]string{"isolate": "Isolate", "unisolate": "Unisolate", "restrictCodeExecution": "RestrictCodeExecution", "unrestrictCodeExecution": "UnrestrictCodeExecution"}
	find := func(s *state, id string) (*machine, error) {
		i := slices.IndexFunc(s.Cloud.Defense, func(m machine) bool { return m.ID == id })
		if i < 0 {
			return nil, refuse(http.StatusNotFound, "ResourceNotFound")
		}
		return &s.Cloud.Defense[i], nil
	}
	mux.HandleFunc("GET /api/machines/{id}", w.guarded("defender", "Bearer %s", func(s *state, r *http.Request) (int, any, error) {
		m, err := find(s, r.PathValue("id"))
		if err != nil {
			return 0, nil, err
		}
		return http.StatusOK, map[string]any{"id": m.ID, "computerDnsName": m.Name, "healthStatus": "Active", "osPlatform": "Windows11"}, nil
	}))
	mux.HandleFunc("GET /api/machineactions", w.guarded("defender", "Bearer %s", func(s *state, r *http.Request) (int, any, error) {
		filter := r.URL.Query().Get("$filter")
		of, all := ofMachine.FindStringSubmatch(filter), []any{}
		if of == nil {
			return 0, nil, refuse(http.StatusBadRequest, "BadRequest")
		}
		m, err := find(s, of[1])
		if err != nil {
			return 0, nil, err
		}
		for _, a := range m.Actions {
			if slices.ContainsFunc(ofType.FindAllStringSubmatch(filter, -1), func(t []string) bool { return t[1] == a.Type }) {
				all = append(all, a.show(*m))
			}
		}
		return http.StatusOK, map[string]any{"value": all}, nil
	}))
	mux.HandleFunc("GET /api/machineactions/{id}", w.guarded("defender", "Bearer %s", func(s *state, r *http.Request) (int, any, error) {
		for _, m := range s.Cloud.Defense {
			for _, a := range m.Actions {
				if a.ID == r.PathValue("id") {
					return http.StatusOK, a.show(m), nil
				}
			}
		}
		return 0, nil, refuse(http.StatusNotFound, "ResourceNotFound")
	}))
	mux.HandleFunc("POST /api/machines/{id}/{what}", w.guarded("defender", "Bearer %s", func(s *state, r *http.Request) (int, any, error) {
		m, err := find(s, r.PathValue("id"))
		if err != nil {
			return 0, nil, err
		}
		var in struct{ Comment, IsolationType string }
		if err := decode(r, &in); err != nil {
			return 0, nil, err
		}
		t := types[r.PathValue("what")]
		if t == "" || in.Comment == "" || (t == "Isolate") != (in.IsolationType != "") {
			return 0, nil, refuse(http.StatusBadRequest, "InvalidInput")
		}
		a := machineAction{fmt.Sprintf("d1110000-0000-4000-8000-%012d", s.id()), t, in.Comment, w.now()}
		m.Actions = append(m.Actions, a)
		w.effect(s, "defender", "machine "+strings.ToLower(t), m.Name, in.Comment)
		return http.StatusCreated, a.show(*m), nil
	}))
	mux.HandleFunc("/", nowhereElse)
	return mux
}

// cfZone is a zone of Cloudflare's.
type cfZone struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Level string   `json:"level"`
	Rules []cfRule `json:"rules,omitempty"`
}

type cfRule struct {
	ID     string `json:"id"`
	Mode   string `json:"mode"`
	Target string `json:"target"`
	Value  string `json:"value"`
	Notes  string `json:"notes"`
}

func (r cfRule) show() map[string]any {
	return map[string]any{"id": r.ID, "mode": r.Mode, "notes": r.Notes, "configuration": map[string]any{"target": r.Target, "value": r.Value}, "allowed_modes": []string{"block", "challenge", "whitelist"}}
}

func (w *World) cloudflare() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, f func(*state, *cfZone, *http.Request) (any, error)) {
		mux.HandleFunc(pattern, w.guarded("cloudflare", "Bearer %s", func(s *state, r *http.Request) (int, any, error) {
			if r.PathValue("zone") != s.Cloud.Zone.ID {
				return 0, nil, refuse(http.StatusNotFound, "zone not found")
			}
			got, err := f(s, &s.Cloud.Zone, r)
			if err != nil {
				return 0, nil, err
			}
			out := map[string]any{"success": true, "errors": []any{}, "messages": []any{}, "result": got}
			if list, ok := got.([]any); ok {
				out["result_info"] = map[string]any{"page": 1, "per_page": 100, "total_pages": 1, "count": len(list)}
			}
			return http.StatusOK, out, nil
		}))
	}
	const rules = "/zones/{zone}/firewall/access_rules/rules"
	on("GET /zones/{zone}", func(_ *state, z *cfZone, _ *http.Request) (any, error) {
		return map[string]any{"id": z.ID, "name": z.Name, "status": "active"}, nil
	})
	on("GET /zones/{zone}/settings/security_level", func(_ *state, z *cfZone, _ *http.Request) (any, error) {
		return map[string]any{"id": "security_level", "value": z.Level, "editable": true}, nil
	})
	on("PATCH /zones/{zone}/settings/security_level", func(s *state, z *cfZone, r *http.Request) (any, error) {
		var in struct{ Value string }
		if err := decode(r, &in); err != nil {
			return nil, err
		}
		if !slices.Contains([]string{"off", "essentially_off", "low", "medium", "high", "under_attack"}, in.Value) {
			return nil, refuse(http.StatusBadRequest, "invalid value for security_level")
		}
		if z.Level != in.Value {
			w.effect(s, "cloudflare", "security level "+in.Value, z.Name, "")
		}
		z.Level = in.Value
		return map[string]any{"id": "security_level", "value": z.Level, "editable": true}, nil
	})
	on("GET "+rules, func(_ *state, z *cfZone, r *http.Request) (any, error) {
		out := []any{}
		for _, rule := range z.Rules {
			if v := r.URL.Query().Get("configuration.value"); v == "" || v == rule.Value {
				out = append(out, rule.show())
			}
		}
		return out, nil
	})
	one := func(z *cfZone, r *http.Request) (int, error) {
		i := slices.IndexFunc(z.Rules, func(x cfRule) bool { return x.ID == r.PathValue("rule") })
		if i < 0 {
			return i, refuse(http.StatusNotFound, "firewallaccessrules.api.not_found")
		}
		return i, nil
	}
	on("GET "+rules+"/{rule}", func(_ *state, z *cfZone, r *http.Request) (any, error) {
		i, err := one(z, r)
		if err != nil {
			return nil, err
		}
		return z.Rules[i].show(), nil
	})
	on("DELETE "+rules+"/{rule}", func(s *state, z *cfZone, r *http.Request) (any, error) {
		i, err := one(z, r)
		if err != nil {
			return nil, err
		}
		w.effect(s, "cloudflare", "address unblocked", z.Rules[i].Value, "")
		id := z.Rules[i].ID
		z.Rules = slices.Delete(z.Rules, i, i+1)
		return map[string]any{"id": id}, nil
	})
	on("POST "+rules, func(s *state, z *cfZone, r *http.Request) (any, error) {
		var in struct {
			Mode, Notes   string
			Configuration struct{ Target, Value string }
		}
		if err := decode(r, &in); err != nil {
			return nil, err
		}
		if in.Mode != "block" || !slices.Contains([]string{"ip", "ip6", "ip_range"}, in.Configuration.Target) || in.Configuration.Value == "" {
			return nil, refuse(http.StatusBadRequest, "firewallaccessrules.api.validation_error")
		}
		if slices.ContainsFunc(z.Rules, func(x cfRule) bool { return x.Value == in.Configuration.Value }) {
			return nil, refuse(http.StatusBadRequest, "firewallaccessrules.api.duplicate_of_existing")
		}
		rule := cfRule{fmt.Sprintf("d111%08d", s.id()), in.Mode, in.Configuration.Target, in.Configuration.Value, in.Notes}
		z.Rules = append(z.Rules, rule)
		w.effect(s, "cloudflare", "address blocked", rule.Value, in.Notes)
		return rule.show(), nil
	})
	mux.HandleFunc("/", nowhereElse)
	return mux
}
