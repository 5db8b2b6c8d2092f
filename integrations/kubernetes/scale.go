package kubernetes

import (
	"fmt"
	"net/http"

	"firebreak/incident"
	"firebreak/integrations"
)

// scaleZero scales a workload to nothing. The server refuses it where the object
// changed after it was read; a count of zero comes back as a field left out.
func (k *cluster) scaleZero() core {
	return core{
		cluster: k, name: "name", sub: "scale", of: func(v integrations.Values) kind { return workload(v.Text("kind")) },
		rights: []right{{verb: "get", sub: "scale"}, {verb: "patch", sub: "scale"}},
		d: integrations.Description{
			Name: "kubernetes.workload.stop", Title: "Scale a workload to nothing", System: "kubernetes",
			Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"get, patch deployments/scale, statefulsets/scale, replicasets/scale"}, Tested: tested,
			Params: []integrations.Param{
				namespaceParam(),
				{Name: "kind", Title: "deployment, statefulset or replicaset", Type: "string", Default: "deployment", Match: `deployment|statefulset|replicaset`},
				nameParam("name", "Its name"), uidParam(),
			},
			Result: result(),
		},
		state: func(o object, _ integrations.Values) map[string]any {
			return map[string]any{"replicas": o.Spec.Replicas}
		},
		done: func(state map[string]any, _ integrations.Values) bool { return replicas(state) == 0 },
		deed: func(now object, at string, _ integrations.Values, _ integrations.Call) deed {
			return scaleTo(now, at, 0)
		},
		effects: func(called string, state map[string]any, v integrations.Values) ([]string, []string) {
			effects := []string{
				fmt.Sprintf("%s %s goes from %d pods to none: what it serves stops", v.Text("kind"), called, replicas(state)),
				"the pods end, with their memory, their files and their logs",
			}
			return effects, []string{
				"take memory and logs of its pods first, or take one out of it instead (kubernetes.pod.quarantine)",
				"what scales it by itself (an autoscaler, an operator, GitOps) may bring it back",
			}
		},
		proof: "spec.replicas of its scale is 0", undo: "scale it to what it was",
		inverse: func(state map[string]any, c integrations.Call) (string, map[string]any) {
			p := map[string]any{"namespace": c.Params["namespace"], "name": c.Params["name"], "replicas": replicas(state)}
			if kind, ok := c.Params["kind"]; ok {
				p["kind"] = kind
			}
			return "kubernetes.workload.start", p
		},
		finished: scaleSays,
	}
}

// scaleBack scales it to what it was.
func (k *cluster) scaleBack() core {
	a := k.scaleZero()
	a.d.Name, a.d.Title, a.d.Danger = "kubernetes.workload.start", "Scale a workload to what it was", incident.Medium
	a.d.Params = append(a.d.Params, integrations.Param{Name: "replicas", Title: "How many pods", Type: "int", Required: true, Match: `[1-9][0-9]{0,4}`})
	a.done = func(state map[string]any, v integrations.Values) bool { return replicas(state) == v.Int("replicas") }
	a.deed = func(now object, at string, v integrations.Values, _ integrations.Call) deed {
		return scaleTo(now, at, v.Int("replicas"))
	}
	a.effects = func(called string, state map[string]any, v integrations.Values) ([]string, []string) {
		return []string{fmt.Sprintf("%s %s goes from %d pods to %d", v.Text("kind"), called, replicas(state), v.Int("replicas"))}, nil
	}
	a.proof, a.undo = "spec.replicas of its scale", "scale it to nothing again"
	a.inverse = func(_ map[string]any, c integrations.Call) (string, map[string]any) {
		p := map[string]any{"namespace": c.Params["namespace"], "name": c.Params["name"]}
		if kind, ok := c.Params["kind"]; ok {
			p["kind"] = kind
		}
		return "kubernetes.workload.stop", p
	}
	return a
}

func replicas(state map[string]any) int64 {
	n, err := integrations.Number(state, "replicas")
	if err != nil {
		return 0
	}
	return n
}

func scaleTo(now object, at string, n int64) deed {
	return deed{"patch scale", http.MethodPatch, at, merge, map[string]any{
		"metadata": map[string]any{"resourceVersion": now.Meta.ResourceVersion}, "spec": map[string]any{"replicas": n},
	}}
}

func scaleSays(o object, _ integrations.Values) string {
	return fmt.Sprintf("spec.replicas is %d, and there are %d pods", o.Spec.Replicas, o.Status.Replicas)
}
