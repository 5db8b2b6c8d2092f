package parse

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// sample is a file as its service writes it, and what is told of its first
// record: name=value of attributes, @time, @user, @host, @source and @message.
type sample struct {
	parser, name, text string
	events             int
	rejected           int64
	first              string
}

const trailRecord = `{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","principalId":"AIDA","arn":"arn:aws:iam::111122223333:user/eve","accountId":"111122223333","accessKeyId":"AKIA","userName":"eve"},` +
	`"eventTime":"2026-11-19T02:14:05Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2.13",` +
	`"errorCode":"AccessDenied","errorMessage":"not authorized","requestParameters":{"userName":"bob"},"responseElements":null,"requestID":"r","eventID":"e","readOnly":false,"eventType":"AwsApiCall","recipientAccountId":"111122223333"}`

// samples are small files of each service, made by hand.
func samples() []sample {
	quoted := strconv.Quote(trailRecord)
	return []sample{
		{
			"cloudtrail", "x.json.gz", `{"Records":[` + trailRecord + `,` + trailRecord + `]}`, 2, 0,
			`@message=iam CreateUser by arn:aws:iam::111122223333:user/eve from 198.51.100.7: bob (AccessDenied)|@user=eve|@source=cloud|@time=2026-11-19T02:14:05Z|action=create|outcome=failure|target_user=bob|src_ip=198.51.100.7|region=us-east-1|account=111122223333|service=iam|user_agent=aws-cli/2.13|userIdentity.type=IAMUser|resource=bob`,
		},
		{"cloudtrail", "x.jsonl", trailRecord + "\n" + trailRecord + "\n{\"broken\n", 2, 1, "@user=eve"},
		{"cloudtrail", "pretty.json", "\ufeff{\n  \"Records\": [\n    " + strings.ReplaceAll(trailRecord, ",", ",\n   ") + "\n  ]\n}\n", 1, 0, "@user=eve|outcome=failure"},
		{
			"cloudtrail", "lookup.json", `{"Events":[{"EventId":"e","EventName":"CreateUser","EventTime":1732000000.0,"Username":"eve","CloudTrailEvent":` + quoted + `}],"NextToken":"abc"}`, 1, 0,
			"@user=eve|EventId=e|@message=iam CreateUser by arn:aws:iam::111122223333:user/eve from 198.51.100.7: bob (AccessDenied)",
		},
		{
			"cloudtrail", "login.json", `{"Records":[{"eventVersion":"1.08","userIdentity":{"type":"Root","principalId":"1","arn":"arn:aws:iam::1:root"},"eventTime":"2026-11-19T02:14:05Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","sourceIPAddress":"2001:db8::7","responseElements":{"ConsoleLogin":"Failure"},"errorMessage":"Failed authentication"}]}`, 1, 0,
			"@user=root|action=login|outcome=failure|src_ip=2001:db8::7|@message=signin ConsoleLogin by arn:aws:iam::1:root from 2001:db8::7 (Failed authentication)",
		},
		{
			"cloudtrail", "role.json", `{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/Admin/i-0ff","sessionContext":{"sessionIssuer":{"userName":"Admin"}}},"eventTime":"2026-11-19T02:14:05Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","sourceIPAddress":"ec2.amazonaws.com","requestParameters":{"bucketName":"b","key":"k/x"}}`, 1, 0,
			"@user=Admin/i-0ff|action=read|outcome=success|src_host=ec2.amazonaws.com|resource=b/k/x",
		},
		{
			"cloudtrail.digest", "digest.json", `{"awsAccountId":"1","digestStartTime":"2026-11-19T01:00:00Z","digestEndTime":"2026-11-19T02:00:00Z","digestS3Bucket":"b","digestS3Object":"o","logFiles":[{"s3Bucket":"b","s3Object":"f","hashValue":"00","hashAlgorithm":"SHA-256"}]}`, 1, 0,
			"files=1|@time=2026-11-19T02:00:00Z|resource=o",
		},
		{
			"azure.activity", "a.json", `{"value":[{"eventTimestamp":"2026-11-19T02:14:05.1234567Z","operationName":{"value":"Microsoft.Compute/virtualMachines/delete","localizedValue":"Delete VM"},"caller":"eve@example.org","httpRequest":{"clientIpAddress":"198.51.100.7","method":"DELETE"},"resourceId":"/subscriptions/s1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1","status":{"value":"Succeeded"},"subStatus":{"value":"OK"}}],"nextLink":"x"}`, 1, 0,
			"@user=eve@example.org|action=delete|outcome=success|src_ip=198.51.100.7|account=s1|service=Microsoft.Compute|@message=Microsoft.Compute/virtualMachines/delete by eve@example.org from 198.51.100.7: Microsoft.Compute/virtualMachines/vm1 (Succeeded)|@time=2026-11-19T02:14:05.1234567Z",
		},
		{
			"azure.activity", "b.json", `{"records":[{"time":"2026-11-19T02:14:05Z","resourceId":"/SUBSCRIPTIONS/S1/X","operationName":"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE","category":"Administrative","resultType":"Failure","callerIpAddress":"198.51.100.7:4711","identity":{"claims":{"name":"Eve"}}}]}` + "\n" +
				`{"records":[{"time":"2026-11-19T02:14:06Z","resourceId":"/SUBSCRIPTIONS/S1/X","operationName":"x/y","category":"Administrative"}]}`, 2, 0,
			"@user=Eve|action=modify|outcome=failure|src_ip=198.51.100.7|src_port=4711|account=S1",
		},
		{
			"azure.signin", "s.json", `[{"id":"1","createdDateTime":"2026-11-19T02:14:05Z","userPrincipalName":"bob@example.org","appDisplayName":"Azure Portal","ipAddress":"198.51.100.7","status":{"errorCode":50126,"failureReason":"Invalid username or password."},"location":{"city":"Berlin","countryOrRegion":"DE"}}]`, 1, 0,
			"@user=bob@example.org|action=login|outcome=failure|@message=sign-in of bob@example.org to Azure Portal from 198.51.100.7 in Berlin DE (Invalid username or password.)|status=50126",
		},
		{
			"azure.signin", "s2.json", `{"time":"2026-11-19T02:14:05Z","category":"NonInteractiveUserSignInLogs","operationName":"Sign-in activity","resultType":"0","callerIpAddress":"198.51.100.7","properties":{"createdDateTime":"2026-11-19T02:14:04Z","userPrincipalName":"bob@example.org","appDisplayName":"Teams","status":{"errorCode":0}}}`, 1, 0,
			"@user=bob@example.org|outcome=success|@time=2026-11-19T02:14:04Z|service=Teams",
		},
		{
			"azure.audit", "d.json", `{"value":[{"activityDateTime":"2026-11-19T02:14:05Z","activityDisplayName":"Add member to role","category":"RoleManagement","result":"success","loggedByService":"Core Directory","initiatedBy":{"user":{"userPrincipalName":"eve@example.org","ipAddress":"198.51.100.7"}},"targetResources":[{"type":"User","userPrincipalName":"bob@example.org"}]}]}`, 1, 0,
			"@user=eve@example.org|target_user=bob@example.org|outcome=success|action=create|@message=Add member to role by eve@example.org from 198.51.100.7: bob@example.org",
		},
		{
			"gcp.logging", "g.json", `[{"insertId":"a","logName":"projects/p1/logs/cloudaudit.googleapis.com%2Factivity","protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{"principalEmail":"eve@example.org"},"methodName":"google.iam.admin.v1.CreateServiceAccountKey","requestMetadata":{"callerIp":"198.51.100.7","callerSuppliedUserAgent":"gcloud"},"resourceName":"projects/-/serviceAccounts/1","serviceName":"iam.googleapis.com","status":{"code":7,"message":"PERMISSION_DENIED"}},"resource":{"type":"service_account","labels":{"project_id":"p1"}},"severity":"ERROR","timestamp":"2026-11-19T02:14:05.123456789Z"}]`, 1, 0,
			"@user=eve@example.org|action=create|outcome=failure|account=p1|service=iam|src_ip=198.51.100.7|@message=iam google.iam.admin.v1.CreateServiceAccountKey by eve@example.org from 198.51.100.7: projects/-/serviceAccounts/1 (PERMISSION_DENIED)|@time=2026-11-19T02:14:05.123456789Z",
		},
		{
			"gcp.logging", "t.json", `{"insertId":"a","logName":"projects/p/logs/x","textPayload":"hello","receiveTimestamp":"2026-11-19T02:14:05Z","resource":{"type":"gce_instance"}}`, 1, 0,
			"@message=x: hello|assumed=the time of receipt|account=p",
		},
		{
			"m365.audit", "m.json", `[{"CreationTime":"2026-11-19T02:14:05","Id":"1","Operation":"New-InboxRule","OrganizationId":"o","RecordType":1,"ResultStatus":"True","UserId":"bob@example.org","Workload":"Exchange","ClientIP":"198.51.100.7:9999","ObjectId":"x","Parameters":[{"Name":"ForwardTo","Value":"eve@evil.example"}]}]`, 1, 0,
			"@user=bob@example.org|action=create|outcome=success|src_ip=198.51.100.7|src_port=9999|command=New-InboxRule -ForwardTo eve@evil.example|@message=Exchange New-InboxRule by bob@example.org from 198.51.100.7:9999: x -ForwardTo eve@evil.example",
		},
		{
			"m365.audit", "search.json", `[{"RecordType":"AzureActiveDirectoryStsLogon","CreationDate":"/Date(1795054445000)/","UserIds":"bob","Operations":"UserLoginFailed","AuditData":"{\"CreationTime\":\"2026-11-19T02:14:05\",\"Operation\":\"UserLoginFailed\",\"UserId\":\"bob\",\"Workload\":\"AzureActiveDirectory\",\"LogonError\":\"InvalidUserNameOrPassword\"}"}]`, 1, 0,
			"@user=bob|action=login|outcome=failure|@message=AzureActiveDirectory UserLoginFailed by bob (InvalidUserNameOrPassword)",
		},
		{
			"m365.audit.csv", "export.csv", "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits\r\n1,2026-11-19T02:14:05.0000000Z,6,FileDownloaded,bob,\"{\"\"CreationTime\"\":\"\"2026-11-19T02:14:05\"\",\"\"Operation\"\":\"\"FileDownloaded\"\",\"\"UserId\"\":\"\"bob\"\",\"\"Workload\"\":\"\"SharePoint\"\",\"\"ObjectId\"\":\"\"https://x/y\"\"}\",\r\n2,7/1/2026 2:14:05 PM,6,FileDeleted,eve,,\r\nbad,row\r\n", 2, 1,
			"@user=bob|action=download|url=https://x/y|@time=2026-11-19T02:14:05Z",
		},
		{
			"okta", "o.json", `[{"actor":{"id":"1","type":"User","alternateId":"bob@example.org"},"client":{"userAgent":{"rawUserAgent":"UA"},"ipAddress":"198.51.100.7"},"displayMessage":"User login to Okta","eventType":"user.session.start","outcome":{"result":"FAILURE","reason":"INVALID_CREDENTIALS"},"published":"2026-11-19T02:14:05.123Z","severity":"WARN","uuid":"u","target":[{"type":"User","alternateId":"bob@example.org"}]}]`, 1, 0,
			"@user=bob@example.org|action=login|outcome=failure|reason=INVALID_CREDENTIALS|target_user=bob@example.org|@message=user.session.start by bob@example.org from 198.51.100.7: User login to Okta of bob@example.org (INVALID_CREDENTIALS)",
		},
		{
			"github.audit", "gh.json", `[{"@timestamp":1795054445123,"_document_id":"d","action":"repo.create","actor":"eve","actor_ip":"198.51.100.7","created_at":1795054445123,"org":"acme","repo":"acme/x"},{"@timestamp":1795054445124,"action":"org.add_member","actor":"eve","org":"acme","user":"mallory"}]`, 2, 0,
			"@user=eve|action=create|operation=repo.create|account=acme|@message=repo.create by eve from 198.51.100.7: acme/x",
		},
		{
			"kubernetes.audit", "k.log", `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/prod/pods/web/exec?command=sh&command=-c&command=id%20-u&stdin=true","verb":"create","user":{"username":"eve","groups":["system:authenticated"]},"sourceIPs":["198.51.100.7","10.0.0.1"],"objectRef":{"resource":"pods","namespace":"prod","name":"web","apiVersion":"v1","subresource":"exec"},"responseStatus":{"code":101},"requestReceivedTimestamp":"2026-11-19T02:14:05.123456Z","stageTimestamp":"2026-11-19T02:14:05.223456Z","annotations":{"authorization.k8s.io/decision":"allow"}}` + "\n", 1, 0,
			"@user=eve|action=exec|outcome=success|command=sh -c id -u|src_ip=198.51.100.7|@message=create pods/exec prod/web by eve from 198.51.100.7 (101)|@time=2026-11-19T02:14:05.223456Z",
		},
		{
			"suricata.eve", "eve.json", `{"timestamp":"2026-11-19T02:14:05.123456+0100","flow_id":1,"event_type":"alert","src_ip":"10.0.0.5","src_port":44444,"dest_ip":"198.51.100.7","dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":2100498,"signature":"GPL ATTACK_RESPONSE id check returned root","category":"Potentially Bad Traffic","severity":2}}` + "\n" + `{"timestamp":"2026-11-19T02:14:06.123456+0100","event_type":"dns","src_ip":"10.0.0.5","src_port":5,"dest_ip":"10.0.0.1","dest_port":53,"proto":"UDP","dns":{"type":"query","rrname":"evil.example","rrtype":"A"}}` + "\n", 2, 0,
			"@time=2026-11-19T01:14:05.123456Z|rule=GPL ATTACK_RESPONSE id check returned root|severity=2|dst_ip=198.51.100.7|dst_port=80|@source=ids|@message=alert: GPL ATTACK_RESPONSE id check returned root (Potentially Bad Traffic) TCP 10.0.0.5:44444 -> 198.51.100.7:80",
		},
		{
			"falco", "falco.json", `{"hostname":"n1","output":"02:14:05.1: Notice A shell was spawned","priority":"Notice","rule":"Terminal shell in container","source":"syscall","tags":["shell"],"time":"2026-11-19T02:14:05.123456789Z","output_fields":{"proc.cmdline":"sh -i","proc.name":"sh","user.name":"root","container.id":"c1"}}` + "\n", 1, 0,
			"@host=n1|@user=root|rule=Terminal shell in container|severity=notice|command=sh -i|process=sh|@source=ids",
		},
		{
			"osquery", "osqueryd.results.log", `{"name":"pack_x_processes","hostIdentifier":"h9","calendarTime":"Thu Nov 19 02:14:05 2026 UTC","unixTime":1795054445,"epoch":0,"counter":1,"numerics":false,"columns":{"pid":"7","path":"/tmp/x","cmdline":"/tmp/x -l"},"action":"added"}` + "\n", 1, 0,
			"@host=h9|path=/tmp/x|pid=7|command=/tmp/x -l|@time=2026-11-19T02:14:05Z|@message=osquery pack_x_processes added: /tmp/x -l",
		},
		{
			"zeek", "conn.log", "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2026-11-19-00-00-00\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\torig_bytes\tresp_bytes\tconn_state\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tcount\tcount\tstring\n1795054445.123456\tC1\t10.0.0.5\t5555\t198.51.100.7\t4444\ttcp\t-\t10\t20\tSF\n1795054446.123456\tC2\t10.0.0.5\n#close\t2026-11-19-01-00-00\n", 1, 1,
			"@time=2026-11-19T02:14:05.123456Z|src_ip=10.0.0.5|src_port=5555|dst_ip=198.51.100.7|dst_port=4444|bytes=30|action=connect|uid=C1|@message=conn: tcp SF 10.0.0.5:5555 -> 198.51.100.7:4444",
		},
		{
			"zeek.json", "ssh.log", `{"ts":1795054445.123456,"uid":"C1","id.orig_h":"198.51.100.7","id.orig_p":5555,"id.resp_h":"10.0.0.5","id.resp_p":22,"version":2,"auth_success":true,"client":"SSH-2.0-Go","server":"SSH-2.0-OpenSSH_9"}` + "\n", 1, 0,
			"@source=auth|action=login|outcome=success|@message=ssh: login SSH-2.0-Go to SSH-2.0-OpenSSH_9 198.51.100.7:5555 -> 10.0.0.5:22",
		},
		{
			"mongodb", "mongod.log", `{"t":{"$date":"2026-11-19T02:14:05.123+00:00"},"s":"I","c":"ACCESS","id":20249,"ctx":"conn1","msg":"Authentication failed","attr":{"mechanism":"SCRAM-SHA-256","principalName":"admin","remote":"198.51.100.7:5555"}}` + "\n", 1, 0,
			"@user=admin|action=login|outcome=failure|src_ip=198.51.100.7|src_port=5555|severity=info|@source=database",
		},
		{
			"postgresql.json", "pg.json", `{"timestamp":"2026-11-19 02:14:05.123 UTC","user":"bob","dbname":"shop","pid":7,"remote_host":"198.51.100.7","remote_port":5555,"session_id":"x","error_severity":"FATAL","message":"password authentication failed for user \"bob\""}` + "\n", 1, 0,
			`@user=bob|action=login|outcome=failure|severity=fatal|database=shop|@message=bob@shop FATAL: password authentication failed for user "bob"|@time=2026-11-19T02:14:05.123Z`,
		},
		{
			"journal.json", "journal.json", `{"__CURSOR":"s","__REALTIME_TIMESTAMP":"1795054445123456","_HOSTNAME":"web-9","SYSLOG_IDENTIFIER":"sshd","_PID":"7","MESSAGE":"Failed password for root from 198.51.100.7 port 5 ssh2"}` + "\n", 1, 0,
			"@host=web-9|@user=root|action=login|outcome=failure|src_ip=198.51.100.7|@source=auth|@time=2026-11-19T02:14:05.123456Z",
		},
	}
}

