package parse

import "strings"

// moreSamples are small files of the logs that are no JSON, and of containers.
// In what is expected, ¦ stands for a bar.
func moreSamples() []sample {
	long := strings.Repeat("x", 16<<10)
	return []sample{
		{
			"docker", "c1-json.log", `{"log":"hello\n","stream":"stdout","time":"2026-11-19T02:14:05.123456789Z"}` + "\n" + `{"log":"` + long + `","stream":"stderr","time":"2026-11-19T02:14:06Z"}` + "\n" + `{"log":"other\n","stream":"stdout","attrs":{"tag":"t"},"time":"2026-11-19T02:14:06.5Z"}` + "\n" + `{"log":"end\n","stream":"stderr","time":"2026-11-19T02:14:07Z"}` + "\n" + "{bad\n", 3, 1,
			"@message=hello|stream=stdout|@time=2026-11-19T02:14:05.123456789Z|@source=container",
		},
		{
			"cri", "0.log", "2026-11-19T02:14:05.123456789+01:00 stdout P one \n2026-11-19T02:14:05.2+01:00 stderr F err\n2026-11-19T02:14:05.3+01:00 stdout P two \n2026-11-19T02:14:05.4+01:00 stdout F three\nnothing\n", 2, 1,
			"@message=one two three|parts=3|stream=stdout|@time=2026-11-19T01:14:05.123456789Z",
		},
		{
			"logfmt", "containerd.log", `time="2026-11-19T02:14:05.123456789Z" level=warning msg="cleanup \"x\" failed" error="no such file" id=c1` + "\n", 1, 0,
			`@message=cleanup "x" failed: no such file|severity=warning|id=c1`,
		},
		{
			"fast.alerts", "alert", "11/19-02:14:05.123456  [**] [1:2019401:3] ET POLICY Vulnerable Java [**] [Classification: Potentially Bad Traffic] [Priority: 2] {TCP} 10.0.0.5:5555 -> 198.51.100.7:80\n", 1, 0,
			"rule=ET POLICY Vulnerable Java|severity=2|signature_id=1:2019401:3|category=Potentially Bad Traffic|src_ip=10.0.0.5|src_port=5555|dst_ip=198.51.100.7|dst_port=80|@time=2026-11-19T02:14:05.123456Z|assumed=year 2026 (from collection time), zone UTC",
		},
		{
			"fast.alerts", "fast.log", "11/19/2026-02:14:05.123456  [Drop] [**] [1:2:3] a ¦ b [**] [Classification: (null)] [Priority: 3] {UDP} 2001:0db8:0000:0000:0000:0000:0000:0001:53 -> 10.0.0.1:5\n", 1, 0,
			"verdict=Drop|src_ip=2001:db8::1|src_port=53|@time=2026-11-19T02:14:05.123456Z|assumed=zone UTC",
		},
		{
			"aws.elb", "classic.log", `2026-11-19T02:14:05.943847Z my-lb 198.51.100.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -` + "\n", 1, 0,
			"src_ip=198.51.100.7|src_port=2817|dst_ip=10.0.0.1|dst_port=80|status=200|method=GET|url=http://www.example.com:80/|bytes=29|user_agent=curl/7.38.0|load_balancer=my-lb|@time=2026-11-19T02:14:05.943847Z",
		},
		{
			"aws.elb", "alb.log", `https 2026-11-19T02:14:05.943847Z app/my-lb/50dc 198.51.100.7:2817 10.0.0.1:80 0.086 0.048 0.037 403 403 0 57 "GET https://www.example.com:443/a HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:tg "Root=1-58" "www.example.com" "arn:cert" 1 2026-11-19T02:14:05.1Z "forward" "-" "-" "10.0.0.1:80" "403" "-" "-"` + "\n", 1, 0,
			"type=https|status=403|outcome=failure|domain=www.example.com|target_group=arn:aws:tg|actions=forward|ssl_protocol=TLSv1.2",
		},
		{
			"aws.elb", "nlb.log", `tls 2.0 2026-11-19T02:14:05 net/my-nlb/c6 g3d4 198.51.100.7:2817 10.0.0.1:80 5 2 29 206 - arn:cert - ECDHE-RSA-AES128-SHA tlsv12 - example.com - - - 2026-11-19T02:14:04` + "\n", 1, 0,
			"type=tls|bytes=235|domain=example.com|src_ip=198.51.100.7|@time=2026-11-19T02:14:05Z",
		},
		{
			"aws.s3", "2026-11-19-02", `79a5 awsbucket1 [19/Nov/2026:02:14:05 +0000] 198.51.100.7 arn:aws:iam::1:user/eve 3E57 REST.GET.OBJECT secret/k.txt "GET /awsbucket1/secret/k.txt HTTP/1.1" 403 AccessDenied 113 - 7 - "-" "S3Console/0.4" - s9lz SigV4 ECDHE AuthHeader b.s3.amazonaws.com TLSv1.2 - -` + "\n", 1, 0,
			"@user=arn:aws:iam::1:user/eve|resource=awsbucket1/secret/k.txt|action=download|status=403|outcome=failure|reason=AccessDenied|user_agent=S3Console/0.4|@time=2026-11-19T02:14:05Z",
		},
		{
			"aws.vpcflow", "flow.log", "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n2 111122223333 eni-1 198.51.100.7 10.0.0.5 4444 22 6 20 4249 1795054445 1795054505 REJECT OK\n2 111122223333 eni-1 - - - - - - - 1795054445 1795054505 - NODATA\nshort\n", 2, 1,
			"src_ip=198.51.100.7|dst_ip=10.0.0.5|src_port=4444|dst_port=22|outcome=failure|verdict=REJECT|account=111122223333|@kind=started|@message=REJECT TCP 198.51.100.7:4444 -> 10.0.0.5:22 4249 bytes|@time=2026-11-19T02:14:05Z",
		},
		{"aws.vpcflow", "default.log", "2 111122223333 eni-1 198.51.100.7 10.0.0.5 4444 22 6 20 4249 1795054445 1795054505 ACCEPT OK\n", 1, 0, "outcome=success"},
		{
			"nginx.error", "error.log", "2026/11/19 02:14:05 [error] 12#34: *5 open() \"/var/www/x.php\" failed (2: No such file or directory), client: 198.51.100.7, server: _, request: \"GET /x.php HTTP/1.1\", host: \"example.com\"\n2026/11/19 02:14:06 [notice] 12#12: signal 1\ntrace of it\n", 2, 0,
			"severity=err|pid=12|src_ip=198.51.100.7|method=GET|url=/x.php|vhost=example.com|path=/var/www/x.php|@time=2026-11-19T02:14:05Z|@source=web",
		},
		{
			"apache.error", "error.log", "[Thu Nov 19 02:14:05.123456 2026] [auth_basic:error] [pid 7:tid 9] [client 198.51.100.7:1234] AH01617: user bob: authentication failure for \"/admin\": Password Mismatch, referer: http://x/\n[Thu Nov 19 02:14:06 2026] [error] [client 198.51.100.8] File does not exist: /x\n", 2, 0,
			"@user=bob|module=auth_basic|severity=err|pid=7|src_ip=198.51.100.7|src_port=1234|code=AH01617|action=login|outcome=failure|referer=http://x/|@time=2026-11-19T02:14:05.123456Z",
		},
		{
			"squid", "access.log", "1795054445.586    921 198.51.100.7 TCP_MISS/200 507 POST http://evil.example/ bob HIER_DIRECT/203.0.113.9 text/html\n", 1, 0,
			"@user=bob|src_ip=198.51.100.7|dst_ip=203.0.113.9|method=POST|url=http://evil.example/|status=200|bytes=507|verdict=TCP_MISS|@time=2026-11-19T02:14:05.586Z",
		},
		{
			"postgresql.csv", "pg.csv", "2026-11-19 02:14:05.123 UTC,\"bob\",\"shop\",7,\"198.51.100.7:5555\",6,1,\"authentication\",2026-11-19 02:14:05 UTC,3/1,0,FATAL,28P01,\"password authentication failed for user \"\"bob\"\"\",\"line\n two\",,,,,,,,\"\",\"client backend\",,0\nx,y\n", 1, 1,
			`@user=bob|database=shop|src_ip=198.51.100.7|src_port=5555|action=login|outcome=failure|sqlstate=28P01|severity=fatal|backend_type=client backend|@time=2026-11-19T02:14:05.123Z`,
		},
		{
			"syslog", "postgresql.log", "2026-11-19 02:14:05.123 UTC [7] bob@shop FATAL:  no pg_hba.conf entry for host \"198.51.100.7\", user \"bob\", database \"shop\", no encryption\n", 1, 0,
			`@user=bob|@source=database|database=shop|src_ip=198.51.100.7|action=login|outcome=failure|severity=fatal|pid=7`,
		},
		{
			"syslog", "rds.log", "2026-11-19 02:14:05 UTC:198.51.100.7(5555):bob@shop:[7]:FATAL:  password authentication failed for user \"bob\"\n2026-11-19 02:14:05 UTC::@:[9]:LOG:  checkpoint starting: time\n", 2, 0,
			`@user=bob|@source=database|database=shop|src_ip=198.51.100.7|src_port=5555|action=login|outcome=failure|severity=fatal|pid=7|@time=2026-11-19T02:14:05Z`,
		},
		{"syslog", "rds.log", "2026-11-19 02:14:05 UTC::@:[9]:LOG:  checkpoint starting: time\n", 1, 0, `@user=|@source=database|pid=9|severity=log`},
		{"syslog", "postgresql.log", "2026-11-19 02:14:05.123 UTC [7] LOG:  connection received: host=198.51.100.7 port=5555\n", 1, 0, `src_ip=198.51.100.7|src_port=5555|action=connect|process=postgres`},
		{"syslog", "postgresql.log", "2026-11-19 02:14:05.123 UTC [7] LOG:  disconnection: session time: 0:00:00.013 user=bob database=shop host=198.51.100.7 port=5555\n", 1, 0, `@user=bob|database=shop|src_ip=198.51.100.7|src_port=5555|action=disconnect`},
		{"syslog", "postgresql.log", "2026-11-19 02:14:05.123 UTC [7] LOG:  connection authorized: user=bob database=shop application_name=psql\n", 1, 0, `@user=bob|database=shop|action=login|outcome=success`},
		{"syslog", "postgresql.log", "2026-11-19 02:14:05.123 UTC [7] bob@shop LOG:  duration: 12.5 ms  statement: COPY x FROM PROGRAM 'id'\n", 1, 0, `@user=bob|action=query|command=COPY x FROM PROGRAM 'id'`},
		{"syslog", "postgresql.log", "2026-11-19 02:14:05.123 UTC [7] LOG:  connection authenticated: identity=\"bob\" method=scram-sha-256 (/etc/pg_hba.conf:1)\n", 1, 0, `@user=bob|action=auth|outcome=success`},
		{"syslog", "postgresql.log", "2026-11-19 02:14:05.123 UTC [7] [unknown]@[unknown] FATAL:  Peer authentication failed for user \"eve\"\n", 1, 0, `@user=eve|action=login|outcome=failure`},
		{
			"mysql.slow", "slow.log", "/usr/sbin/mysqld, Version: 8.0.36 (MySQL). started with:\nTcp port: 3306  Unix socket: /x\nTime                 Id Command    Argument\n# Time: 2026-11-19T02:14:05.123456Z\n# User@Host: bob[bob] @ app [198.51.100.7]  Id:     8\n# Query_time: 2.000217  Lock_time: 0.000001 Rows_sent: 1  Rows_examined: 1\nuse shop;\nSET timestamp=1795054443;\nselect *\n from users;\n", 1, 0,
			"@user=bob|src_ip=198.51.100.7|database=shop|query_time=2.000217|thread=8|@time=2026-11-19T02:14:05.123456Z",
		},
		{
			"mysql.general", "general.log", "2026-11-19T02:14:05.123456Z\t    8 Connect\tbob@198.51.100.7 on shop using TCP/IP\n2026-11-19T02:14:06.123456Z\t    8 Query\tselect 1,\n  2\n", 2, 0,
			"@user=bob|src_ip=198.51.100.7|database=shop|action=login|outcome=|thread=8|@time=2026-11-19T02:14:05.123456Z",
		},
		{
			"mysql.general", "mariadb.log", "mysqld, Version: 10.11.19-MariaDB (Debian 12). started with:\nTcp port: 3306  Unix socket: /run/s\nTime\t\t    Id Command\tArgument\n261119  2:14:05\t     5 Connect\tAccess denied for user 'eve x'@'198.51.100.7' (using password: YES)\n\t\t     6 Query\tselect 1,\n\t2,\n # 3\n\t\t     6 Quit\t\n261119 12:14:06\t     6 Quit\t\n", 4, 0,
			"@user=eve x|src_ip=198.51.100.7|action=login|outcome=failure|thread=5|@time=2026-11-19T02:14:05Z|assumed=zone UTC",
		},
		{
			"mysql.slow", "mariadb-slow.log", "mysqld, Version: 10.11.19-MariaDB (Debian 12). started with:\nTcp port: 3306  Unix socket: /run/s\nTime\t\t    Id Command\tArgument\n# Time: 261119  2:14:05\n# User@Host: bob[bob] @ app [198.51.100.7]\n# Thread_id: 3  Schema:   QC_hit: No\n# Query_time: 1.200137  Lock_time: 0.000000  Rows_sent: 1  Rows_examined: 0\nuse `shop`;\nSET timestamp=1795054445;\nselect 1;\n", 1, 0,
			"@user=bob|src_ip=198.51.100.7|thread=3|database=shop|qc_hit=No|query_time=1.200137|command=select 1;",
		},
		{
			"mysql.error", "error.log", "2026-11-19T02:14:05.123456Z 8 [Note] [MY-010926] [Server] Access denied for user 'bob'@'198.51.100.7' (using password: YES)\n2026-11-19T02:14:06.1Z 0 [System] [MY-010116] [Server] /usr/sbin/mysqld starting\n", 2, 0,
			"@user=bob|src_ip=198.51.100.7|action=login|outcome=failure|code=MY-010926|subsystem=Server|severity=info",
		},
		{"mysql.error", "mariadb.err", "2026-11-19  2:14:05 0 [Note] InnoDB: started\n2026-11-19 12:14:05 8 [Warning] Access denied for user 'bob'@'localhost'\n", 2, 0, "severity=info|@time=2026-11-19T02:14:05Z|assumed=zone UTC"},
		{"mongodb.text", "mongod.log", "2026-11-19T02:14:05.450-0500 I NETWORK  [initandlisten] connection accepted from 198.51.100.7:5 #1 (1 connection now open)\n", 1, 0, "src_ip=198.51.100.7|action=connect|component=NETWORK|@time=2026-11-19T07:14:05.45Z"},
		{
			"redis", "redis.log", "1:M 19 Nov 2026 02:14:05.123 * REPLICAOF 203.0.113.9:6379 enabled (user request from 'id=6 addr=198.51.100.7:35598 laddr=10.0.0.1:6379 fd=8 name=')\n", 1, 0,
			"dst_ip=203.0.113.9|dst_port=6379|src_ip=198.51.100.7|src_port=35598|action=modify",
		},
		{"redis", "redis.log", "1:S 19 Nov 2026 02:14:05.123 * Connecting to MASTER 203.0.113.9:6379\n", 1, 0, "dst_ip=203.0.113.9|dst_port=6379|action=connect"},
		{"redis", "redis.log", "1:S 19 Nov 2026 02:14:05.123 * Module 'system' loaded from /tmp/exp.so\n", 1, 0, "path=/tmp/exp.so|action=load"},
		{"redis", "redis.log", "1234:M 19 Nov 2026 02:14:05.123 * Ready to accept connections\n1234:M 19 Nov 2026 02:14:06.123 # Possible SECURITY ATTACK detected.\n", 2, 0, "pid=1234|role=master|severity=notice|@time=2026-11-19T02:14:05.123Z"},
		{
			"exim", "mainlog", "2026-11-19 02:14:05 1rAbCd-0003Xy-2Z <= bob@example.org H=(x) [198.51.100.7] P=esmtpsa A=plain_server:bob S=512\n2026-11-19 02:14:05 1rAbCd-0003Xy-2Z => eve@evil.example R=dns T=smtp H=mx [203.0.113.9]\n2026-11-19 02:14:06 login authenticator failed for (x) [198.51.100.7]: 535 Incorrect authentication data (set_id=admin)\n", 3, 0,
			"@user=bob|sender=bob@example.org|src_ip=198.51.100.7|action=receive|message_id=1rAbCd-0003Xy-2Z|@source=mail",
		},
		{
			"xferlog", "xferlog", "Thu Nov 19 02:14:05 2026 1 198.51.100.7 1884 /srv/ftp/my_file.txt b _ i r bob ftp 0 * c\n", 1, 0,
			"@user=bob|src_ip=198.51.100.7|path=/srv/ftp/my_file.txt|bytes=1884|action=upload|outcome=success|access=real|@source=ftp",
		},
		{
			"proftpd", "proftpd.log", "2026-11-19 02:14:05,123 srv proftpd[77] 10.0.0.1 (198.51.100.7[198.51.100.7]): USER bob (Login failed): Incorrect password\n", 1, 0,
			"@user=bob|src_ip=198.51.100.7|action=login|outcome=failure|pid=77|@host=srv",
		},
		{
			"powershell.transcript", "t.txt", "**********************\r\nWindows PowerShell transcript start\r\nStart time: 20261119021405\r\nUsername: CORP\\bob\r\nRunAs User: CORP\\eve\r\nMachine: PC1 (Microsoft Windows NT 10.0)\r\nHost Application: powershell.exe -nop\r\nProcess ID: 7\r\nPSVersion: 5.1\r\n**********************\r\nPS C:\\> whoami\r\ncorp\\bob\r\n**********************\r\nCommand start time: 20261119021500\r\n**********************\r\nPS C:\\> Get-Date\r\n**********************\r\nWindows PowerShell transcript end\r\nEnd time: 20261119021600\r\n**********************\r\n", 2, 0,
			"@user=CORP\\bob|run_as=CORP\\eve|@host=PC1|command=powershell.exe -nop|commands=whoami|pid=7|@time=2026-11-19T02:14:05Z|@kind=started",
		},
		{
			"setupapi", "setupapi.dev.log", "[Device Install Log]\n     OS Version = 10.0.10240\n[BeginLog]\n\n[Boot Session: 2026/11/19 02:00:00.000]\n\n>>>  [Device Install (Hardware initiated) - USBSTOR\\Disk&Ven_X]\n>>>  Section start 2026/11/19 02:14:05.110\n      cmd: C:\\x.exe\n     dvi: y\n<<<  Section end 2026/11/19 02:14:06.000\n<<<  [Exit status: SUCCESS]\n>>>  [Uninstall Driver]\n", 1, 1,
			"device=USBSTOR\\Disk&Ven_X|command=C:\\x.exe|outcome=success|action=install|@kind=installed|ended=2026/11/19 02:14:06.000|@time=2026-11-19T02:14:05.11Z",
		},
		{
			"w3c", "pfirewall.log", "#Version: 1.5\n#Software: Microsoft Windows Firewall\n#Time Format: Local\n#Fields: date time action protocol src-ip dst-ip src-port dst-port size\n\n2026-11-19 02:14:05 DROP TCP 198.51.100.7 10.0.0.5 4444 445 52\n", 1, 0,
			"src_ip=198.51.100.7|dst_ip=10.0.0.5|src_port=4444|dst_port=445|verdict=DROP|action=block|outcome=failure|@source=network|assumed=zone UTC",
		},
		{
			"w3c", "httperr1.log", "#Software: Microsoft HTTP API 2.0\n#Version: 1.0\n#Date: 2026-11-19 02:14:05\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\n2026-11-19 02:14:05 198.51.100.7 4444 10.0.0.5 80 HTTP/1.1 GET /x 400 - Hostname -\n", 1, 0,
			"src_ip=198.51.100.7|src_port=4444|method=GET|url=/x|status=400|s-reason=Hostname",
		},
		{"history", ".mysql_history", "_HiStOrY_V2_\nselect\\040*\\040from\\040users;\ndrop\\040table\\040x;\n", 2, 0, "@message=select * from users;|shell=mysql|@kind=undated"},
		{"history", ".python_history", "import os\nos.system('id')\n", 2, 0, "@message=import os|shell=python"},
		{
			"fail2ban", "fail2ban.log", "2026-11-19 02:14:05,123 fail2ban.actions        [1234]: NOTICE  [sshd] Ban 198.51.100.7\n", 1, 0,
			"jail=sshd|src_ip=198.51.100.7|action=block|severity=notice|@time=2026-11-19T02:14:05.123Z|@source=auth",
		},
		{
			"cloud-init", "cloud-init.log", "2026-11-19 02:14:05,123 - subp.py[DEBUG]: Running command ['useradd', 'eve'] with allowed return codes [0] (shell=False, capture=True)\nTraceback:\n  x\n", 1, 0,
			"module=subp.py|severity=debug|action=exec|command=['useradd', 'eve']|lines=3",
		},
	}
}
