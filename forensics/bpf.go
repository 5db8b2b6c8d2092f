package forensics

import "time"

// BPF is a line of the "fb.bpf" format: a program, map or link in the kernel, as
// bpf(2) tells of it.
type BPF struct {
	Kind      string    `json:"kind"` // program, map, link
	ID        uint32    `json:"id"`
	Type      string    `json:"type"`               // kprobe, xdp, tracing, …; hash, array, …
	Name      string    `json:"name,omitempty"`     // as its maker named it, 15 bytes
	Tag       string    `json:"tag,omitempty"`      // hash of a program's instructions, 8 bytes
	Loaded    time.Time `json:"loaded,omitzero"`    // a program's, by the time since boot
	UID       uint32    `json:"uid"`                // who loaded a program
	User      string    `json:"user,omitempty"`     //
	Size      uint32    `json:"size,omitempty"`     // bytes of a program's instructions as the kernel rewrote them
	Maps      []uint32  `json:"maps,omitempty"`     // ids of the maps that a program uses
	Key       uint32    `json:"key_size,omitempty"` // of a map
	Value     uint32    `json:"value_size,omitempty"`
	Entries   uint32    `json:"max_entries,omitempty"`
	Interface uint32    `json:"ifindex,omitempty"` // of a program that was offloaded, a link to a device
	Program   uint32    `json:"program,omitempty"` // that a link attaches
	Owners    []Held    `json:"owners,omitempty"`  // processes that hold it by a descriptor
	Refused   string    `json:"refused,omitempty"`

	Raw map[string][]byte `json:"raw,omitempty"`
}

// bpfProgramType, bpfMapType and bpfLinkType name the types of linux/bpf.h by
// their numbers.
func bpfProgramType(n uint32) string {
	return nameAt(n, `unspec socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event cgroup_skb cgroup_sock lwt_in
		lwt_out lwt_xmit sock_ops sk_skb cgroup_device sk_msg raw_tracepoint cgroup_sock_addr lwt_seg6local lirc_mode2 sk_reuseport
		flow_dissector cgroup_sysctl raw_tracepoint_writable cgroup_sockopt tracing struct_ops ext lsm sk_lookup syscall netfilter`)
}

func bpfMapType(n uint32) string {
	return nameAt(n, `unspec hash array prog_array perf_event_array percpu_hash percpu_array stack_trace cgroup_array lru_hash
		lru_percpu_hash lpm_trie array_of_maps hash_of_maps devmap sockmap cpumap xskmap sockhash cgroup_storage reuseport_sockarray
		percpu_cgroup_storage queue stack sk_storage devmap_hash struct_ops ringbuf inode_storage task_storage bloom_filter
		user_ringbuf cgrp_storage arena insn_array`)
}

func bpfLinkType(n uint32) string {
	return nameAt(n, `unspec raw_tracepoint tracing cgroup iter netns xdp perf_event kprobe_multi struct_ops netfilter tcx uprobe_multi netkit sockmap`)
}
