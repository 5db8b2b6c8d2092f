package parse

import (
	"slices"
	"strings"
	"sync"
)

// registryTable is the artefacts by the last part of their path, or by * and the
// part before it where the last is any.
var registryTable = sync.OnceValue(func() map[string][]artefact { //nolint:gochecknoglobals // a table, made once
	out := map[string][]artefact{}
	add := func(path string, tell func(*hive) error) {
		parts := strings.Split(strings.ToLower(path), `\`)
		slices.Reverse(parts)
		key := parts[0]
		if key == "*" {
			key += parts[1]
		}
		out[key] = append(out[key], artefact{parts, tell})
	}
	const current = `**\Microsoft\Windows\CurrentVersion\`
	const nt = `**\Microsoft\Windows NT\CurrentVersion\`
	const explorer = current + `Explorer\`
	for _, name := range []string{"Run", "RunOnce", "RunOnceEx", "RunServices", "RunServicesOnce", `Policies\Explorer\Run`} {
		add(current+name, autorun)
	}
	add(current+`RunOnceEx\*`, autorun)
	add(nt+`Terminal Server\Install\Software\Microsoft\Windows\CurrentVersion\Run`, autorun)
	add(explorer+`UserAssist\*\Count`, userAssist)
	add(explorer+`RunMRU`, runMRU)
	add(explorer+`TypedPaths`, typed)
	add(explorer+`WordWheelQuery`, recentDocs)
	add(explorer+`RecentDocs`, recentDocs)
	add(explorer+`RecentDocs\*`, recentDocs)
	add(explorer+`ComDlg32\OpenSavePidlMRU\*`, dialogItems)
	add(explorer+`ComDlg32\LastVisitedPidlMRU`, dialogItems)
	add(explorer+`ComDlg32\LastVisitedPidlMRULegacy`, dialogItems)
	add(explorer+`MountPoints2\*`, mountPoint)
	add(explorer+`Browser Helper Objects\*`, named1("browser helper", "(default)"))
	add(`**\Microsoft\Internet Explorer\TypedURLs`, typed)
	add(`**\Shell\MuiCache`, muiCache)
	add(`**\ShellNoRoam\MUICache`, muiCache)
	add(`**\Microsoft\Terminal Server Client\Servers\*`, remoteServer)
	add(`**\Microsoft\Terminal Server Client\Default`, typed)
	add(`Environment`, named1("logon script", "UserInitMprLogonScript"))
	add(nt+`Winlogon`, named1("winlogon", "Shell", "Userinit", "Taskman", "System", "VmApplet", "GinaDLL", "AppSetup", "DefaultUserName", "AutoAdminLogon"))
	add(nt+`Winlogon\Notify\*`, named1("winlogon notify", "DLLName"))
	add(nt+`Windows`, named1("appinit", "AppInit_DLLs", "Load", "Run", "IconServiceLib"))
	add(nt+`Image File Execution Options\*`, named1("image file execution options", "Debugger", "VerifierDlls", "GlobalFlag"))
	add(nt+`SilentProcessExit\*`, named1("silent process exit", "MonitorProcess"))
	add(nt+`ProfileList\*`, named1("profile", "ProfileImagePath"))
	add(nt+`NetworkList\Profiles\*`, networkProfile)
	add(nt+`Schedule\TaskCache\Tasks\*`, taskCache)
	add(`**\Microsoft\Active Setup\Installed Components\*`, named1("active setup", "StubPath"))
	add(`**\Microsoft\Command Processor`, named1("command processor", "AutoRun"))
	add(current+`Uninstall\*`, uninstall)
	add(`**\CLSID\*\InprocServer32`, comServer)
	add(`**\CLSID\*\LocalServer32`, comServer)

	const control = `ControlSet*\Control\`
	add(`ControlSet*\Services\*`, ntService)
	add(`ControlSet*\Services\*\Parameters`, serviceDLL)
	add(`ControlSet*\Services\*\State\UserSettings\*`, bam)
	add(`ControlSet*\Services\bam\UserSettings\*`, bam)
	add(`ControlSet*\Services\dam\UserSettings\*`, bam)
	add(control+`Session Manager\AppCompatCache`, shimCache)
	add(control+`Session Manager\AppCompatibility`, shimCache)
	add(control+`Session Manager`, named1("session manager", "BootExecute", "SetupExecute", "Execute", "PendingFileRenameOperations"))
	add(control+`Lsa`, named1("lsa", "Authentication Packages", "Security Packages", "Notification Packages", "LimitBlankPasswordUse", "DisableRestrictedAdmin", "RunAsPPL"))
	add(control+`Lsa\OSConfig`, named1("lsa", "Security Packages"))
	add(control+`SecurityProviders`, named1("security providers", "SecurityProviders"))
	add(control+`SecurityProviders\WDigest`, named1("wdigest", "UseLogonCredential"))
	add(control+`Print\Monitors\*`, named1("print monitor", "Driver"))
	add(control+`NetworkProvider\Order`, named1("network provider", "ProviderOrder"))
	add(control+`TimeZoneInformation`, timeZone)
	add(control+`ComputerName\ComputerName`, named1("computer name", "ComputerName"))
	add(control+`Terminal Server`, named1("remote desktop", "fDenyTSConnections"))
	add(`ControlSet*\Enum\USBSTOR\*\*`, usbDevice)
	add(`ControlSet*\Enum\USBSTOR\*\*\Properties\{83da6326-97a6-4088-9453-a1923f573b29}\*`, usbTime)

	add(`**\InventoryApplicationFile\*`, amcacheFile)
	add(`**\InventoryApplication\*`, amcacheProgram)
	add(`**\InventoryDriverBinary\*`, amcacheDriver)
	add(`Root\File\*\*`, amcacheOld)
	add(`**\Root\File\*\*`, amcacheOld)
	add(`SAM\Domains\Account\Users\*`, samUser)
	return out
})
