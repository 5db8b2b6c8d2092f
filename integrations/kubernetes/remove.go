package kubernetes

import (
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// remove deletes a pod; evict asks for it, and minds what disruption the cluster's
// owners allow. Both take its memory with them.
func (k *cluster) remove() core {
	return core{
		cluster: k, of: is(pods), name: "pod", rights: []right{{verb: "get"}, {verb: "delete"}}, gone: true,
		d: integrations.Description{
			Name: "kubernetes.pod.delete", Title: "Delete a pod", System: "kubernetes",
			Danger: incident.High, Idempotency: "native", Scopes: []string{"get, delete pods"}, Tested: tested,
			Params: []integrations.Param{
				namespaceParam(), nameParam("pod", "Name of the pod"), uidParam(),
				{Name: "grace", Title: "Seconds it has to end by itself; without it as it says itself", Type: "int", Match: `[0-9]{1,4}`},
			},
			Result: result(),
		},
		state: func(o object, v integrations.Values) map[string]any {
			state := labelState(o, v)
			state["deleting"] = o.Meta.Deleting != ""
			return state
		},
		done: func(state map[string]any, _ integrations.Values) bool { return state["deleting"] == true },
		deed: func(now object, at string, v integrations.Values, _ integrations.Call) deed {
			return deed{"delete pod", http.MethodDelete, at, plainJSON, deleteOptions(now.Meta.UID, v)}
		},
		effects: func(called string, state map[string]any, _ integrations.Values) ([]string, []string) {
			e := []string{fmt.Sprintf("pod %s ends, with its memory, its files and its logs", called)}
			if owner := text(state, "owner"); owner != "" {
				e = append(e, owner+" makes another one in its place, from the same image")
			}
			return e, []string{"take its logs, its memory and its files first; or take it out of its workload instead (kubernetes.pod.quarantine)"}
		},
		proof: "the server has no pod of that uid any more, or is deleting it",
		finished: func(o object, _ integrations.Values) string {
			if o.Meta.Deleting != "" {
				return "the pod is being deleted"
			}
			return "the pod is there"
		},
	}
}

func deleteOptions(uid string, v integrations.Values) map[string]any {
	o := map[string]any{"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": map[string]any{"uid": uid}}
	if v.Has("grace") {
		o["gracePeriodSeconds"] = v.Int("grace")
	}
	return o
}

func (k *cluster) evict() core {
	a := k.remove()
	a.d.Name, a.d.Title, a.d.Scopes = "kubernetes.pod.evict", "Evict a pod", []string{"get pods, create pods/eviction"}
	a.rights = []right{{verb: "get"}, {verb: "create", sub: "eviction"}}
	a.deed = func(now object, at string, v integrations.Values, _ integrations.Call) deed {
		options := deleteOptions(now.Meta.UID, v)
		delete(options, "apiVersion")
		delete(options, "kind")
		return deed{"evict pod", http.MethodPost, at + "/eviction", plainJSON, map[string]any{
			"apiVersion": "policy/v1", "kind": "Eviction",
			"metadata": map[string]any{"name": now.Meta.Name, "namespace": now.Meta.Namespace}, "deleteOptions": options,
		}}
	}
	return a
}