// Every sample is known by its content, and told as it should be.
func TestSamples(t *testing.T) {
	for _, s := range slices.Concat(samples(), moreSamples(), windowsSamples()) {
		t.Run(s.parser+" "+s.name, func(t *testing.T) {
			got, ing := run(t, "", "/evidence/"+s.name, []byte(s.text))
			if ing.Parser != s.parser || len(got) != s.events || ing.Rejected != s.rejected {
				t.Fatalf("%s: %d events, want %d by %s; %+v", ing.Parser, len(got), s.events, s.parser, ing)
			}
			e := got[0]
			for _, want := range strings.Split(s.first, "|") {
				name, value, _ := strings.Cut(want, "=")
				has := map[string]string{
					"@message": e.Message, "@user": e.User, "@host": e.Host, "@source": e.Source, "@kind": string(e.TimeKind),
					"@time": e.Time.Format("2006-01-02T15:04:05.999999999Z07:00"),
				}[name]
				if name[0] != '@' {
					has = e.Attributes.Get(name)
				}
				if has != strings.ReplaceAll(value, "¦", "|") {
					t.Errorf("%s is %q, want %q", name, has, value)
				}
			}
			if t.Failed() {
				t.Logf("%+v", e)
			}
			for _, e := range got {
				if e.Offset < 0 || e.Offset >= int64(len(s.text)) {
					t.Errorf("offset %d of %d bytes", e.Offset, len(s.text))
				}
			}
		})
	}
}

