package loggen

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// pools are what is drawn from. They are the same for every seed, so that logs
// of different seeds belong to the same company.
type pools struct {
	from                                                  string
	sshd, linux, mac, apache, windows, hadoop             []template
	hosts, users, names, addresses, hexes, paths, clients []string
}

func newPools(corpus string) (*pools, error) {
	r := rand.New(rand.NewPCG(42, 1))
	p := &pools{
		from: "hand-written", sshd: parseAll(ownSSHD), linux: parseAll(ownLinux), mac: parseAll(ownMac), apache: parseAll(ownApache),
		windows: parseAll(ownWindows), hadoop: parseAll(ownHadoop), clients: strings.Split(strings.TrimSpace(ownClients), "\n"),
	}
	if corpus != "" {
		if err := p.load(corpus); err != nil {
			return nil, err
		}
	}
	roles, towns := strings.Fields("web db ws dc mail vpn app lt"), strings.Fields("ber lon nyc sfo sin")
	for i := range 300 {
		p.hosts = append(p.hosts, fmt.Sprintf("%s-%s-%02d", roles[i%8], towns[i/8%5], i/40+1))
	}
	p.people(r)
	for range 60_000 {
		p.addresses = append(p.addresses, fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(223), r.IntN(256), r.IntN(256), 1+r.IntN(254)))
	}
	for range 100_000 {
		p.hexes = append(p.hexes, fmt.Sprintf("%016x", r.Uint64()))
	}
	p.files(r)
	return p, nil
}

// people have accounts (users), and there are more names that are tried (names).
func (p *pools) people(r *rand.Rand) {
	first := strings.Fields("alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor walter wendy anna boris chen diego elena farid gita hugo ines jorge")
	last := strings.Fields("smith jones garcia mueller rossi tanaka kim novak silva costa ali khan berg olsen dubois weber lopez ricci sato park ivanov popov nagy toth kaya demir wang liu zhang patel")
	p.users = []string{"", "root", "SYSTEM", "www-data", "postgres", "nobody", "LOCAL SERVICE", "NETWORK SERVICE"}
	services := len(p.users)
	for i := 0; len(p.users) < 800; i++ {
		p.users = append(p.users, first[i%len(first)][:1]+last[(i/30+i)%len(last)]+[]string{"", "1", "_adm"}[i%3])
	}
	p.names = append(p.names, p.users[services:]...)
	for range 2000 {
		p.names = append(p.names, first[r.IntN(len(first))]+strconv.Itoa(r.IntN(100)))
	}
}

// files are 150,000 paths as they lie on a server.
func (p *pools) files(r *rand.Rand) {
	tops := strings.Fields("/usr/share/doc /usr/share/locale /usr/lib/x86_64-linux-gnu /usr/lib/python3/dist-packages /usr/include /usr/src/linux-headers /var/lib/dpkg/info /var/www/html /var/cache/man /opt/app/releases /home/deploy/src /etc /srv/data/export /usr/share/perl5")
	words := strings.Fields("core util common http client server config parser index cache session token socket buffer stream module driver kernel device network crypto digest archive image audio video font theme icon widget window layout render shader driver locale message catalog report invoice order product customer account payment shipping search admin static vendor assets plugin handler worker queue job event metric trace debug test spec fixture sample example backup export import schema table migration")
	for _, a := range strings.Fields("ba co de fi gu ha ki lo mu na pe ri so tu ve wo") { // names that only their makers know
		for _, b := range strings.Fields("lar mon dex tik ras vel nor pix gal sum bur ket zan dol fer wis") {
			for _, c := range strings.Fields("a ia or en is o um ix") {
				words = append(words, a+b+c)
			}
		}
	}
	ends := strings.Fields("h c py pyc pl pm so so.1 txt gz mo md5sums list conf html js css png svg json xml yaml log tar.gz db php jsp class jar")
	seen := map[string]bool{}
	for len(p.paths) < 150_000 {
		b := tops[r.IntN(len(tops))]
		for range 1 + r.IntN(4) {
			b += "/" + words[r.IntN(len(words))]
			if r.IntN(2) == 0 {
				b += "-" + words[r.IntN(len(words))]
			}
			if r.IntN(4) == 0 {
				b += fmt.Sprintf("-%d.%d.%d", r.IntN(9), r.IntN(20), r.IntN(9))
			}
		}
		b += "/" + words[r.IntN(len(words))] + "_" + words[r.IntN(len(words))] + strconv.Itoa(r.IntN(500)) + "." + ends[r.IntN(len(ends))]
		if !seen[b] {
			seen[b] = true
			p.paths = append(p.paths, b)
		}
	}
}

// draws choose from the pools: few of each are common, many are rare.
type draws struct{ host, user, name, address, hex, path *rand.Zipf }

func newDraws(r *rand.Rand, p *pools) draws {
	zipf := func(s, v float64, of []string) *rand.Zipf { return rand.NewZipf(r, s, v, uint64(len(of)-1)) }
	return draws{
		host: zipf(1.15, 5, p.hosts), user: zipf(1.2, 5, p.users), name: zipf(1.2, 4, p.names),
		address: zipf(1.1, 20, p.addresses), hex: zipf(1.1, 50, p.hexes), path: zipf(1.05, 2000, p.paths),
	}
}
