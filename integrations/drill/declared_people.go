package drill

import (
	"net/http"
	"slices"
	"time"
)

// oktaUser and entraUser are accounts, with the sessions that are open.
type oktaUser struct {
	ID       string   `json:"id"`
	Login    string   `json:"login"`
	Status   string   `json:"status"`
	Sessions int      `json:"sessions"`
	Factors  []string `json:"factors,omitempty"`
}

type entraUser struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Enabled   bool      `json:"enabled"`
	Sessions  int       `json:"sessions"`
	ValidFrom time.Time `json:"valid_from"`
}

func (w *World) okta() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, f func(*state, *oktaUser, *http.Request) (int, any, error)) {
		mux.HandleFunc(pattern, w.guarded("okta", "SSWS %s", func(s *state, r *http.Request) (int, any, error) {
			i := slices.IndexFunc(s.Cloud.Okta, func(u oktaUser) bool { return u.ID == r.PathValue("user") || u.Login == r.PathValue("user") })
			if i < 0 {
				return 0, nil, refuse(http.StatusNotFound, "Not found: Resource not found")
			}
			return f(s, &s.Cloud.Okta[i], r)
		}))
	}
	mux.HandleFunc("GET /api/v1/users/me", w.guarded("okta", "SSWS %s", func(*state, *http.Request) (int, any, error) {
		return http.StatusOK, map[string]any{"id": "00udrill0", "profile": map[string]any{"login": user}}, nil
	}))
	on("GET /api/v1/users/{user}", func(_ *state, u *oktaUser, _ *http.Request) (int, any, error) {
		return http.StatusOK, map[string]any{"id": u.ID, "status": u.Status, "profile": map[string]any{"login": u.Login, "email": u.Login}}, nil
	})
	on("GET /api/v1/users/{user}/factors", func(_ *state, u *oktaUser, _ *http.Request) (int, any, error) {
		out := []any{}
		for i, f := range u.Factors {
			out = append(out, map[string]any{"id": u.ID + "-" + string(rune('a'+i)), "factorType": f, "status": "ACTIVE"})
		}
		return http.StatusOK, out, nil
	})
	on("DELETE /api/v1/users/{user}/sessions", func(s *state, u *oktaUser, r *http.Request) (int, any, error) {
		if q := r.URL.Query().Get("oauthTokens"); q != "true" && q != "false" {
			return 0, nil, refuse(http.StatusBadRequest, "Api validation failed: oauthTokens")
		}
		if u.Sessions > 0 {
			w.effect(s, "okta", "sessions ended", u.Login, "")
		}
		u.Sessions = 0
		return http.StatusNoContent, nil, nil
	})
	on("POST /api/v1/users/{user}/lifecycle/{what}", func(s *state, u *oktaUser, r *http.Request) (int, any, error) {
		return w.lifecycle(s, u, r.PathValue("what"))
	})
	mux.HandleFunc("/", nowhereElse)
	return mux
}

// lifecycle moves a user from one state to another, as Okta lets it.
func (w *World) lifecycle(s *state, u *oktaUser, what string) (int, any, error) {
	to := func(from []string, status, done string) (int, any, error) {
		if u.Status == status {
			return http.StatusOK, map[string]any{}, nil
		}
		if !slices.Contains(from, u.Status) {
			return 0, nil, refuse(http.StatusBadRequest, "Cannot do this while the user is "+u.Status)
		}
		u.Status = status
		w.effect(s, "okta", done, u.Login, "")
		return http.StatusOK, map[string]any{}, nil
	}
	switch what {
	case "suspend":
		return to([]string{"ACTIVE"}, "SUSPENDED", "user suspended")
	case "unsuspend":
		return to([]string{"SUSPENDED"}, "ACTIVE", "user unsuspended")
	case "expire_password":
		return to([]string{"ACTIVE", "RECOVERY"}, "PASSWORD_EXPIRED", "password expired")
	case "reset_factors":
		if len(u.Factors) > 0 {
			w.effect(s, "okta", "factors reset", u.Login, "")
		}
		u.Factors = nil
		return http.StatusOK, map[string]any{}, nil
	}
	return 0, nil, refuse(http.StatusNotFound, "Not found")
}

func (w *World) entra() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /"+drillTenant+"/oauth2/v2.0/token", w.grant("entra"))
	on := func(pattern string, f func(*state, *entraUser, *http.Request) (int, any, error)) {
		mux.HandleFunc(pattern, w.guarded("entra", "Bearer %s", func(s *state, r *http.Request) (int, any, error) {
			i := slices.IndexFunc(s.Cloud.Entra, func(u entraUser) bool { return u.ID == r.PathValue("user") || u.Name == r.PathValue("user") })
			if i < 0 {
				return 0, nil, refuse(http.StatusNotFound, "Request_ResourceNotFound")
			}
			return f(s, &s.Cloud.Entra[i], r)
		}))
	}
	on("GET /users/{user}", func(_ *state, u *entraUser, _ *http.Request) (int, any, error) {
		return http.StatusOK, map[string]any{"id": u.ID, "userPrincipalName": u.Name, "accountEnabled": u.Enabled, "signInSessionsValidFromDateTime": u.ValidFrom.Format(time.RFC3339)}, nil
	})
	on("PATCH /users/{user}", func(s *state, u *entraUser, r *http.Request) (int, any, error) {
		var in map[string]*bool
		if err := decode(r, &in); err != nil {
			return 0, nil, err
		}
		enabled := in["accountEnabled"]
		if enabled == nil || len(in) != 1 {
			return 0, nil, refuse(http.StatusBadRequest, "Request_BadRequest")
		}
		if *enabled != u.Enabled {
			w.effect(s, "entra", map[bool]string{true: "account enabled", false: "account disabled"}[*enabled], u.Name, "")
		}
		u.Enabled = *enabled
		return http.StatusNoContent, nil, nil
	})
	on("POST /users/{user}/revokeSignInSessions", func(s *state, u *entraUser, _ *http.Request) (int, any, error) {
		if u.Sessions > 0 {
			w.effect(s, "entra", "sessions revoked", u.Name, "")
		}
		u.Sessions, u.ValidFrom = 0, w.now().UTC()
		return http.StatusOK, map[string]any{"value": true}, nil
	})
	mux.HandleFunc("/", nowhereElse)
	return mux
}
