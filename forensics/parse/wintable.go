package parse

// winGroup is the messages of one provider, which has had several names.
type winGroup struct {
	names    []string
	messages []winMessage
}

func winProviders() []winGroup {
	return []winGroup{
		{[]string{"Microsoft-Windows-Security-Auditing"}, securityMessages()},
		{[]string{"Microsoft-Windows-Security-Auditing"}, accountMessages()},
		{[]string{"Microsoft-Windows-Security-Auditing"}, kerberosMessages()},
		{[]string{"Microsoft-Windows-Eventlog"}, []winMessage{
			{id: 104, action: "delete", outcome: "success", text: `Log "{Channel}" was cleared by {user}`, user: `SubjectDomainName\SubjectUserName`},
			{id: 1100, action: "stop", text: "Event logging service was stopped"},
			{id: 1102, action: "delete", outcome: "success", text: "Security log was cleared by {user}", user: `SubjectDomainName\SubjectUserName`},
			{id: 1104, text: "Security log is full"},
		}},
		{[]string{"Microsoft-Windows-Sysmon"}, sysmonMessages()},
		{[]string{"Service Control Manager"}, []winMessage{
			{id: 7009, outcome: "failure", text: "Service {param2} did not answer within {param1} ms"},
			{id: 7023, outcome: "failure", text: "Service {param1} ended with error {param2}", set: "service=param1"},
			{id: 7034, action: "stop", outcome: "failure", text: "Service {param1} ended unexpectedly, {param2} times so far", set: "service=param1"},
			{id: 7036, text: "Service {param1} is now {param2}", set: "service=param1"},
			{id: 7040, action: "modify", text: "Start of service {param1} changed from {param2} to {param3}", set: "service=param4"},
			{id: 7045, action: "install", outcome: "success", text: "Service {ServiceName} was installed: {ImagePath} ({ServiceType}, {StartType}, as {AccountName})", set: "service=ServiceName command=ImagePath target_user=AccountName"},
		}},
		{[]string{"EventLog"}, []winMessage{
			{id: 6005, action: "boot", text: "Event log service started: the system has booted"},
			{id: 6006, action: "shutdown", text: "Event log service stopped: the system is going down"},
			{id: 6008, action: "shutdown", outcome: "failure", text: "The shutdown before[, at {data1} on {data2},] was unexpected"},
			{id: 6009, text: "Windows {data1} {data2} {data3} started"},
			{id: 6013, text: "Uptime is {data5} seconds"},
		}},
		{[]string{"User32", "USER32"}, []winMessage{
			{id: 1074, action: "shutdown", text: "{param1} began {param5} of {param2} for {user}: {param3}[, {param6}]", user: "param7", set: "exe=param1"},
		}},
		{[]string{"Microsoft-Windows-Kernel-General"}, []winMessage{
			{id: 1, action: "clock", text: "System time changed from {OldTime} to {NewTime}"},
			{id: 12, action: "boot", text: "Windows {MajorVersion}.{MinorVersion}.{BuildVersion} started at {StartTime}"},
			{id: 13, action: "shutdown", text: "Windows went down at {StopTime}"},
		}},
		{[]string{"Microsoft-Windows-PowerShell"}, []winMessage{
			{id: 4103, action: "exec", text: "PowerShell ran: {Payload}", set: "command=Payload"},
			{id: 4104, action: "exec", text: "PowerShell script block {MessageNumber} of {MessageTotal}[ of {Path}]: {ScriptBlockText}", set: "command=ScriptBlockText path=Path"},
			{id: 4105, text: "PowerShell script block {ScriptBlockId} began"},
			{id: 4106, text: "PowerShell script block {ScriptBlockId} ended"},
			{id: 40961, text: "PowerShell console is starting"},
			{id: 40962, text: "PowerShell console is ready"},
			{id: 53504, text: "PowerShell listens for other processes (PID {param1}, {param2})"},
		}},
		{[]string{"PowerShell"}, []winMessage{
			{id: 400, action: "exec", text: "PowerShell {EngineVersion} started in {HostName}: {HostApplication}", set: "command=HostApplication"},
			{id: 403, action: "exit", text: "PowerShell {EngineVersion} stopped in {HostName}: {HostApplication}", set: "command=HostApplication"},
			{id: 600, action: "load", text: "PowerShell provider {data1} started[ in {HostName}][: {HostApplication}]", set: "command=HostApplication"},
			{id: 800, action: "exec", text: "PowerShell ran {data1}[, in {HostApplication}]", user: "UserId", set: "command=data1"},
		}},
		{[]string{"Microsoft-Windows-TaskScheduler"}, []winMessage{
			{id: 106, action: "create", text: "Task {TaskName} was registered by {user}", user: "UserContext"},
			{id: 129, action: "exec", text: "Task {TaskName} started {Path} as process {ProcessID}", set: "exe=Path pid=ProcessID"},
			{id: 140, action: "modify", text: "Task {TaskName} was changed by {user}", user: "UserName"},
			{id: 141, action: "delete", text: "Task {TaskName} was deleted by {user}", user: "UserName"},
			{id: 200, action: "exec", text: "Task {TaskName} started {ActionName}", set: "command=ActionName"},
			{id: 201, text: "Task {TaskName} ended {ActionName} with code {ResultCode}", set: "command=ActionName"},
		}},
		{[]string{"Microsoft-Windows-TerminalServices-LocalSessionManager"}, []winMessage{
			{id: 21, action: "login", outcome: "success", text: "Remote desktop logon of {user}, session {SessionID}[, from {Address}]", user: "User", set: "src_ip=Address session=SessionID"},
			{id: 22, text: "Shell started for {user}, session {SessionID}[, from {Address}]", user: "User", set: "src_ip=Address session=SessionID"},
			{id: 23, action: "logout", text: "Remote desktop logoff of {user}, session {SessionID}", user: "User", set: "session=SessionID"},
			{id: 24, action: "disconnect", text: "Session {SessionID} of {user} disconnected[, from {Address}]", user: "User", set: "src_ip=Address session=SessionID"},
			{id: 25, action: "connect", text: "Session {SessionID} of {user} reconnected[, from {Address}]", user: "User", set: "src_ip=Address session=SessionID"},
			{id: 39, action: "disconnect", text: "Session {TargetSession} was disconnected by session {Source}", set: "session=TargetSession"},
			{id: 40, action: "disconnect", text: "Session {Session} disconnected, reason {Reason}", set: "session=Session"},
		}},
		{[]string{"Microsoft-Windows-TerminalServices-RemoteConnectionManager"}, []winMessage{
			{id: 261, action: "connect", text: "Remote desktop listener {listenerName} received a connection"},
			{id: 1149, action: "login", text: `Remote desktop: network authentication of {user} from {Param3}`, user: `Param2\Param1`, set: "src_ip=Param3"},
		}},
		{[]string{"Microsoft-Windows-WinRM"}, []winMessage{
			{id: 6, action: "connect", text: "WinRM session to {connection}", set: "dst_host=connection"},
			{id: 91, action: "connect", text: "WinRM shell was made on this server for {resourceUri}"},
			{id: 161, outcome: "failure", text: "WinRM refused a user: {authFailureMessage}"},
			{id: 168, action: "login", outcome: "success", text: "WinRM authenticated a user ({username})", user: "username"},
		}},
		{[]string{"Microsoft-Windows-Windows Defender"}, defenderMessages()},
		{[]string{"Microsoft-Windows-Bits-Client"}, []winMessage{
			{id: 3, action: "create", text: "BITS job {jobTitle|string} was made by {user}", user: "jobOwner|string2"},
			{id: 4, text: "BITS job {jobTitle} of {user} is complete: {fileCount} files", user: "jobOwner"},
			{id: 59, action: "download", text: "BITS began job {name} from {url}", set: "url=url"},
			{id: 60, action: "download", text: "BITS stopped job {name} from {url}, status {hr}", set: "url=url status=hr"},
			{id: 61, action: "download", outcome: "failure", text: "BITS job {name} from {url} failed, status {hr}", set: "url=url status=hr"},
		}},
		{[]string{"Microsoft-Windows-WMI-Activity"}, []winMessage{
			{id: 5857, action: "load", text: "WMI provider {ProviderName} was loaded into process {ProcessID} from {ProviderPath}", set: "pid=ProcessID path=ProviderPath"},
			{id: 5858, outcome: "failure", text: "WMI failed with {ResultCode}: {Operation}[, client {ClientMachine}, process {ClientProcessId}]", user: "User", set: "src_host=ClientMachine pid=ClientProcessId"},
			{id: 5859, action: "create", text: "WMI event filter in {NamespaceName}: {Query}", user: "User"},
			{id: 5860, action: "create", text: "Temporary WMI subscription in {NamespaceName} by {user}: {Query}", user: "User", set: "src_host=ClientMachine pid=Processid"},
			{id: 5861, action: "create", text: "Permanent WMI subscription in {Namespace}: {CONSUMER}[, runs {CommandLineTemplate|ScriptText|ExecutablePath|ScriptFileName}]", set: "command=CommandLineTemplate|ScriptText|ExecutablePath|ScriptFileName"},
		}},
		{[]string{"Microsoft-Windows-AppLocker"}, []winMessage{
			{id: 8002, action: "exec", outcome: "success", text: "AppLocker allowed {FilePath}", set: "exe=FullFilePath|FilePath user_sid=TargetUser pid=TargetProcessId session=TargetLogonId"},
			{id: 8003, action: "exec", outcome: "success", text: "AppLocker would have refused {FilePath}", set: "exe=FullFilePath|FilePath user_sid=TargetUser pid=TargetProcessId session=TargetLogonId"},
			{id: 8004, action: "exec", outcome: "failure", text: "AppLocker refused {FilePath}", set: "exe=FullFilePath|FilePath user_sid=TargetUser pid=TargetProcessId session=TargetLogonId"},
			{id: 8005, action: "exec", outcome: "success", text: "AppLocker allowed {FilePath}", set: "path=FullFilePath|FilePath user_sid=TargetUser pid=TargetProcessId session=TargetLogonId"},
			{id: 8006, action: "exec", outcome: "success", text: "AppLocker would have refused {FilePath}", set: "path=FullFilePath|FilePath user_sid=TargetUser pid=TargetProcessId session=TargetLogonId"},
			{id: 8007, action: "exec", outcome: "failure", text: "AppLocker refused {FilePath}", set: "path=FullFilePath|FilePath user_sid=TargetUser pid=TargetProcessId session=TargetLogonId"},
		}},
		{[]string{"Microsoft-Windows-DNS-Client"}, []winMessage{
			{id: 3006, text: "DNS query for {QueryName}, type {QueryType}", set: "domain=QueryName"},
			{id: 3008, text: "DNS query for {QueryName} ended with {QueryStatus}[: {QueryResults}]", set: "domain=QueryName status=QueryStatus"},
			{id: 3020, text: "DNS answer for {QueryName}[: {QueryResults}]", set: "domain=QueryName"},
		}},
		{[]string{"Microsoft-Windows-PrintService"}, []winMessage{
			{id: 307, action: "print", text: "{user} printed {Param2} on {Param5} from {Param4}, {Param8} pages", user: "Param3", set: "src_host=Param4 title=Param2"},
			{id: 316, action: "install", text: "Printer driver {Param1} for {Param2} was added"},
			{id: 808, outcome: "failure", text: "Print spooler could not load plug-in {PluginDllName}", set: "path=PluginDllName"},
		}},
	}
}

func defenderMessages() []winMessage {
	return []winMessage{
		{id: 1006, action: "alert", text: "Defender found {Threat Name}: {Path}"},
		{id: 1116, action: "alert", text: "Defender found {Threat Name} ({Severity Name}) in {Path}", user: "Detection User", set: "path=Path"},
		{id: 1117, action: "alert", text: "Defender acted on {Threat Name} in {Path}: {Action Name}", user: "Detection User", set: "path=Path"},
		{id: 1118, action: "alert", outcome: "failure", text: "Defender could not act on {Threat Name} in {Path}", user: "Detection User", set: "path=Path"},
		{id: 1119, action: "alert", outcome: "failure", text: "Defender failed to act on {Threat Name} in {Path}", user: "Detection User", set: "path=Path"},
		{id: 5001, action: "disable", text: "Defender's real-time protection was switched off"},
		{id: 5004, action: "modify", text: "Defender's real-time protection was reconfigured"},
		{id: 5007, action: "modify", text: "Defender's configuration changed from {Old Value} to {New Value}"},
		{id: 5010, action: "disable", text: "Defender's scan for spyware was switched off"},
		{id: 5012, action: "disable", text: "Defender's scan for viruses was switched off"},
	}
}