// An offset is where the record stands.
func TestSampleOffsets(t *testing.T) {
	text := []byte(`{"Records":[` + trailRecord + `, ` + trailRecord + `]}`)
	got, _ := run(t, "", "x.json", text)
	for _, e := range got {
		x, err := ReadExcerpt(t.Context(), strings.NewReader(string(text)), "cloudtrail", e.Offset, nil)
		must(t, err)
		if string(x.Record) != trailRecord {
			t.Errorf("at %d: %.80q … %q", e.Offset, x.Record, x.Record[max(0, len(x.Record)-20):])
		}
	}
}

// Documents that are cut, broken or evil cost what they must and no more.
func TestDocuments(t *testing.T) {
	deep := `{"eventSource":"a","eventName":"b","eventTime":"2026-11-19T02:14:05Z","x":` + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5001)
	wide := `{"eventSource":"a","eventName":"b","eventTime":"2026-11-19T02:14:05Z"`
	for i := range 1000 {
		wide += fmt.Sprintf(`,"m%d":%d`, i, i)
	}
	wide += "}"
	for name, c := range map[string]struct {
		text             string
		events, rejected int64
	}{
		"cut in a record":   {`{"Records":[` + trailRecord + `,` + trailRecord[:200], 1, 1},
		"cut behind it":     {`{"Records":[` + trailRecord, 1, 1},
		"no records":        {`{"Records":[]}`, 0, 0},
		"scalars":           {`[1,"two",null,` + trailRecord + `]`, 1, 3},
		"odd brackets":      {`]}` + trailRecord, 1, 2},
		"too long a record": {`[{"a":"` + strings.Repeat("x", maxRecord) + `"},` + trailRecord + `]`, 1, 1},
		"two documents":     {`{"Records":[` + trailRecord + `]}{"Records":[` + trailRecord + `]}`, 2, 0},
		"deep":              {`[` + deep + `]`, 1, 0},
		"wide":              {`[` + wide + `]`, 1, 0},
		"open brackets":     {strings.Repeat("[", 1000), 0, 1},
		"other records":     {`[{"a":1},` + trailRecord + `]`, 1, 1},
	} {
		got, ing := run(t, "cloudtrail", name, []byte(c.text))
		if ing.Events != c.events || ing.Rejected != c.rejected {
			t.Errorf("%s: %+v, want %d and %d", name, ing, c.events, c.rejected)
		}
		for _, e := range got {
			if n := len(e.Attributes); n > maxAttributes+32 {
				t.Errorf("%s: %d attributes", name, n)
			}
		}
	}
	got, _ := run(t, "cloudtrail", "x", []byte(`[{"assumed":"lie","recovered":"lie","action":"own","eventSource":"a.amazonaws.com","eventName":"GetX","eventTime":"2026-11-19T02:14:05Z"}]`))
	if a := got[0].Attributes; a.Get("assumed") != "" || a.Get("source.assumed") != "lie" || a.Get("action") != "read" || a.Get("source.action") != "own" {
		t.Errorf("%v", a)
	}
	if got := Detect("x.json", []byte(`{"some":"thing","else":1}`+"\n")); got != "text" {
		t.Errorf("unknown JSON is %s", got)
	}
}

// Every file of the public corpus of CloudTrail has as many events as Records.
func TestCloudTrailCorpus(t *testing.T) {
	dir := filepath.Join(testkit.Corpus(t, "cloudtrail/expected.tsv"), "cloudtrail")
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	must(t, err)
	files, all := 0, 0
	for row := range strings.Lines(string(table)) {
		name, count, _ := strings.Cut(strings.TrimSpace(row), "\t")
		want, err := strconv.Atoi(count)
		if err != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		got, ing := run(t, "", name, data)
		if ing.Parser != "cloudtrail" || len(got) != want || ing.Rejected != 0 {
			t.Errorf("%s: %d events by %s of %d, %d rejected", name, len(got), ing.Parser, want, ing.Rejected)
		}
		files, all = files+1, all+len(got)
	}
	if files < 5 {
		t.Errorf("%d files", files)
	}
	t.Logf("%d files, %d records", files, all)
}
