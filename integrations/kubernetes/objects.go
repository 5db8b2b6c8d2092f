package kubernetes

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/integrations"
)

// sign is the label that a pod in quarantine has; its value is the incident.
const sign = "firebreak.dev/quarantine"

// quarantine takes a pod out of its services and its workload by taking its labels
// away: it goes on, with its memory and its files, and a new one takes its place.
func (k *cluster) quarantine() core {
	return core{
		cluster: k, of: is(pods), name: "pod", rights: []right{{verb: "get"}, {verb: "patch"}},
		d: integrations.Description{
			Name: "kubernetes.pod.quarantine", Title: "Take a pod out of its workload", System: "kubernetes",
			Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"get, patch pods"}, Tested: tested,
			Params: []integrations.Param{namespaceParam(), nameParam("pod", "Name of the pod"), uidParam()}, Result: result(),
		},
		state: labelState,
		done:  func(state map[string]any, _ integrations.Values) bool { return state["quarantined"] == true },
		mayNot: func(o object, _ integrations.Values) error {
			if o.Meta.Deleting != "" {
				return rejected("", "pod %s: it is being deleted", o.Meta.Name)
			}
			return nil
		},
		deed: func(now object, at string, _ integrations.Values, c integrations.Call) deed {
			return deed{"patch pod", http.MethodPatch, at, jsonPatch, []any{
				test("/metadata/uid", now.Meta.UID), relabel(now), setLabels(map[string]string{sign: label(string(c.Incident))}),
			}}
		},
		effects: func(called string, state map[string]any, _ integrations.Values) ([]string, []string) {
			e := []string{
				fmt.Sprintf("pod %s loses its labels, and with them its services: no new traffic reaches it by them; it goes on with its memory and its files", called),
				fmt.Sprintf("its label is %s; a policy for that label cuts its network (kubernetes.networkpolicy.deny)", sign),
			}
			var w []string
			switch owner := text(state, "owner"); {
			case strings.HasPrefix(owner, "ReplicaSet"), strings.HasPrefix(owner, "DaemonSet"), strings.HasPrefix(owner, "ReplicationController"):
				e = append(e, owner+" makes another pod in its place")
				w = append(w, "undone, there may be one too many for a while, and "+owner+" chooses which one ends")
			case owner != "":
				w = append(w, owner+" lets go of it, and may not be able to make another one of that name")
			}
			return e, w
		},
		proof: "the pod has that label and no other", undo: "give it its labels back",
		inverse: func(state map[string]any, c integrations.Call) (string, map[string]any) {
			return "kubernetes.pod.readmit", map[string]any{"namespace": c.Params["namespace"], "pod": c.Params["pod"], "labels": state["labels"]}
		},
		finished: labelSays,
	}
}

// readmit gives a pod in quarantine its labels back.
func (k *cluster) readmit() core {
	a := k.quarantine()
	a.d.Name, a.d.Title = "kubernetes.pod.readmit", "Give a pod its labels back"
	a.d.Params = append(a.d.Params, integrations.Param{Name: "labels", Title: "Each NAME=VALUE", Type: "list", Required: true, Match: `[A-Za-z0-9./_-]{1,317}=[A-Za-z0-9._-]{0,63}`})
	a.done = func(state map[string]any, v integrations.Values) bool {
		return fmt.Sprint(state["labels"]) == fmt.Sprint(words(parseLabels(v.List("labels"))))
	}
	a.deed = func(now object, at string, v integrations.Values, _ integrations.Call) deed {
		return deed{"patch pod", http.MethodPatch, at, jsonPatch, []any{test("/metadata/uid", now.Meta.UID), relabel(now), setLabels(parseLabels(v.List("labels")))}}
	}
	a.effects = func(called string, _ map[string]any, v integrations.Values) ([]string, []string) {
		return []string{fmt.Sprintf("pod %s has the labels %s again: its services and its workload find it", called, strings.Join(v.List("labels"), ", "))},
			[]string{"there may be one too many for a while, and the workload chooses which one ends"}
	}
	a.proof, a.undo = "the pod has these labels", "take its labels away again"
	a.inverse = func(_ map[string]any, c integrations.Call) (string, map[string]any) {
		return "kubernetes.pod.quarantine", map[string]any{"namespace": c.Params["namespace"], "pod": c.Params["pod"]}
	}
	return a
}

// label makes a value that a label may have.
func label(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return '-'
	}, s)
	return strings.Trim(s[:min(len(s), 63)], "-_.")
}

// relabel says what labels there must be for the patch to hold.
func relabel(o object) map[string]any {
	if len(o.Meta.Labels) == 0 {
		return test("/metadata/uid", o.Meta.UID) // a test for what is not there is not possible
	}
	return test("/metadata/labels", o.Meta.Labels)
}

