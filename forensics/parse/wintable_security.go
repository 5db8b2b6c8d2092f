package parse

const (
	winSubject = `SubjectDomainName\SubjectUserName`
	winTarget  = `TargetDomainName\TargetUserName`
)

// securityMessages are logons, processes, services, tasks, policies and access,
// as the Security log has them.
func securityMessages() []winMessage {
	return []winMessage{
		{id: 4608, action: "boot", text: "Windows is starting up"},
		{id: 4610, action: "load", text: "Authentication package {AuthenticationPackageName} was loaded"},
		{id: 4611, action: "create", text: "Logon process {LogonProcessName} was registered"},
		{id: 4614, action: "load", text: "Password filter {NotificationPackageName} was loaded"},
		{id: 4616, action: "clock", text: "System time changed from {PreviousTime} to {NewTime} by {user}[ with {ProcessName}]", user: winSubject, set: "exe=ProcessName"},
		{id: 4622, action: "load", text: "Security package {SecurityPackageName} was loaded"},
		{id: 4624, action: "login", outcome: "success", text: "Logon of {user} ({LogonType:logon})[ from {IpAddress}][ ({WorkstationName})][ by {AuthenticationPackageName}]", user: winTarget, set: "src_ip=IpAddress src_port=IpPort src_host=WorkstationName session=TargetLogonId exe=ProcessName"},
		{id: 4625, action: "login", outcome: "failure", text: "Failed logon of {user} ({LogonType:logon})[ from {IpAddress}][ ({WorkstationName})]: {Status:status}[, {SubStatus:status}]", user: winTarget, set: "src_ip=IpAddress src_port=IpPort src_host=WorkstationName exe=ProcessName"},
		{id: 4634, action: "logout", text: "Logoff of {user} ({LogonType:logon})", user: winTarget, set: "session=TargetLogonId"},
		{id: 4647, action: "logout", text: "{user} logged off", user: winTarget, set: "session=TargetLogonId"},
		{id: 4648, action: "login", text: `{user} used the credentials of {TargetDomainName}\{TargetUserName} for {TargetServerName}[ from {IpAddress}][ with {ProcessName}]`, user: winSubject, set: "target_user=TargetUserName dst_host=TargetServerName src_ip=IpAddress src_port=IpPort exe=ProcessName session=SubjectLogonId"},
		{id: 4656, action: "open", text: "{user} asked for {ObjectType} {ObjectName} with {ProcessName}: {AccessMask:access}", user: winSubject, set: "path=ObjectName exe=ProcessName"},
		{id: 4657, action: "modify", text: "{user} set {ObjectName}, value {ObjectValueName}[ to {NewValue}][ with {ProcessName}]", user: winSubject, set: "key=ObjectName value=ObjectValueName exe=ProcessName"},
		{id: 4658, action: "close", text: "{user} closed a handle with {ProcessName}", user: winSubject, set: "exe=ProcessName"},
		{id: 4660, action: "delete", text: "{user} deleted an object with {ProcessName}", user: winSubject, set: "exe=ProcessName"},
		{id: 4661, action: "open", text: "{user} asked for {ObjectType} {ObjectName}", user: winSubject, set: "exe=ProcessName"},
		{id: 4662, action: "access", text: "{user} worked on directory object {ObjectName}: {AccessMask}, {Properties}", user: winSubject},
		{id: 4663, action: "access", text: "{user} accessed {ObjectType} {ObjectName} with {ProcessName}: {AccessMask:access}", user: winSubject, set: "path=ObjectName exe=ProcessName"},
		{id: 4670, action: "modify", text: "{user} changed the permissions of {ObjectName} with {ProcessName}", user: winSubject, set: "path=ObjectName exe=ProcessName"},
		{id: 4672, action: "grant", text: "{user} was given special privileges: {PrivilegeList}", user: winSubject, set: "session=SubjectLogonId"},
		{id: 4673, action: "privilege", text: "{user} used {PrivilegeList} with {ProcessName}", user: winSubject, set: "exe=ProcessName"},
		{id: 4674, action: "privilege", text: "{user} used {PrivilegeList} on {ObjectName} with {ProcessName}", user: winSubject, set: "exe=ProcessName"},
		{id: 4688, action: "exec", text: "{user} started {NewProcessName}[: {CommandLine}][, from {ParentProcessName}]", user: winSubject, set: "exe=NewProcessName command=CommandLine parent=ParentProcessName pid=NewProcessId ppid=ProcessId session=SubjectLogonId"},
		{id: 4689, action: "exit", text: "{ProcessName} of {user} ended with {Status}", user: winSubject, set: "exe=ProcessName pid=ProcessId session=SubjectLogonId"},
		{id: 4696, action: "exec", text: "{user} gave {TargetProcessName} a primary token", user: winSubject, set: "exe=TargetProcessName"},
		{id: 4697, action: "install", text: "{user} installed service {ServiceName}: {ServiceFileName} (start {ServiceStartType:start}, as {ServiceAccount})", user: winSubject, set: "service=ServiceName command=ServiceFileName target_user=ServiceAccount session=SubjectLogonId"},
		{id: 4698, action: "create", text: "{user} created task {TaskName}[: {TaskRuns}][, as {TaskAccount}]", user: winSubject, set: "command=TaskRuns author=TaskAuthor target_user=TaskAccount session=SubjectLogonId"},
		{id: 4699, action: "delete", text: "{user} deleted task {TaskName}[: {TaskRuns}][, as {TaskAccount}]", user: winSubject, set: "command=TaskRuns author=TaskAuthor target_user=TaskAccount session=SubjectLogonId"},
		{id: 4700, action: "enable", text: "{user} enabled task {TaskName}[: {TaskRuns}][, as {TaskAccount}]", user: winSubject, set: "command=TaskRuns author=TaskAuthor target_user=TaskAccount session=SubjectLogonId"},
		{id: 4701, action: "disable", text: "{user} disabled task {TaskName}[: {TaskRuns}][, as {TaskAccount}]", user: winSubject, set: "command=TaskRuns author=TaskAuthor target_user=TaskAccount session=SubjectLogonId"},
		{id: 4702, action: "modify", text: "{user} changed task {TaskName}[: {TaskRuns}][, as {TaskAccount}]", user: winSubject, set: "command=TaskRuns author=TaskAuthor target_user=TaskAccount session=SubjectLogonId"},
		{id: 4703, action: "grant", text: `Privileges of {TargetDomainName}\{TargetUserName} changed by {user} with {ProcessName}[: enabled {EnabledPrivilegeList}][, disabled {DisabledPrivilegeList}]`, user: winSubject, set: "target_user=TargetUserName exe=ProcessName"},
		{id: 4704, action: "grant", text: "{user} granted right {PrivilegeList} to {TargetSid}", user: winSubject},
		{id: 4705, action: "revoke", text: "{user} took right {PrivilegeList} from {TargetSid}", user: winSubject},
		{id: 4719, action: "modify", text: "{user} changed the audit policy: {SubcategoryGuid}, {AuditPolicyChanges}", user: winSubject},
		{id: 4776, action: "login", text: "NTLM check of {user}[ from {Workstation}]: {Status:status}", user: "TargetUserName", set: "src_host=Workstation status=Status"},
		{id: 4778, action: "connect", text: "{user} reconnected to session {SessionName}[ from {ClientAddress}][ ({ClientName})]", user: `AccountDomain\AccountName`, set: "src_ip=ClientAddress src_host=ClientName session=LogonID"},
		{id: 4779, action: "disconnect", text: "{user} disconnected from session {SessionName}[, was at {ClientAddress}][ ({ClientName})]", user: `AccountDomain\AccountName`, set: "src_ip=ClientAddress src_host=ClientName session=LogonID"},
		{id: 4797, action: "query", text: "{user} asked whether {TargetUserName} has a blank password", user: winSubject, set: "target_user=TargetUserName"},
		{id: 4798, action: "query", text: "{user} listed the groups of {TargetUserName}[ with {CallerProcessName}]", user: winSubject, set: "target_user=TargetUserName exe=CallerProcessName"},
		{id: 4799, action: "query", text: "{user} listed the members of {TargetUserName}[ with {CallerProcessName}]", user: winSubject, set: "exe=CallerProcessName"},
		{id: 4800, action: "lock", text: "{user} locked the workstation", user: winTarget},
		{id: 4801, action: "unlock", text: "{user} unlocked the workstation", user: winTarget},
		{id: 4946, action: "create", text: "Firewall rule {RuleName} was added", set: "rule=RuleName"},
		{id: 4947, action: "modify", text: "Firewall rule {RuleName} was changed", set: "rule=RuleName"},
		{id: 4948, action: "delete", text: "Firewall rule {RuleName} was deleted", set: "rule=RuleName"},
		{id: 5136, action: "modify", text: "{user} changed {AttributeLDAPDisplayName} of {ObjectDN}[ to {AttributeValue}]", user: winSubject},
		{id: 5140, action: "access", text: "{user} used share {ShareName}[ from {IpAddress}]", user: winSubject, set: "src_ip=IpAddress src_port=IpPort path=ShareName session=SubjectLogonId"},
		{id: 5145, action: "access", text: `{user} used {RelativeTargetName} of share {ShareName}[ from {IpAddress}]: {AccessMask}`, user: winSubject, set: "src_ip=IpAddress src_port=IpPort path=RelativeTargetName session=SubjectLogonId"},
		{id: 5152, action: "connect", outcome: "failure", text: "Firewall dropped a packet {SourceAddress}:{SourcePort} to {DestAddress}:{DestPort}", set: "src_ip=SourceAddress src_port=SourcePort dst_ip=DestAddress dst_port=DestPort exe=Application pid=ProcessId"},
		{id: 5154, action: "listen", text: "{Application} listens on {SourceAddress}:{SourcePort}", set: "src_ip=SourceAddress src_port=SourcePort exe=Application pid=ProcessId"},
		{id: 5156, action: "connect", outcome: "success", text: "{Application} connected {SourceAddress}:{SourcePort} with {DestAddress}:{DestPort}", set: "src_ip=SourceAddress src_port=SourcePort dst_ip=DestAddress dst_port=DestPort exe=Application pid=ProcessID"},
		{id: 5157, action: "connect", outcome: "failure", text: "Firewall refused {Application}: {SourceAddress}:{SourcePort} with {DestAddress}:{DestPort}", set: "src_ip=SourceAddress src_port=SourcePort dst_ip=DestAddress dst_port=DestPort exe=Application pid=ProcessID"},
		{id: 5158, action: "listen", text: "{Application} was bound to {SourceAddress}:{SourcePort}", set: "src_ip=SourceAddress src_port=SourcePort exe=Application pid=ProcessId"},
	}
}

