package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"firebreak/integrations"
)

// path joins the parts of a path, each escaped. The patterns of parameters
// leave no room for a part that is "." or "..".
func path(parts ...string) string {
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// of is a path below the repository that the parameters name.
func (o order) of(parts ...string) string {
	owner, name := split(o.Text("repo"))
	return path(append([]string{"repos", owner, name}, parts...)...)
}

// in is a path below the organisation that the parameters name.
func (o order) in(parts ...string) string {
	return path(append([]string{"orgs", o.Text("org")}, parts...)...)
}

// number is an int parameter as a part of a path.
func (o order) number(name string) string { return strconv.FormatInt(o.Int(name), 10) }

// read reads one thing; found is false where GitHub knows none, or will not
// say so to us.
func (u use) read(what, path string, into any) (found bool, err error) {
	req, err := u.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return false, u.fail("read "+what, err)
	}
	if _, err := u.Do(u.ctx, req, into); missing(err) {
		return false, nil
	} else if err != nil {
		return false, u.fail("read "+what, err)
	}
	return true, nil
}

// must reads one thing that has to be there.
func (u use) must(what, path string, into any) error {
	req, err := u.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return u.fail("read "+what, err)
	}
	_, err = u.Do(u.ctx, req, into)
	return u.fail("read "+what, err)
}

// list reads a list, 100 a page, at most so many pages. More is true where
// GitHub has others.
func list[T any](u use, what, path string, pages int) (all []T, more bool, err error) {
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for n := 1; n <= pages; n++ {
		req, err := u.NewRequest(http.MethodGet, fmt.Sprintf("%s%sper_page=100&page=%d", path, sep, n), nil)
		if err != nil {
			return nil, false, u.fail("list "+what, err)
		}
		var page []T
		resp, err := u.Do(u.ctx, req, &page)
		if err != nil {
			return nil, false, u.fail("list "+what, err)
		}
		all = append(all, page...)
		if resp.NextPage == 0 {
			return all, false, nil
		}
	}
	return all, true, nil
}

// count is how many a list has, by the number of its last page of one; 0 where
// GitHub does not tell. It is rounded down to one digit, because it is a part of
// the plan, and one person who comes or goes elsewhere is no other plan.
func (u use) count(what, path string) (int, error) {
	req, err := u.NewRequest(http.MethodGet, path+"?per_page=1", nil)
	if err != nil {
		return 0, u.fail("count "+what, err)
	}
	var page []json.RawMessage
	resp, err := u.Do(u.ctx, req, &page)
	if err != nil {
		return 0, u.fail("count "+what, err)
	}
	return oneDigit(max(resp.LastPage, len(page))), nil
}

func oneDigit(n int) int {
	unit := 1
	for n/unit >= 10 {
		unit *= 10
	}
	return n / unit * unit
}

// together reads side by side, each read judged by itself. The first failure in
// their order is returned.
func (u use) together(reads ...func(use) error) error {
	errs := make([]error, len(reads))
	var wg sync.WaitGroup
	for i, read := range reads {
		wg.Go(func() {
			side := u
			side.ctx, side.seen = watch(u.root, u.token)
			errs[i] = read(side)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// repository is what GitHub says of a repository.
type repository struct {
	ID         int64  `json:"id"`
	FullName   string `json:"full_name"`
	Private    bool   `json:"private"`
	Visibility string `json:"visibility"`
	Archived   bool   `json:"archived"`
	Fork       bool   `json:"fork"`
	HTMLURL    string `json:"html_url"`
	Text       string `json:"description"`
	Owner      struct {
		Login string `json:"login"`
		Type  string `json:"type"`
	} `json:"owner"`
	Permissions *struct {
		Admin bool `json:"admin"`
	} `json:"permissions"`
}

// repo reads the repository that the parameters name into the state. One that
// was renamed answers under its old name, but takes no writes there.
func (u use) repo(st state) (repository, error) {
	var r repository
	if err := u.must("repository "+u.Text("repo"), u.of(), &r); err != nil {
		return r, err
	}
	return r, named(u.session, u.Text("repo"), r, st)
}

func named(s session, asked string, r repository, st state) error {
	if r.FullName != "" && !strings.EqualFold(r.FullName, asked) {
		return rejected("plan it with the name that the repository has now", "repository %s is called %s now", asked, s.seen.Clean(r.FullName))
	}
	st["repo_id"] = r.ID
	if r.Permissions != nil {
		st["admin"] = r.Permissions.Admin
	}
	return nil
}

// repoTarget is the repository as a plan's target.
func repoTarget(o order, st state) integrations.Target {
	return integrations.Target{Kind: "repo", ID: id(st, "repo_id"), Name: o.Text("repo")}
}

// rights warns where GitHub says that we are no administrator.
func rights(o order, st state) []string {
	if admin, known := st["admin"].(bool); known && !admin {
		return []string{"the token's user is no administrator of " + o.Text("repo") + ": GitHub will refuse"}
	}
	return nil
}

// id returns a number of a state as text, "" where there is none.
func id(st state, name string) string {
	n, err := integrations.Number(st, name)
	if err != nil {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// orgTarget is the organisation as a plan's target.
func orgTarget(o order, st state) integrations.Target {
	return integrations.Target{Kind: "org", ID: id(st, "org_id"), Name: o.Text("org")}
}

// org reads the organisation that the parameters name into the state.
func (u use) org(st state) error {
	var found struct {
		ID int64 `json:"id"`
	}
	if err := u.must("organisation "+u.Text("org"), u.in(), &found); err != nil {
		return err
	}
	st["org_id"] = found.ID
	return nil
}

// account reads a user's id, which a renaming leaves as it is.
func (u use) account(st state) error {
	var found struct {
		ID   int64  `json:"id"`
		Type string `json:"type"`
	}
	if err := u.must("user "+u.Text("user"), path("users", u.Text("user")), &found); err != nil {
		return err
	}
	st["user_id"] = found.ID
	return nil
}

func userTarget(o order, st state, of int) integrations.Target {
	return integrations.Target{Kind: "user", ID: id(st, "user_id"), Name: o.Text("user"), Of: of}
}

// flag returns a truth value of a state.
func flag(st state, name string) bool {
	b, _ := st[name].(bool)
	return b
}

// The parameters that most actions share.
func orgParam() integrations.Param {
	return integrations.Param{Name: "org", Title: "Organisation", Type: "string", Required: true, Match: `[A-Za-z0-9][A-Za-z0-9-]{0,38}`}
}

// A managed user's name ends with an underscore and the enterprise's short code.
func userParam() integrations.Param {
	return integrations.Param{Name: "user", Title: "User", Type: "string", Required: true, Match: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`}
}

// The editions by which GitHub's descriptions differ: github.com, Enterprise
// Cloud, Enterprise Server.
func cloud() []string { return []string{"dotcom", "ghec"} }

// results are the parameters that a receipt repeats.
func results(names ...string) []integrations.Param {
	var out []integrations.Param
	for _, n := range names {
		name, kind, ok := strings.Cut(n, ":")
		if !ok {
			kind = "string"
		}
		out = append(out, integrations.Param{Name: name, Type: kind})
	}
	return out
}
