package forensics

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// parseDocker reads Docker's config.v2.json and hostconfig.json of one container
// (moby container.Container and HostConfig). Their environment is not kept.
func parseDocker(config, host []byte) (Container, error) {
	var d struct {
		ID, Name, Path, Image string
		Args                  []string
		Created               time.Time
		State                 struct {
			Running, Paused, Dead bool
			Pid                   int
			StartedAt, FinishedAt time.Time
		}
		Config      struct{ Image, User string }
		MountPoints map[string]struct {
			Source, Destination, Name string
			RW                        bool
		}
	}
	if err := json.Unmarshal(config, &d); err != nil {
		return Container{}, err
	}
	k := Container{
		Runtime: "docker", ID: d.ID, Name: strings.TrimPrefix(d.Name, "/"), Image: d.Config.Image, ImageID: d.Image, Created: d.Created.UTC(),
		Started: d.State.StartedAt.UTC(), Ended: d.State.FinishedAt.UTC(), PID: d.State.Pid, User: d.Config.User, State: "stopped",
	}
	if d.Path != "" {
		k.Command = append([]string{d.Path}, d.Args...)
	}
	if d.State.Running {
		k.State, k.Ended = "running", time.Time{}
	}
	for _, m := range d.MountPoints {
		k.Mounts = append(k.Mounts, mountWord(m.Source, m.Destination, !m.RW))
	}
	if len(host) == 0 {
		k.sorted()
		return k, nil
	}
	var h struct {
		Binds                []string
		NetworkMode, PidMode string
		Privileged           bool
		CapAdd               []string
		RestartPolicy        struct{ Name string }
		PortBindings         map[string][]struct{ HostIp, HostPort string } //nolint:revive // Docker's spelling
	}
	if err := json.Unmarshal(host, &h); err != nil {
		return k, fmt.Errorf("hostconfig.json: %w", err)
	}
	k.Privileged, k.Caps, k.Network, k.Restart, k.SharesPID = h.Privileged, h.CapAdd, h.NetworkMode, h.RestartPolicy.Name, h.PidMode == "host"
	k.Mounts = append(k.Mounts, h.Binds...)
	for port, to := range h.PortBindings {
		for _, b := range to {
			k.Ports = append(k.Ports, b.HostIp+":"+b.HostPort+"->"+port)
		}
	}
	k.sorted()
	return k, nil
}

func mountWord(from, to string, readOnly bool) string {
	s := from + ":" + to
	if readOnly {
		s += ":ro"
	}
	return s
}

// sorted puts lists that came out of maps into order, once each.
func (k *Container) sorted() {
	slices.Sort(k.Mounts)
	k.Mounts = slices.Compact(k.Mounts)
	slices.Sort(k.Ports)
	k.judge()
}

// parseBundle reads a config.json of the OCI runtime specification, with the
// annotations of containerd's CRI, CRI-O and Podman.
func parseBundle(runtime string, b []byte) (Container, error) {
	var o struct {
		Process struct {
			Args         []string
			User         struct{ UID uint32 }
			Capabilities struct{ Bounding []string }
		}
		Mounts []struct {
			Destination, Type, Source string
			Options                   []string
		}
		Linux struct {
			Namespaces []struct{ Type, Path string }
			Maskedpath []string `json:"maskedPaths"`
		}
		Annotations map[string]string
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return Container{}, err
	}
	a := func(names ...string) string {
		for _, n := range names {
			if v := o.Annotations[n]; v != "" {
				return v
			}
		}
		return ""
	}
	k := Container{
		Runtime: runtime, Command: o.Process.Args, User: fmt.Sprint(o.Process.User.UID), Caps: o.Process.Capabilities.Bounding,
		Name:      a("io.kubernetes.cri.container-name", "io.kubernetes.container.name", "io.container.name"),
		Image:     a("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "io.podman.image"),
		Pod:       a("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"),
		Namespace: a("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"),
	}
	if len(o.Linux.Namespaces) > 0 {
		pid, net := false, false
		for _, ns := range o.Linux.Namespaces {
			pid, net = pid || ns.Type == "pid", net || ns.Type == "network"
		}
		k.SharesPID = !pid
		if !net {
			k.Network = "host"
		}
	}
	// What a runtime calls privileged is in the specification only as its parts.
	k.Privileged = len(k.Caps) >= 36 && len(o.Linux.Maskedpath) == 0
	for _, m := range o.Mounts {
		if m.Type == "bind" || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind") {
			k.Mounts = append(k.Mounts, mountWord(m.Source, m.Destination, slices.Contains(m.Options, "ro")))
		}
	}
	k.sorted()
	return k, nil
}

// parseStorage reads containers.json of containers/storage (Podman, CRI-O).
func parseStorage(b []byte) ([]Container, error) {
	var list []struct {
		ID       string
		Names    []string
		Image    string
		Created  time.Time
		Metadata string
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	var out []Container
	for _, s := range list {
		k := Container{Runtime: "podman", ID: s.ID, Name: strings.Join(s.Names, ","), ImageID: s.Image, Created: s.Created.UTC()}
		var m struct {
			ImageName string `json:"image-name"`
			PodName   string `json:"pod-name"`
			Name      string `json:"name"`
		}
		if json.Unmarshal([]byte(s.Metadata), &m) == nil {
			k.Image, k.Pod = m.ImageName, m.PodName
			if m.PodName != "" {
				k.Runtime = "cri-o"
			}
		}
		out = append(out, k)
	}
	return out, nil
}

// parseRunc reads state.json of runc or crun: what is known of a container that
// is running.
func parseRunc(b []byte) (Container, error) {
	var s struct {
		ID      string    `json:"id"`
		PID     int       `json:"init_process_pid"`
		Crun    int       `json:"pid"`
		Created time.Time `json:"created"`
		Bundle  string    `json:"bundle"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return Container{}, err
	}
	k := Container{Runtime: "runc", ID: s.ID, PID: s.PID, Created: s.Created.UTC(), State: "running"}
	if s.Crun > 0 {
		k.Runtime, k.PID = "crun", s.Crun
	}
	return k, nil
}
