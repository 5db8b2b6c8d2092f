package jira

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"firebreak/integrations"
)

// The permissions that actions need, as Jira names them, and one that none needs.
var permissions = map[string]string{
	"CREATE_ISSUES":       "Create Issues",
	"TRANSITION_ISSUES":   "Transition Issues",
	"ADD_COMMENTS":        "Add Comments",
	"DELETE_OWN_COMMENTS": "Delete Own Comments",
	"LINK_ISSUES":         "Link Issues",
	"ADMINISTER":          "Administer Jira",
}

// check asks Jira whose token it is and what its account may do: in the project of
// notifications, else in any project at all. Which scopes the token itself has
// Jira does not say.
func check(ctx context.Context, c integrations.Connection) (integrations.Credential, error) {
	d, err := newDesk(c)
	if err != nil {
		return integrations.Credential{}, err
	}
	ctx, s, err := d.open(ctx)
	if err != nil {
		return integrations.Credential{}, err
	}
	out := integrations.Credential{Listed: true, Granted: []string{}, Note: "permissions in some project; the token's own scopes cannot be asked"}
	if out.Identity, err = s.me(ctx); err != nil {
		return integrations.Credential{}, err
	}
	q := url.Values{}
	q.Set("permissions", strings.Join(slices.Sorted(maps.Keys(permissions)), ","))
	if project := c.Settings["project"]; project != "" {
		q.Set("projectKey", project)
		out.Note = "permissions in project " + project + "; the token's own scopes cannot be asked"
	}
	u := s.url("mypermissions")
	u.RawQuery = q.Encode()
	var said struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	if err := s.call(ctx, "ask what we may", http.MethodGet, u, nil, &said); err != nil {
		return integrations.Credential{}, err
	}
	for _, a := range []integrations.Action{d.create(), d.comment(), d.uncomment(), d.move(), d.link(), d.unlink()} {
		for _, scope := range a.Describe().Scopes {
			if list, ok := cutPermissions(scope); ok && !slices.Contains(out.Granted, scope) && all(list, func(title string) bool { return said.Permissions[keyOf(title)].Have }) {
				out.Granted = append(out.Granted, scope)
			}
		}
	}
	if said.Permissions["ADMINISTER"].Have {
		out.Granted = append(out.Granted, "permission Administer Jira")
	}
	return out, nil
}

// cutPermissions reads "permission X" and "permissions X, Y".
func cutPermissions(scope string) ([]string, bool) {
	if one, ok := strings.CutPrefix(scope, "permission "); ok {
		return []string{one}, true
	}
	list, ok := strings.CutPrefix(scope, "permissions ")
	return strings.Split(list, ", "), ok
}

// keyOf is Jira's key of a permission; "" of none that we know.
func keyOf(title string) string {
	for key, t := range permissions {
		if t == title {
			return key
		}
	}
	return ""
}

func all(list []string, is func(string) bool) bool {
	for _, s := range list {
		if !is(s) {
			return false
		}
	}
	return true
}