func setLabels(labels map[string]string) map[string]any {
	return map[string]any{"op": "add", "path": "/metadata/labels", "value": labels} // add replaces
}

func parseLabels(list []string) map[string]string {
	out := map[string]string{}
	for _, l := range list {
		name, value, _ := strings.Cut(l, "=")
		out[name] = value
	}
	return out
}

func words(labels map[string]string) []any {
	out := []any{}
	for _, n := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, n+"="+labels[n])
	}
	return out
}

func labelState(o object, _ integrations.Values) map[string]any {
	state := map[string]any{"labels": words(o.Meta.Labels), "node": o.Spec.NodeName, "quarantined": o.Meta.Labels[sign] != "" && len(o.Meta.Labels) == 1}
	for _, owner := range o.Meta.Owners {
		if owner.Controller && state["quarantined"] != true {
			state["owner"] = owner.Kind + " " + owner.Name
		}
	}
	return state
}

func labelSays(o object, _ integrations.Values) string {
	return fmt.Sprintf("the pod has the labels %s", strings.Trim(fmt.Sprint(words(o.Meta.Labels)), "[]"))
}

// toggle sets a field of spec that is true or false, and left out when false.
func (k *cluster) toggle(of kind, field string, on bool, read func(object) bool) core {
	return core{
		cluster: k, of: is(of), name: of.one, rights: []right{{verb: "get"}, {verb: "patch"}},
		state: func(o object, _ integrations.Values) map[string]any { return map[string]any{field: read(o)} },
		done:  func(state map[string]any, _ integrations.Values) bool { return state[field] == on },
		deed: func(now object, at string, _ integrations.Values, _ integrations.Call) deed {
			return deed{"patch " + of.one, http.MethodPatch, at, jsonPatch, []any{
				test("/metadata/uid", now.Meta.UID), map[string]any{"op": "add", "path": "/spec/" + field, "value": on},
			}}
		},
		proof:    fmt.Sprintf("spec.%s of the %s", field, of.one),
		finished: func(o object, _ integrations.Values) string { return fmt.Sprintf("spec.%s is %v", field, read(o)) },
	}
}

// cordon keeps new pods off a node, or lets them on it again.
func (k *cluster) cordon(on bool) core {
	a := k.toggle(nodes, "unschedulable", on, func(o object) bool { return o.Spec.Unschedulable })
	a.d = integrations.Description{
		Name: "kubernetes.node.cordon", Title: "Keep new pods off a node", System: "kubernetes",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"get, patch nodes"}, Tested: tested,
		Params: []integrations.Param{nameParam("node", "Name of the node"), uidParam()}, Result: result(),
	}
	back := "kubernetes.node.uncordon"
	a.undo = "let pods on it again"
	if !on {
		a.d.Name, a.d.Title, back, a.undo = "kubernetes.node.uncordon", "Let pods on a node again", "kubernetes.node.cordon", "keep pods off it again"
	}
	a.effects = func(called string, _ map[string]any, _ integrations.Values) ([]string, []string) {
		if !on {
			return []string{fmt.Sprintf("pods are placed on node %s again", called)}, nil
		}
		return []string{fmt.Sprintf("no new pod is placed on node %s; those that run there go on", called)}, []string{"what it held of the cluster's room is missing elsewhere"}
	}
	a.inverse = func(_ map[string]any, c integrations.Call) (string, map[string]any) {
		return back, map[string]any{"node": c.Params["node"]}
	}
	return a
}

// suspend keeps a cron job from starting, or lets it start again.
func (k *cluster) suspend(on bool) core {
	a := k.toggle(cronJobs, "suspend", on, func(o object) bool { return o.Spec.Suspend })
	a.d = integrations.Description{
		Name: "kubernetes.cronjob.suspend", Title: "Suspend a cron job", System: "kubernetes",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"get, patch cronjobs.batch"}, Tested: tested,
		Params: []integrations.Param{namespaceParam(), nameParam("cronjob", "Name of the cron job"), uidParam()}, Result: result(),
	}
	back := "kubernetes.cronjob.resume"
	a.undo = "let it start again"
	if !on {
		a.d.Name, a.d.Title, back, a.undo = "kubernetes.cronjob.resume", "Let a cron job start again", "kubernetes.cronjob.suspend", "suspend it again"
	}
	a.effects = func(called string, _ map[string]any, _ integrations.Values) ([]string, []string) {
		if !on {
			return []string{fmt.Sprintf("cron job %s starts again at its times", called)}, []string{"it may start at once, for a time that it missed"}
		}
		return []string{fmt.Sprintf("cron job %s does not start any more; jobs that run go on", called)}, nil
	}
	a.inverse = func(_ map[string]any, c integrations.Call) (string, map[string]any) {
		return back, map[string]any{"namespace": c.Params["namespace"], "cronjob": c.Params["cronjob"]}
	}
	return a
}
