package forensics

// Socket is a line of the "fb.sockets" format.
type Socket struct {
	Proto  string `json:"proto"`            // tcp, tcp6, udp, udp6, udplite, udplite6, raw, raw6, sctp, sctp6, unix, packet, netlink
	State  string `json:"state"`            // listen, established, …; unconn for unconnected ones
	Local  string `json:"local,omitempty"`  // address:port, [address]:port
	Remote string `json:"remote,omitempty"` // "" while there is none
	Path   string `json:"path,omitempty"`   // of a unix socket; abstract ones begin with @
	Type   string `json:"type,omitempty"`   // of a unix or packet socket: stream, dgram, seqpacket, raw
	UID    uint32 `json:"uid"`              // of its maker; /proc/net/unix does not say
	User   string `json:"user,omitempty"`
	Inode  uint64 `json:"inode"`
	NetNS  string `json:"netns,omitempty"` // network namespace where it is not ours
	Owners []Held `json:"owners,omitempty"`

	Peer      uint64 `json:"peer,omitempty"`       // inode at the other end of a unix socket
	Interface string `json:"interface,omitempty"`  // index of a packet socket's; 0 is all
	Protocol  string `json:"protocol,omitempty"`   // of a packet socket: EtherType, hex; of a netlink socket: its family
	Filter    int    `json:"filter,omitempty"`     // instructions of the filter attached to a packet socket
	FilterRaw string `json:"filter_raw,omitempty"` // those instructions, hex, 8 bytes each (struct sock_filter)
	Hidden    string `json:"hidden,omitempty"`     // the view of the kernel that does not list it, though another does

	Raw map[string][]byte `json:"raw,omitempty"`
}

// Held names a process that holds a descriptor.
type Held struct {
	PID  int    `json:"pid"`
	FD   int    `json:"fd"`
	Comm string `json:"comm"`
}

// Route is a line of the "fb.routes" format: a route, a neighbour (ARP, NDP) or
// an address of an interface, as Kind says.
type Route struct {
	Kind      string `json:"kind"`               // route, neighbour, address
	Interface string `json:"interface"`          // its name
	Address   string `json:"address"`            // prefix of a route or an address; a neighbour's IP
	Gateway   string `json:"gateway,omitempty"`  // of a route
	Hardware  string `json:"hardware,omitempty"` // MAC of a neighbour or an interface
	Metric    uint32 `json:"metric,omitempty"`   // of a route
	State     string `json:"state,omitempty"`    // of a neighbour: reachable, stale, …; of an address: up, down
	Flags     string `json:"flags,omitempty"`    // of a route: U up, G gateway, H host, ! reject
}
