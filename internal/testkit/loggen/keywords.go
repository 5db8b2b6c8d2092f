package loggen

import "strings"

// keywords are texts that a responder would look for.
const keywords = `mimikatz sekurlsa lsadump zerologon psexec wmiexec smbexec atexec dcomexec cobaltstrike meterpreter
metasploit empire bloodhound sharphound rubeus kerberoast asreproast lazagne procdump nanodump seatbelt winpeas linpeas
pspy chisel ligolo ngrok frpc plink socat ncat netcat reverse_tcp bind_tcp msfvenom shellcode beacon.dll sliver havoc
brute ratel nishang powersploit powercat invoke-obfuscation certutil bitsadmin regsvr32 mshta rundll32 wscript cscript
vssadmin wbadmin bcdedit wevtutil fsutil cipher.exe shadowcopy ransom lockbit blackcat conti ryuk revil sodinokibi
log4shell jndi:ldap spring4shell proxyshell proxylogon eternalblue printnightmare dirtypipe pwnkit shellshock sqlmap
nikto nmap masscan zmap gobuster dirbuster hydra medusa hashcat johntheripper /etc/shadow /dev/tcp/ authorized_keys
ld.so.preload rootkit diamorphine xmrig minerd stratum+tcp cryptonight kinsing kdevtmpfsi BREAK-IN root.exe`

// Keywords are a hundred texts that a responder would look for in a log; few of
// them stand in the logs that are made here.
func Keywords() []string { return strings.Fields(keywords)[:100] }
