package review

import "strings"

// CommonWord says whether a name is a word of every text, or an account or a host
// that every machine has: nobody is known by it.
func CommonWord(name string) bool { return common[strings.ToLower(strings.TrimSpace(name))] }

var common = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`
root admin administrator administrators user users system nobody firebreak localhost localdomain host unknown test tests testing guest
default service services daemon bin sys sync games man lp mail news uucp proxy www www-data backup backups list irc gnats sshd ssh ftp
apache nginx httpd mysql postgres postgresql mariadb redis mongodb docker git github gitlab jenkins ansible vagrant kubernetes k8s
messagebus dbus polkitd chrony ntp syslog systemd systemd-network systemd-resolve systemd-timesync _apt tcpdump uuidd landscape
network local server servers client clients web app apps application api db database databases cluster node nodes worker master main
primary secondary gateway router switch firewall vpn dns dhcp ldap smtp imap pop mx ns cloud prod production staging stage dev
development build builder runner deploy deployer deployment release monitor monitoring logs log logger audit security it ops operations
support help helpdesk info contact sales office finance legal hr marketing team shop store portal intranet internet desktop laptop
machine computer workstation printer phone camera account accounts login password key keys token secret public private internal external
none null n/a na anonymous everyone anybody somebody someone people person owner member customer customers employee employees vendor
responder commander investigator scribe approver comms observer auditor attacker victim
yes no true false and or the this that with from for not was are has had have will can all any new old one two
i me my we us you he she it's is at on in to by of as an be do go so up if
identify contain eradicate recover learn critical high medium low clear amber green red sev1 sev2 sev3 sev4
linux windows macos darwin ubuntu debian centos redhat alpine android ios
`) {
		out[w] = true
	}
	return out
}()
