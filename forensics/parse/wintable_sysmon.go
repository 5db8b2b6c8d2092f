package parse

// sysmonMessages are those of Sysmon up to version 15, schema 4.90.
func sysmonMessages() []winMessage {
	const of = "exe=Image pid=ProcessId "
	const hashes = " hash_md5=Hash.MD5 hash_sha1=Hash.SHA1 sha256=Hash.SHA256 imphash=Hash.IMPHASH"
	return []winMessage{
		{id: 1, action: "exec", text: "{user} started {Image}: {CommandLine}[, from {ParentImage}]", user: "User", set: of + "command=CommandLine parent=ParentImage ppid=ParentProcessId session=LogonId" + hashes},
		{id: 2, action: "modify", text: "{Image} changed the creation time of {TargetFilename} from {PreviousCreationUtcTime} to {CreationUtcTime}", user: "User", set: of + "path=TargetFilename"},
		{id: 3, action: "connect", text: "{Image} connected {Protocol} {SourceIp}:{SourcePort} to {DestinationIp}:{DestinationPort}[ ({DestinationHostname})]", user: "User", set: of + "src_ip=SourceIp src_port=SourcePort src_host=SourceHostname dst_ip=DestinationIp dst_port=DestinationPort dst_host=DestinationHostname"},
		{id: 4, text: "Sysmon is {State}, version {Version}"},
		{id: 5, action: "exit", text: "{Image} ended", user: "User", set: of},
		{id: 6, action: "load", text: "Driver {ImageLoaded} was loaded, signed {Signed}[ by {Signature}]", set: "path=ImageLoaded" + hashes},
		{id: 7, action: "load", text: "{Image} loaded {ImageLoaded}, signed {Signed}[ by {Signature}]", user: "User", set: of + "path=ImageLoaded" + hashes},
		{id: 8, action: "inject", text: "{SourceImage} started a thread in {TargetImage} at {StartAddress}[ ({StartModule})]", user: "SourceUser", set: "exe=SourceImage pid=SourceProcessId"},
		{id: 9, action: "read", text: "{Image} read {Device} raw", user: "User", set: of},
		{id: 10, action: "access", text: "{SourceImage} opened process {TargetImage}: {GrantedAccess:access}", user: "SourceUser", set: "exe=SourceImage pid=SourceProcessId"},
		{id: 11, action: "create", text: "{Image} created {TargetFilename}", user: "User", set: of + "path=TargetFilename"},
		{id: 12, action: "modify", text: "{Image}: {EventType} {TargetObject}", user: "User", set: of + "key=TargetObject"},
		{id: 13, action: "modify", text: "{Image} set {TargetObject} to {Details}", user: "User", set: of + "key=TargetObject value=Details"},
		{id: 14, action: "rename", text: "{Image} renamed {TargetObject} to {NewName}", user: "User", set: of + "key=TargetObject"},
		{id: 15, action: "create", text: "{Image} created stream {TargetFilename}", user: "User", set: of + "path=TargetFilename" + hashes},
		{id: 16, action: "modify", text: "Sysmon's configuration changed: {Configuration}"},
		{id: 17, action: "create", text: "{Image} created pipe {PipeName}", user: "User", set: of},
		{id: 18, action: "connect", text: "{Image} connected to pipe {PipeName}", user: "User", set: of},
		{id: 19, action: "create", text: "{user}: {Operation} WMI filter {Name}: {Query}", user: "User"},
		{id: 20, action: "create", text: "{user}: {Operation} WMI consumer {Name} ({Type}): {Destination}", user: "User"},
		{id: 21, action: "create", text: "{user}: {Operation} WMI binding of {Filter} to {Consumer}", user: "User"},
		{id: 22, action: "query", text: "{Image} asked DNS for {QueryName}[: {QueryResults}]", user: "User", set: of + "domain=QueryName status=QueryStatus"},
		{id: 23, action: "delete", text: "{Image} deleted {TargetFilename} (kept)", user: "User", set: of + "path=TargetFilename" + hashes},
		{id: 24, action: "copy", text: "{Image} changed the clipboard[ ({ClientInfo})]", user: "User", set: of + hashes},
		{id: 25, action: "inject", text: "{Image} was tampered with: {Type}", user: "User", set: of},
		{id: 26, action: "delete", text: "{Image} deleted {TargetFilename}", user: "User", set: of + "path=TargetFilename" + hashes},
		{id: 27, action: "create", outcome: "failure", text: "Sysmon kept {Image} from creating executable {TargetFilename}", user: "User", set: of + "path=TargetFilename" + hashes},
		{id: 28, action: "delete", outcome: "failure", text: "Sysmon kept {Image} from shredding {TargetFilename}", user: "User", set: of + "path=TargetFilename" + hashes},
		{id: 29, action: "create", text: "{Image} created executable {TargetFilename}", user: "User", set: of + "path=TargetFilename" + hashes},
		{id: 255, outcome: "failure", text: "Sysmon error {ID}: {Description}"},
	}
}
