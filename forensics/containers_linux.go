package forensics

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"
)

// containers writes the "fb.containers" snapshot from the state files of the
// runtimes, and from the processes that are in one of which no file tells.
func (c *collection) containers(ctx context.Context) error {
	e := c.exhibit("Containers and pods", "/var/lib/docker, /run/containerd, /var/lib/containers, /run/runc, /run/crun, /var/lib/kubelet, /var/lib/lxc, /proc/*/cgroup",
		FormatContainers, "in-process read of the runtimes' state files; environment variables are not kept")
	found := map[string]*Container{}
	inside := map[string][]int{}
	if !c.tree.image {
		inside = c.contained(ctx)
	}
	for _, step := range []func(map[string]*Container){c.docker, c.bundles, c.storage, c.running, c.pods, c.systems} {
		if err := ctx.Err(); err != nil {
			return err
		}
		step(found)
	}
	for id, list := range inside {
		k := found[id]
		if k == nil {
			k = &Container{Runtime: "unknown", ID: id, Source: "/proc/*/cgroup", State: "running"}
			found[id] = k
		}
		k.PIDs = list
	}
	if len(found) == 0 {
		return nil
	}
	return c.snapshot(ctx, e, func(r *rows) error {
		for _, id := range slices.Sorted(maps.Keys(found)) {
			if err := r.add(*found[id]); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxInside bounds the processes named of one container.
const maxInside = 256

// contained maps containers to the processes that are in them.
func (c *collection) contained(ctx context.Context) map[string][]int {
	out := map[string][]int{}
	list, err := pids()
	if err != nil {
		c.refuse("/proc", err)
		return out
	}
	for _, pid := range list {
		if ctx.Err() != nil {
			break
		}
		d, err := openProc(pid)
		if err != nil {
			continue // it has ended
		}
		if b, _, err := d.read("cgroup", maxStatus); err == nil {
			if id := containerOf(parseCgroup(b)); id != "" && len(out[id]) < maxInside {
				out[id] = append(out[id], pid)
			}
		}
		d.close()
	}
	return out
}

// stateFile reads a state file of a runtime and hands it to f; what is not
// readable, or not what it should be, is listed.
func (c *collection) stateFile(name string, f func([]byte) error) {
	b, err := c.small(name, maxState)
	if err != nil {
		c.refuse(name, err)
		return
	}
	if err := f(b); err != nil {
		c.refuse(name, refuse("%s", err))
	}
}

// docker reads /var/lib/docker/containers.
func (c *collection) docker(found map[string]*Container) {
	const dir = "/var/lib/docker/containers"
	for _, id := range c.names("/", dir, false) {
		name := path.Join(dir, id, "config.v2.json")
		host, err := c.small(path.Join(dir, id, "hostconfig.json"), maxState)
		c.refuse(path.Join(dir, id, "hostconfig.json"), err)
		c.stateFile(name, func(b []byte) error {
			k, err := parseDocker(b, host)
			k.Source = name
			if k.ID == "" {
				k.ID = id
			}
			found[k.ID] = &k
			return err
		})
	}
}

// bundles reads the specifications that runtimes start containers from.
func (c *collection) bundles(found map[string]*Container) {
	for _, p := range []struct{ pattern, runtime string }{
		{"/run/containerd/io.containerd.runtime.v2.task/*/*/config.json", "containerd"},
		{"/run/containerd/io.containerd.runtime.v1.linux/*/*/config.json", "containerd"},
		{"/var/lib/containers/storage/overlay-containers/*/userdata/config.json", "podman"},
	} {
		for _, name := range c.match("/", p.pattern, false) {
			full := path.Join("/", name)
			c.stateFile(full, func(b []byte) error {
				k, err := parseBundle(p.runtime, b)
				if err != nil {
					return err
				}
				parts := strings.Split(path.Dir(full), "/")
				k.Source, k.ID = full, parts[len(parts)-1]
				if k.ID == "userdata" {
					k.ID = parts[len(parts)-2]
				} else if k.Namespace == "" {
					k.Namespace = parts[len(parts)-2]
				}
				if d, there := found[k.ID]; there { // Docker knows more of its own
					d.SharesPID = d.SharesPID || k.SharesPID
					return nil
				}
				if k.Runtime == "containerd" {
					k.State = "running" // the folder goes with the task
				}
				found[k.ID] = &k
				return nil
			})
		}
	}
}

// storage reads the lists of Podman and CRI-O.
func (c *collection) storage(found map[string]*Container) {
	lists := []string{"/var/lib/containers/storage/overlay-containers/containers.json"}
	for _, home := range c.homes() {
		lists = append(lists, path.Join(home, ".local/share/containers/storage/overlay-containers/containers.json"))
	}
	for _, name := range lists {
		c.stateFile(name, func(b []byte) error {
			list, err := parseStorage(b)
			for _, k := range list {
				k.Source = name
				if old, there := found[k.ID]; there {
					old.Runtime, old.Created, old.ImageID = k.Runtime, k.Created, k.ImageID
					for _, m := range []struct {
						to *string
						v  string
					}{{&old.Name, k.Name}, {&old.Image, k.Image}, {&old.Pod, k.Pod}} {
						if *m.to == "" {
							*m.to = m.v
						}
					}
					continue
				}
				found[k.ID] = &k
			}
			return err
		})
	}
}

// running reads what the low runtimes keep of containers at work.
func (c *collection) running(found map[string]*Container) {
	for _, pattern := range []string{"/run/runc/*/state.json", "/run/crun/*/status", "/run/docker/runtime-runc/moby/*/state.json", "/run/containerd/runc/*/*/state.json"} {
		for _, name := range c.match("/", pattern, false) {
			full := path.Join("/", name)
			c.stateFile(full, func(b []byte) error {
				k, err := parseRunc(b)
				if err != nil {
					return err
				}
				if k.ID == "" {
					k.ID = path.Base(path.Dir(full))
				}
				k.Source = full
				if old, there := found[k.ID]; there {
					old.PID, old.State = k.PID, "running"
					return nil
				}
				found[k.ID] = &k
				return nil
			})
		}
	}
}

// pods reads the kubelet's folders: which pods it runs, and their containers.
func (c *collection) pods(found map[string]*Container) {
	const dir = "/var/lib/kubelet/pods"
	for _, uid := range c.names("/", dir, false) {
		k := &Container{Runtime: "kubelet", ID: uid, Source: path.Join(dir, uid)}
		k.Name = strings.Join(c.names("/", path.Join(dir, uid, "containers"), false), ",")
		for _, kind := range c.names("/", path.Join(dir, uid, "volumes"), false) {
			for _, v := range c.names("/", path.Join(dir, uid, "volumes", kind), false) {
				k.Mounts = append(k.Mounts, strings.ReplaceAll(kind, "~", "/")+":"+v)
			}
		}
		found[uid] = k
	}
}

// systems reads containers that are whole systems: LXC and systemd-nspawn.
func (c *collection) systems(found map[string]*Container) {
	for _, name := range c.names("/", "/var/lib/lxc", false) {
		full := path.Join("/var/lib/lxc", name, "config")
		c.stateFile(full, func(b []byte) error {
			k := &Container{Runtime: "lxc", ID: "lxc " + name, Name: name, Source: full}
			for line := range strings.Lines(string(b)) {
				key, value, _ := strings.Cut(line, "=")
				if key, value = strings.TrimSpace(key), strings.TrimSpace(value); key == "lxc.mount.entry" {
					if f := strings.Fields(value); len(f) > 1 {
						k.Mounts = append(k.Mounts, f[0]+":/"+f[1])
					}
				}
			}
			k.sorted()
			found[k.ID] = k
			return nil
		})
	}
	for _, name := range c.names("/", "/run/systemd/machines", false) {
		full := path.Join("/run/systemd/machines", name)
		if strings.HasPrefix(name, "unit:") {
			continue // a link back to it
		}
		c.stateFile(full, func(b []byte) error {
			v := variables(b)
			found[name] = &Container{Runtime: "machined", ID: name, Name: name, PID: int(number(v["LEADER"])), State: "running", Source: full}
			return nil
		})
	}
}
