package parse

// serviceParsers are the logs of clouds, networks and applications.
func serviceParsers() []parser {
	return []parser{
		serviceRow("cloudtrail", cloudTrail(), About{
			Formats:   "CloudTrail's files (Records), the answers of lookup-events (Events, CloudTrailEvent), a record a line; Insights",
			Events:    "a record: logged. `user` is the name, or ROLE/SESSION; `action` by the first word of the call; `outcome` by errorCode",
			Times:     "seconds, UTC",
			Reference: "AWS CloudTrail User Guide, record contents, userIdentity element",
			Oracle:    "files of simulated attacks (invictus-ir/aws_dataset): Records",
		}),
		serviceRow("cloudtrail.digest", cloudTrailDigest(), About{
			Formats:   "CloudTrail's signed digests",
			Events:    "a digest: logged, at the end of its hour, with its log files as they stand there",
			Times:     "seconds, UTC",
			Reference: "AWS CloudTrail User Guide, digest file structure",
		}),
		serviceRow("azure.signin", azureSignIn(), About{
			Formats:   "Entra ID's sign-ins: Graph, diagnostic settings, Log Analytics; people and services",
			Events:    "a sign-in: logged; `outcome` by errorCode, `reason` has its text",
			Times:     "up to 100 ns, UTC",
			Reference: "Microsoft Graph, signIn; Microsoft Learn, sign-in log schema in Azure Monitor",
		}),
		serviceRow("azure.audit", azureAudit(), About{
			Formats:   "Entra ID's directory audits: Graph and diagnostic settings",
			Events:    "a change: logged, with `target_user` where the first target is one",
			Times:     "up to 100 ns, UTC",
			Reference: "Microsoft Graph, directoryAudit; Microsoft Learn, audit log schema in Azure Monitor",
		}),
		serviceRow("azure.activity", azureActivity(), About{
			Formats:   "Azure's activity log: management interface, SDK for Python, diagnostic settings, Log Analytics; other resource logs of the common schema",
			Events:    "a record: logged; `action` by the last word of the operation",
			Times:     "up to 100 ns, UTC",
			Reference: "Microsoft Learn, Azure activity log event schema, resource log common schema",
			Oracle:    "plaso's tests: the same",
		}),
		serviceRow("gcp.logging", gcpLogging(), About{
			Formats:   "Google Cloud's log entries: audit (protoPayload), jsonPayload, textPayload, httpRequest",
			Events:    "an entry: logged; without a time of its own at that of receipt, and `assumed` says so",
			Times:     "up to nanoseconds, UTC",
			Reference: "Google Cloud, LogEntry and AuditLog",
			Oracle:    "plaso's tests: the same",
		}),
		serviceRow("m365.audit", m365Audit(), About{
			Formats:   "Microsoft 365's unified audit log in JSON: management activity interface, Search-UnifiedAuditLog (AuditData)",
			Events:    "a record: logged; the parameters of Exchange's cmdlets are `command`",
			Times:     "seconds, UTC",
			Reference: "Microsoft Learn, Office 365 Management Activity API schema",
		}),
		{name: "m365.audit.csv", detect: isM365CSV, run: parseM365CSV, bound: true, about: About{
			Formats:   "the CSV export of the portal and of Search-UnifiedAuditLog, with a column AuditData",
			Events:    "a row: logged, by its AuditData",
			Times:     "seconds, UTC",
			Reference: "Microsoft Learn, Export, configure, and view audit log records",
		}},
		serviceRow("okta", oktaLog(), About{
			Formats:   "Okta's system log",
			Events:    "an event: logged",
			Times:     "milliseconds, UTC",
			Reference: "Okta, System Log API, LogEvent",
		}),
		serviceRow("kubernetes.audit", kubernetesAudit(), About{
			Formats:   "the audit log of Kubernetes' API server, v1 and before; event lists",
			Events:    "a stage of a request: logged; what exec ran is `command`",
			Times:     "microseconds, UTC",
			Reference: "kubernetes.io, kube-apiserver Audit Configuration (v1)",
		}),
		serviceRow("suricata.eve", suricataEve(), About{
			Formats:   "Suricata's eve.json",
			Events:    "a record: logged; alerts have `rule` and `severity`",
			Times:     "microseconds, its own zone",
			Reference: "Suricata User Guide, Eve JSON Format",
		}),
		serviceRow("falco", falcoAlerts(), About{
			Formats:   "Falco's output in JSON",
			Events:    "an alert: logged",
			Times:     "nanoseconds, UTC",
			Reference: "falco.org, Falco outputs",
		}),
		serviceRow("osquery", osqueryResults(), About{
			Formats:   "osquery's results: events, batches, snapshots",
			Events:    "a line: logged; a batch or a snapshot is one, its rows stay JSON",
			Times:     "seconds, UTC",
			Reference: "osquery.readthedocs.io, Logging",
		}),
		{name: "zeek", detect: isZeek, run: parseZeek, bound: true, about: About{
			Formats:   "Zeek's logs in columns, of any separator; conn, dns, http, ssl, files, notice, weird, ssh, ftp, smb, rdp, kerberos, ntlm, smtp, dhcp, x509 are told, others by their names",
			Events:    "a line: logged, at ts; headings are no records",
			Times:     "microseconds, UTC",
			Reference: "docs.zeek.org, Zeek Log Formats",
		}},
		serviceRow("zeek.json", zeekJSON(), About{
			Formats:   "the same logs in JSON",
			Events:    "as zeek",
			Times:     "microseconds, UTC; or ISO 8601",
			Reference: "docs.zeek.org, Zeek Log Formats",
		}),
		serviceRow("mongodb", mongoLog(), About{
			Formats:   "MongoDB's log since 4.4, its audit log in JSON",
			Events:    "a line: logged",
			Times:     "milliseconds, its own zone",
			Reference: "mongodb.com, Log Messages; System Event Audit Messages",
		}),
		serviceRow("postgresql.json", postgresJSON(), About{
			Formats:   "PostgreSQL's jsonlog",
			Events:    "a record: logged",
			Times:     "milliseconds; UTC where it says so, else local",
			Reference: "postgresql.org, Using JSON-Format Log Output",
		}),
		serviceRow("journal.json", journalJSON(), About{
			Formats:   "journalctl -o json",
			Events:    "an entry: logged, as of the journal itself",
			Times:     "microseconds, UTC",
			Reference: "systemd.io, Journal Export Formats",
		}),
		serviceRow("github.audit", gitHubAudit(), About{
			Formats:   "GitHub's audit log: JSON array, a record a line",
			Events:    "a record: logged; the action as written is `operation`",
			Times:     "milliseconds, UTC",
			Reference: "GitHub Docs, Audit log events for your organization",
		}),
	}
}
