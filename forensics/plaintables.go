package forensics

import "strings"

// plainArtefacts are the files that are taken on a system, the most telling
// first. Patterns are those of package pattern, from the root; on Windows case
// does not matter.
func plainArtefacts(system string) []plainArtefact {
	switch system {
	case "darwin":
		return macArtefacts()
	case "windows":
		return windowsArtefacts()
	}
	return nil
}

func macArtefacts() []plainArtefact {
	return []plainArtefact{
		{kind: "macos.utmpx", title: "Users logged in", logs: true, paths: []string{"/private/var/run/utmpx"}},
		{kind: "macos.audit", title: "Audit trail", logs: true, paths: []string{"/private/var/audit/*"}},
		{kind: "macos.asl", title: "Apple System Log", format: "asl", logs: true, paths: []string{"/private/var/log/asl/*.asl"}},
		{kind: "macos.log", title: "Log", logs: true, paths: []string{"/private/var/log/*.log*", "/private/var/log/*.out", "/Library/Logs/**3/*.log*", "/Users/*/Library/Logs/*.log*"}},
		{kind: "macos.launchd", title: "Job of launchd", paths: []string{
			"/Library/Launch{Agents,Daemons}/*.plist", "/System/Library/Launch{Agents,Daemons}/*.plist", "/Users/*/Library/LaunchAgents/*.plist",
			"/private/var/root/Library/LaunchAgents/*.plist",
		}},
		{kind: "macos.startup", title: "What starts by itself", format: "settings", paths: []string{
			"/private/etc/{crontab,periodic.conf,rc.common,launchd.conf}", "/private/var/at/tabs/*", "/private/var/at/jobs/*", "/private/etc/periodic/*/*",
			"/private/etc/emond.d/rules/*", "/Library/StartupItems/**2/*", "/private/etc/sudoers", "/private/etc/sudoers.d/*", "/private/etc/pam.d/*",
			"/private/etc/ssh/sshd_config", "/private/etc/{profile,zshenv,zprofile,zshrc,bashrc}", "/Users/*/.{profile,bash_profile,bashrc,zshenv,zprofile,zshrc,zlogin}",
			"/private/var/root/.{profile,bash_profile,bashrc,zshenv,zprofile,zshrc}", "/Users/*/.ssh/authorized_keys*", "/private/var/root/.ssh/authorized_keys*",
		}},
		{kind: "macos.login.items", title: "What starts when somebody logs in", paths: []string{
			"/private/var/db/com.apple.backgroundtaskmanagement/*.btm", "/Users/*/Library/Application Support/com.apple.backgroundtaskmanagementagent/*",
			"/Users/*/Library/Preferences/{com.apple.loginitems,com.apple.loginwindow}.plist", "/Users/*/Library/Preferences/ByHost/com.apple.loginwindow.*.plist",
		}},
		{kind: "macos.history", title: "Command history", format: "history", paths: []string{
			"/{Users/*,private/var/root}/.{bash,zsh,sh,fish,python,mysql,psql,sqlite}_history", "/{Users/*,private/var/root}/.{bash,zsh}_sessions/*",
			"/{Users/*,private/var/root}/.{lesshst,viminfo}",
		}},
		{kind: "macos.quarantine", title: "Files from elsewhere", paths: []string{"/Users/*/Library/Preferences/com.apple.LaunchServices.QuarantineEvents*"}},
		{kind: "macos.tcc", title: "What programs may do", paths: []string{"/Library/Application Support/com.apple.TCC/TCC.db*", "/Users/*/Library/Application Support/com.apple.TCC/TCC.db*"}},
		{kind: "macos.knowledge", title: "What was in use", paths: []string{"/private/var/db/CoreDuet/Knowledge/knowledgeC.db*", "/Users/*/Library/Application Support/Knowledge/knowledgeC.db*"}},
		{kind: "macos.browser", title: "Browser's database", paths: append(plainBrowsers("/Users/*/Library/Application Support/"),
			"/Users/*/Library/Safari/{History.db*,Downloads.plist}", "/Users/*/Library/Application Support/Firefox/Profiles/*/{places,formhistory,downloads}.sqlite*")},
		{kind: "macos.fsevents", title: "File system events", format: "fsevents", paths: []string{"/.fseventsd/*", "/System/Volumes/Data/.fseventsd/*"}},
		{kind: "macos.accounts", title: "Account", format: "plist", holds: "password hashes", paths: []string{"/private/var/db/dslocal/nodes/Default/users/*.plist"}},
		{kind: "macos.system", title: "System's settings", paths: []string{
			"/System/Library/CoreServices/SystemVersion.plist", "/Library/Preferences/{com.apple.alf,com.apple.loginwindow,.GlobalPreferences}.plist",
			"/Library/Preferences/SystemConfiguration/{preferences,NetworkInterfaces,com.apple.airport.preferences}.plist",
			"/private/etc/{hosts,resolv.conf}", "/Library/Receipts/InstallHistory.plist",
		}},
	}
}

