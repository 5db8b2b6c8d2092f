// Package kubernetes contains in a Kubernetes cluster through its REST API: it
// denies a pod's network, takes a pod out of its workload, cordons a node, scales
// a workload to nothing, suspends a cron job, evicts pods and makes the tokens of
// a service account void.
//
// What it acts on is named by its uid: an object of the same name that was made
// anew is another one. Every plan can be tried by the server itself (dryRun=All),
// and every change says what must still be so, which the server checks.
package kubernetes

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"firebreak/integrations"
)

// System describes the Kubernetes integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "kubernetes",
		Title: "Kubernetes cluster",
		Settings: []integrations.Param{
			{Name: "kubeconfig", Title: "Path of a kubeconfig file", Type: "string"},
			{Name: "context", Title: "Its context; without it the current one", Type: "string"},
			{Name: "in_cluster", Title: "This program runs in a pod: its service account is used", Type: "bool"},
			{Name: "ca", Title: "File of the roots of base_url, where there is no kubeconfig", Type: "string"},
			{Name: "token", Title: "Reference to a token, where there is no kubeconfig", Type: "secret"},
			{Name: "allow_insecure", Title: "A kubeconfig may switch off the check of the server's certificate", Type: "bool"},
		},
		Actions: actions,
		Check:   check,
	}
}

// tested is the grade of these actions: TestRealServer does them at a real kube-apiserver.
const tested = integrations.RealPeer

func newCluster(c integrations.Connection) *cluster {
	c = c.WithDefaults()
	return &cluster{c: c, now: c.Now, http: integrations.NewClient(c, integrations.Limits{Writes: 5, TLS: keysOf})}
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	k := newCluster(c)
	return []integrations.Action{
		deny{k},
		undeny{k},
		reversible{k.quarantine()},
		reversible{k.readmit()},
		reversible{k.cordon(true)},
		reversible{k.cordon(false)},
		reversible{k.scaleZero()},
		reversible{k.scaleBack()},
		reversible{k.suspend(true)},
		reversible{k.suspend(false)},
		k.evict(),
		k.remove(),
		revoke{k},
	}, nil
}

// cluster is one connection to a cluster.
type cluster struct {
	c    integrations.Connection
	http *http.Client
	now  func() time.Time
}

type keysKey struct{}

// keysOf gives the transport what the session has for this request.
func keysOf(ctx context.Context) (*tls.Config, error) {
	config, ok := ctx.Value(keysKey{}).(*tls.Config)
	if !ok {
		return nil, errors.New("dial cluster: its roots are not known")
	}
	return config, nil
}