// accountMessages are changes of accounts and groups.
func accountMessages() []winMessage {
	on := func(id int, action, did string) winMessage {
		return winMessage{id: id, action: action, text: "{user} " + did + ` {TargetDomainName}\{TargetUserName}`, user: winSubject, set: "target_user=TargetUserName session=SubjectLogonId"}
	}
	member := func(id int, action, did, group string) winMessage {
		return winMessage{id: id, action: action, text: "{user} " + did + ` {MemberSid}[ ({MemberName})] ` + map[string]string{"grant": "to", "revoke": "from"}[action] + " " + group + ` group {TargetDomainName}\{TargetUserName}`, user: winSubject, set: "target_user=MemberName session=SubjectLogonId"}
	}
	return []winMessage{
		on(4720, "create", "created account"), on(4722, "enable", "enabled account"), on(4723, "modify", "tried to change the password of"),
		on(4724, "modify", "reset the password of"), on(4725, "disable", "disabled account"), on(4726, "delete", "deleted account"),
		on(4727, "create", "created global group"), member(4728, "grant", "added", "global"), member(4729, "revoke", "removed", "global"),
		on(4730, "delete", "deleted global group"), on(4731, "create", "created local group"), member(4732, "grant", "added", "local"),
		member(4733, "revoke", "removed", "local"), on(4734, "delete", "deleted local group"), on(4735, "modify", "changed local group"),
		on(4737, "modify", "changed global group"), on(4738, "modify", "changed account"),
		{id: 4739, action: "modify", text: "{user} changed the policy of domain {DomainName}", user: winSubject},
		{id: 4740, action: "lock", text: "Account {TargetUserName} was locked out[, from {TargetDomainName}]", user: "TargetUserName", set: "target_user=TargetUserName src_host=TargetDomainName"},
		{id: 4741, action: "create", text: "{user} created computer account {TargetUserName}", user: winSubject, set: "target_user=TargetUserName"},
		{id: 4742, action: "modify", text: `{user} changed computer account {TargetUserName}[, password set {PasswordLastSet}]`, user: winSubject, set: "target_user=TargetUserName"},
		{id: 4743, action: "delete", text: "{user} deleted computer account {TargetUserName}", user: winSubject, set: "target_user=TargetUserName"},
		on(4754, "create", "created universal group"), on(4755, "modify", "changed universal group"), member(4756, "grant", "added", "universal"),
		member(4757, "revoke", "removed", "universal"), on(4758, "delete", "deleted universal group"),
		{id: 4765, action: "modify", text: "{user} added SID history to {TargetUserName}", user: winSubject, set: "target_user=TargetUserName"},
		on(4767, "unlock", "unlocked account"),
		{id: 4781, action: "rename", text: "{user} renamed account {OldTargetUserName} to {NewTargetUserName}", user: winSubject, set: "target_user=NewTargetUserName"},
		{id: 4794, action: "modify", text: "{user} set the password of the directory services restore mode", user: winSubject},
	}
}

// kerberosMessages are what a domain controller says of tickets.
func kerberosMessages() []winMessage {
	return []winMessage{
		{id: 4768, action: "login", text: "Kerberos ticket for {user}[ from {IpAddress}]: {Status:kerberos}[, {TicketEncryptionType:cipher}]", user: winTarget, set: "src_ip=IpAddress src_port=IpPort service=ServiceName status=Status"},
		{id: 4769, action: "login", text: "Kerberos service ticket of {user} for {ServiceName}[ from {IpAddress}]: {Status:kerberos}[, {TicketEncryptionType:cipher}]", user: winTarget, set: "src_ip=IpAddress src_port=IpPort service=ServiceName status=Status"},
		{id: 4770, action: "login", text: "Kerberos service ticket of {user} for {ServiceName} was renewed[, from {IpAddress}]", user: winTarget, set: "src_ip=IpAddress src_port=IpPort service=ServiceName"},
		{id: 4771, action: "login", outcome: "failure", text: "Kerberos preauthentication of {user} failed[, from {IpAddress}]: {Status:kerberos}", user: "TargetUserName", set: "src_ip=IpAddress src_port=IpPort service=ServiceName status=Status"},
	}
}