func windowsArtefacts() []plainArtefact {
	return []plainArtefact{
		{kind: "windows.mft", title: "Table of all files", paths: []string{"/$MFT", "/$Extend/$UsnJrnl:$J"}}, // as drivers for other systems show them
		{kind: "windows.evtx", title: "Event log", logs: true, paths: []string{"/Windows/System32/winevt/Logs/*.evtx", "/Windows/System32/config/*.evt"}},
		{kind: "windows.log", title: "Log", logs: true, paths: []string{
			"/Windows/System32/LogFiles/Firewall/*.log*", "/Windows/inf/setupapi*.log", "/inetpub/logs/LogFiles/*/*.log", "/Windows/Logs/CBS/CBS.log",
			"/ProgramData/Microsoft/Windows Defender/Support/MPLog-*.log", "/Windows/System32/sru/*",
		}},
		{kind: "windows.prefetch", title: "Program that ran", paths: []string{"/Windows/Prefetch/*.pf"}},
		{kind: "windows.tasks", title: "Scheduled task", paths: []string{"/Windows/System32/Tasks/**8/*", "/Windows/Tasks/*.job"}},
		{kind: "windows.registry", title: "Registry", paths: []string{
			"/Windows/System32/config/{SOFTWARE,SYSTEM}{,.LOG1,.LOG2}", "/Windows/appcompat/Programs/Amcache.hve*",
			"/Users/*/NTUSER.DAT*", "/Users/*/AppData/Local/Microsoft/Windows/UsrClass.dat*", "/Windows/System32/config/RegBack/{SOFTWARE,SYSTEM}",
		}},
		{kind: "windows.registry.secret", title: "Registry", holds: "password hashes", paths: []string{"/Windows/System32/config/{SAM,SECURITY}{,.LOG1,.LOG2}"}},
		{kind: "windows.startup", title: "What starts by itself", paths: []string{
			"/ProgramData/Microsoft/Windows/Start Menu/Programs/Startup/*", "/Users/*/AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/*",
			"/Windows/System32/wbem/Repository/*", "/Windows/System32/GroupPolicy/**4/*.ini",
		}},
		{kind: "windows.history", title: "Command history", format: "history", paths: []string{"/Users/*/AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/*_history.txt"}},
		{kind: "windows.transcript", title: "PowerShell transcript", paths: []string{"/Users/*/Documents/{*/,}PowerShell_transcript.*.txt"}},
		{kind: "windows.recent", title: "Files opened of late", paths: []string{"/Users/*/AppData/Roaming/Microsoft/Windows/Recent/**2/*"}},
		{kind: "windows.recycled", title: "Deleted file's name", paths: []string{"/$Recycle.Bin/*/$I*"}},
		{kind: "windows.browser", title: "Browser's database", paths: append(plainBrowsers("/Users/*/AppData/Local/"),
			"/Users/*/AppData/Roaming/Mozilla/Firefox/Profiles/*/{places,formhistory,downloads}.sqlite*")},
		{kind: "windows.system", title: "System's settings", paths: []string{"/Windows/System32/drivers/etc/hosts"}},
	}
}

