package loggen

// Hand-written lines, "PROGRAM: TEXT". What looks like an address, a number of
// three digits or more, a hexadecimal number or a user is drawn anew.
const (
	ownSSHD = `
sshd: Failed password for root from 203.0.113.66 port 50222 ssh2
sshd: Failed password for invalid user oracle from 198.51.100.24 port 41213 ssh2
sshd: Accepted publickey for deploy from 192.0.2.17 port 51514 ssh2: RSA SHA256:0x9f86d081884c7d65
sshd: Invalid user postgres from 203.0.113.9 port 33712
sshd: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.66 user=root
sshd: pam_unix(sshd:auth): check pass; user unknown
sshd: Received disconnect from 203.0.113.66 port 50222:11: Bye Bye [preauth]
sshd: Disconnected from authenticating user root 203.0.113.66 port 50222 [preauth]
sshd: Connection closed by 198.51.100.7 port 60222 [preauth]
sshd: reverse mapping checking getaddrinfo for host-198-51-100-7.example.net [198.51.100.7] failed - POSSIBLE BREAK-IN ATTEMPT!
sshd: input_userauth_request: invalid user admin [preauth]
sshd: error: maximum authentication attempts exceeded for root from 203.0.113.66 port 50222 ssh2 [preauth]
sshd: pam_unix(sshd:session): session opened for user deploy by (uid=0)
sshd: pam_unix(sshd:session): session closed for user deploy
sshd: Did not receive identification string from 203.0.113.14
`
	ownLinux = `
sshd(pam_unix): authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=203.0.113.80 user=root
sshd(pam_unix): check pass; user unknown
su(pam_unix): session opened for user news by (uid=0)
su(pam_unix): session closed for user news
ftpd: connection from 198.51.100.30 (dialup-30.example.org) at Fri Jun 17 07:07:00 2005
logrotate: ALERT exited abnormally with [1]
kernel: audit(1119089122.123:0): initialized
kernel: CPU 0 irqstacks, hard=0x02345000 soft=0x02344000
kernel: Memory: 125312k/129720k available (1540k kernel code, 3860k reserved, 599k data, 144k init, 0k highmem)
kernel: nf_conntrack: table full, dropping packet from 198.51.100.91
kernel: Out of memory: Killed process 23811 (java) total-vm:4194304kB, anon-rss:2097152kB, file-rss:1024kB
CRON: (root) CMD (test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily ))
CRON: pam_unix(cron:session): session opened for user www-data by (uid=0)
sudo: deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/bin/systemctl restart nginx
systemd: Started Session 12345 of user deploy.
named: client 192.0.2.53 port 53211 query (cache) 'www.example.com/A/IN' denied
dhclient: DHCPACK of 192.0.2.141 from 192.0.2.1 bound for user renewal in 43200 seconds
snmpd: Received SNMP packet(s) from UDP: [192.0.2.20]:51234
`
	ownMac = `
kernel: ARPT: 620701.011328: AirPort_Brcm43xx::syncPowerState: WWEN[enabled]
kernel: en0: BSSID changed to 5c:50:15:4c:18:13 after 12345 ms
com.apple.CDScheduler: Thermal pressure state: 1 Memory pressure state: 0 for identifier 43263
QQ: FA||Url||taskID[2019352994] dealloc
corecaptured: CCFile::captureLogRun Skipping current file Dir file [2017-07-05_11,43,26.156439]-AirPortBrcm4360_Logs-001.txt, Current File
mDNSResponder: mDNS_DeregisterInterface: Frequent transitions for interface en0 (192.0.2.101)
WindowServer: send_datagram_available_ping: pid 44615 failed to act on a ping it dequeued before timing out.
Safari: tcp_connection_tls_session_error_callback_imp 2115 __tcp_connection_tls_session_callback_write_block_invoke.434 error 22
com.apple.xpc.launchd: (com.apple.quicklook[45891]): Endpoint has been activated through legacy launch(3) APIs. Please switch to XPC or bootstrap_check_in(): com.apple.quicklook
networkd: -[NETClientConnection evaluateCrazyIvan46] CI46 - Hit by torpedo! Process 10018 at 0x00ff10aa1234
sharingd: 12:43:25.345 : SDStatusMonitor::kStatusWirelessPowerChanged on 0x7fd1a0c2
symptomsd: -[NetworkAnalyticsEngine observeValueForKeyPath:ofObject:change:context:] unexpected switch value 200
loginwindow: CoreAnimation: warning, deleted thread with uncommitted CATransaction; set CA_DEBUG_TRANSACTIONS=1 in environment to log backtraces, created by user alice
`
	ownApache = `
notice: workerEnv.init() ok /etc/httpd/conf/workers2.properties
error: mod_jk child workerEnv in error state 612
notice: jk2_init() Found child 67325 in scoreboard slot 101
error: [client 203.0.113.44] Directory index forbidden by rule: /var/www/html/
error: [client 198.51.100.61] File does not exist: /var/www/html/scripts/root.exe
error: [client 203.0.113.12] client denied by server configuration: /var/www/html/.env
error: [client 192.0.2.99] AH01071: Got error 'PHP message: PHP Warning: Undefined variable $id in /var/www/html/item.php on line 212'
`
	ownWindows = `
CBS: Loaded Servicing Stack v6.1.7601.23505 with Core: C:\Windows\winsxs\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_6.1.7601.23505_none_681aa442f6fed7f0\cbscore.dll
CBS: SQM: Initializing online with Windows opt-in: False
CBS: Session: 30546174_123456789 initialized by client WindowsUpdateAgent.
CSI: 00000007@2016/9/27:20:30:31.321 WcpInitialize (wcp.dll version 0.0.0.6) called (stack @0x7fed806eb5d @0x7fef9fb9b6d @0x7fef9f8358f)
CBS: Read out cached package applicability for package: Package_for_KB2928120~31bf3856ad364e35~amd64~~6.1.1.2, ApplicableState: 112, CurrentState:112
CBS: Warning: Unrecognized packageExtended attribute.
CBS: Expecting attribute name [HRESULT = 0x800f080d - CBS_E_MANIFEST_INVALID_ITEM]
CBS: Failed to get next element [HRESULT = 0x800f080d - CBS_E_MANIFEST_INVALID_ITEM]
Logon: An account was successfully logged on. Logon ID: 0x3e7a9f21 Account Name: for administrator Source Network Address: 192.0.2.45 Source Port: 49712
Process: A new process has been created. Creator Process ID: 0x1f4c New Process Name: C:\Windows\System32\cmd.exe Token Elevation Type: 1936
Service: A service was installed in the system. Service Name: PSEXESVC Service File Name: %SystemRoot%\PSEXESVC.exe Service Account: LocalSystem
`
	ownHadoop = `
INFO: [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Created MRAppMaster for application appattempt_1445144423722_0020_000001
INFO: [IPC Server handler 12 on 62270] org.apache.hadoop.mapred.TaskAttemptListenerImpl: Progress of TaskAttempt attempt_1445144423722_0020_m_000002 is : 0.310
INFO: [AsyncDispatcher event handler] org.apache.hadoop.mapreduce.v2.app.job.impl.TaskAttemptImpl: attempt_1445144423722_0020_m_000004 TaskAttempt Transitioned from UNASSIGNED to ASSIGNED
WARN: [LeaseRenewer:msrabi@msra-sa-41:9000] org.apache.hadoop.ipc.Client: Address change detected. Old: msra-sa-41/192.0.2.41:9000 New: msra-sa-41:9000
INFO: [RMCommunicator Allocator] org.apache.hadoop.mapreduce.v2.app.rm.RMContainerAllocator: Recalculating schedule, headroom=<memory:11264, vCores:27120>
ERROR: [RMCommunicator Allocator] org.apache.hadoop.mapreduce.v2.app.rm.RMContainerAllocator: ERROR IN CONTACTING RM after 30123 ms to 192.0.2.71:8030
INFO: [eventHandlingThread] org.apache.hadoop.conf.Configuration.deprecation: user.name is deprecated. Instead, use mapreduce.job.user for submit
INFO: [ContainerLauncher 4123] org.apache.hadoop.yarn.client.api.impl.ContainerManagementProtocolProxy: Opening proxy : MININT-FNANLI5.fareast.example.com:64642
`
	ownClients = `
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36
curl/7.88.1
Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0
python-requests/2.31.0
Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Go-http-client/1.1
sqlmap/1.7.2#stable (https://sqlmap.org)
`
)