// plainBrowsers are the histories of Chromium and its kin below a folder.
func plainBrowsers(below string) []string {
	const history = "/{History,History-wal,History-journal}"
	var out []string
	for _, name := range []string{"Google/Chrome", "Chromium", "Microsoft Edge", "Microsoft/Edge", "BraveSoftware/Brave-Browser", "Vivaldi"} {
		out = append(out, below+name+"/{User Data/,}*"+history)
	}
	return out
}

// plainPage is what the page of collectors says of these systems; ´ stands for a
// backquote.
func plainPage() string {
	return strings.ReplaceAll(`## macOS and Windows

Of a running Windows ´collect´ takes the live state first, by calls of the system in our own process: no program is run, and no domain controller is asked for a name.

| collector | takes | needs |
| --- | --- | --- |
| ´windows.live.system´ | name, version, identity, zone, since when it runs | nothing |
| ´windows.live.processes´ | every process: parent, if that was there before it, start, session, account, integrity, command line, services it runs, executable with SHA-256, or that the file is gone | administrator for others' |
| ´windows.live.sockets´ | TCP and UDP with state, owner, and when they were opened | nothing |
| ´windows.live.network´ | addresses and routes | nothing |
| ´windows.live.drivers´ | modules of the kernel in the order of loading, with the SHA-256 of their files | nothing |
| ´windows.live.registry´ | the keys of what runs by itself, of what ran, was opened, typed and connected, and of the settings that an attacker bends (´forensics/windowskeys.go´ lists them), of HKLM and of every user who is logged on | administrator for others' |

The profile ´logs´ takes the first of them, every other profile all. The keys are parsed by the code for hives: the same events come of both, but deleted keys are in hives only. Links are not followed, and keys whose names hide them from regedit are read. SAM, SECURITY, values that hold passwords and variables of the environment are listed only; values over 256 KiB are cut.

Then files are taken, on macOS files alone. The same files are taken of a disk of Windows or macOS that is mounted (´--root FOLDER´), on whatever machine: it is known by its folders, and the host's name comes from the hive SYSTEM. An NTFS that shows its own files (´ntfs-3g -o ro,show_sys_files,streams_interface=windows´) gives ´$MFT´ and the change journal besides. Taken are logs, audit trails and event logs, what starts by itself, histories, browsers' databases, quarantine, TCC and KnowledgeC, prefetch, tasks, hives of the registry, the recycle bin's names. They are found in one walk and read newest first, with the limits and the rules for secrets above; the profile ´logs´ takes the logs, ´volatile´ none, every other profile all of it. ´forensics/plaintables.go´ lists the patterns. Single collectors cannot be chosen there.

What this is not: no live state of macOS; no memory, open files, sessions, named pipes or event subscriptions of Windows; no listing of the disk; no way to leave access times as they are, which every exhibit says. Files that Windows holds open, as the hives of the running system, are refused and listed: take them from an image. The unified log of macOS is not read: export it with ´log show --style ndjson´ and bring the file in.

What was tested: on Windows' interfaces as Wine 10 has them, ´make testwindows´ runs a whole incident with the program for ´windows/amd64´, encrypted, from opening to bundle and backup; the tests of the stores and of evidence; and live collection, which has to find the test's own process, socket and keys. It has not been run on a Windows of Microsoft's, where sizes, rights and refusals are other ones. For ´darwin/arm64´ package ´forensics´ is compiled and vetted, and the walk, the patterns, the limits and the refusals are tested on Linux over trees of files laid out like a Mac's; it has not been run on one.
`, "´", "`")
}
