package forensics

import (
	"fmt"
	"strings"

	"firebreak/forensics/pattern"
)

// Which keys of a running Windows are read: what runs by itself, what ran, what
// was opened, typed and connected, and the settings that an attacker bends.
// Patterns are those of package pattern, below the hive, in lower case.

// machineSoftware are keys of HKLM\Software, there for 64 and for 32 bits.
func machineSoftware() []string {
	const (
		current  = "/{,wow6432node/}microsoft/windows/currentversion/"
		nt       = "/{,wow6432node/}microsoft/windows nt/currentversion"
		policies = "/policies/microsoft/"
	)
	return []string{
		// what runs by itself
		current + "{run,runonce,runonceex,runonceex/*,runservices,runservicesonce}",
		current + "policies/{explorer,explorer/run,system,system/*}",
		current + "explorer/{browser helper objects/*,shellserviceobjects/*,sharedtaskscheduler,shellexecutehooks,shelliconoverlayidentifiers/*,startupapproved/*,{user ,}shell folders}",
		current + "{shellserviceobjectdelayload,app paths/*,control panel/cpls}",
		current + "authentication/{credential providers/*,credential provider filters/*,plap providers/*,logonui,logonui/sessiondata/*}",
		current + "group policy/{scripts,state/*/scripts}/**5/*",
		nt + "{,/windows,/winlogon,/winlogon/{notify,gpextensions,alternateshells}/*}",
		nt + "/{image file execution options,silentprocessexit}{,/*,/*/*}",
		nt + "/{aedebug,aedebugprotected,drivers32,font drivers,svchost,minidumpauxiliarydlls,knownmanageddebuggingdlls,accessibility/ats/*}",
		nt + "/appcompatflags{,/layers,/custom{,/*},/installedsdb{,/*},/compatibility assistant/store}",
		nt + "/terminal server/install/software/microsoft/windows/currentversion/{run,runonce,runonceex}",
		nt + "/schedule/taskcache/{tasks,boot,logon,plain,maintenance}/*",
		nt + "/schedule/taskcache/tree{,/**12/*}",
		"/{,wow6432node/}microsoft/active setup/installed components/*",
		"/{,wow6432node/}microsoft/command processor",
		"/{,wow6432node/}microsoft/{netsh,.netframework,windows script host/settings,office test/special/perf}",
		"/{,wow6432node/}microsoft/office/*/addins/*",
		"/microsoft/rpc/{clientprotocols,serverprotocols,securityservice,extensions}",
		"/microsoft/wbem/cimom",
		"/microsoft/windows/windows error reporting{,/hangs,/localdumps{,/*},/runtimeexceptionhelpermodules}",
		"/{,wow6432node/}microsoft/cryptography/{oid/*/*,oid/*/*/*,providers/trust/*/*}",
		"/{,wow6432node/}microsoft/amsi/providers{,2}/*",
		"/classes/{bat,cmd,com,exe,hta,js,jse,msc,pif,reg,scr,txt,vbe,vbs,wsf}file/shell/*/command",
		"/classes/protocols/{filter,handler}/*",
		"/classes/{?,directory,directory/background,drive,folder,allfilesystemobjects}/shellex/contextmenuhandlers/*",
		"/clients/startmenuinternet/*/shell/open/command",
		"/openssh{,/*}",
		// what protects, and what was switched off
		"/microsoft/windows defender{,/exclusions{,/*},/real-time protection,/features,/spynet,/reporting,/scan,/tamperprotection}",
		"/microsoft/{security center,ole,sqmclient}",
		"/microsoft/powershell/*/{powershellengine,shellids/*}",
		"/microsoft/systemcertificates/root/certificates/*",
		policies + "{windows defender,windows defender exploit guard,windows nt,windowsfirewall,amsi,fve}{,/**4/*}",
		policies + "windows{,/{powershell,system,eventlog,winrm,safer,srpv2,installer,credentialsdelegation,deviceguard,windowsupdate,control panel}{,/**4/*}}",
		"/policies/{google/chrome,microsoft/edge}{,/**2/*}",
		// what there was
		current + "uninstall/*",
		nt + "/profilelist{,/*}",
		nt + "/networklist/{profiles/*,signatures/*/*}",
		nt + "/{networkcards/*,emdmgmt/*}",
		"/microsoft/windows portable devices/devices/*",
	}
}

// machineSystem are keys of HKLM\System; set is the control set that runs.
func machineSystem(set string) []string {
	set = "/" + pattern.Quote(strings.ToLower(set))
	control, services := set+"/control/", set+"/services/"
	return []string{
		"/{select,setup,mounteddevices}",
		services + "*{,/parameters,/performance,/networkprovider}",
		services + "*/state/usersettings/*",
		services + "{bam,dam}/usersettings/*",
		services + "w32time/timeproviders/*",
		services + "winsock2/parameters/**2/*",
		services + "{tcpip,tcpip6}/parameters/{interfaces/*,persistentroutes}",
		services + "sharedaccess/parameters/firewallpolicy{,/**2/*}",
		services + "portproxy{,/**2/*}",
		services + "{lanmanserver/{shares,shares/security},eventlog/*,ntds/*}",
		control + "session manager{,/{appcompatcache,appcompatibility,appcertdlls,environment,knowndlls,subsystems,memory management,memory management/prefetchparameters}}",
		control + "lsa{,/{osconfig,msv1_0,audit,kerberos,kerberos/parameters}}",
		control + "securityproviders{,/*}",
		control + "print/{monitors,providers}/*",
		control + "print/environments/*/print processors/*",
		control + "networkprovider/*",
		control + "{timezoneinformation,computername/*,productoptions,systeminformation,hivelist,filesystem,crashcontrol,windows,minint}",
		control + "{bootverificationprogram,contentindex/language/*,securepipeservers/winreg,ci,ci/*}",
		control + "deviceguard{,/**2/*}",
		control + "terminal server{,/addins/*,/winstations/*,/wds/*,/wds/*/*}",
		control + "safeboot{,/{minimal,network}/*}",
		control + "wmi/autologger/*",
		control + "class/*",
		set + "/enum/{usbstor,usb}/*/*",
		set + "/enum/swd/wpdbusenum/*",
		set + "/enum/usbstor/*/*/properties/?83da6326-97a6-4088-9453-a1923f573b29?/*",
	}
}

// userKeys are keys of a user's hive.
func userKeys() []string {
	const (
		current  = "/software/{,wow6432node/}microsoft/windows/currentversion/"
		explorer = "/software/microsoft/windows/currentversion/explorer/"
		nt       = "/software/microsoft/windows nt/currentversion/"
		office   = "/software/microsoft/office/"
	)
	return []string{
		current + "{run,runonce,runonceex,runonceex/*,runservices,runservicesonce}",
		current + "policies/{explorer,explorer/run,system}",
		"/{environment,volatile environment,volatile environment/*,control panel/desktop,network/*}",
		nt + "{winlogon,windows}",
		nt + "terminal server/install/software/microsoft/windows/currentversion/{run,runonce,runonceex}",
		nt + "appcompatflags{,/layers,/compatibility assistant/store}",
		"/software/microsoft/{command processor,windows script host/settings,ctf/langbaraddin/*,office test/special/perf}",
		"/software/policies/microsoft/{office/**6/*,windows{,/**4/*}}",
		explorer + "userassist/*/count",
		explorer + "{runmru,typedpaths,wordwheelquery,recentdocs,recentdocs/*,map network drive mru,startupapproved/*,featureusage/*,{user ,}shell folders}",
		explorer + "{comdlg32/{opensavepidlmru{,/*},lastvisitedpidlmru,lastvisitedpidlmrulegacy,cidsizemru},mountpoints2/*}",
		"/software/microsoft/windows/currentversion/{uninstall/*,search/recentapps/*,applets/regedit,internet settings,lxss{,/*},group policy/scripts/**5/*}",
		"/software/microsoft/windows/currentversion/capabilityaccessmanager/consentstore/{microphone,webcam}{,/*,/nonpackaged/*}",
		"/software/microsoft/windows/shell/bagmru{,/**16/*}",
		"/software/microsoft/windows/shellnoroam/{muicache,bagmru{,/**16/*}}",
		"/software/microsoft/internet explorer/{typedurls,typedurlstime,main}",
		"/software/microsoft/terminal server client/{default,servers/*}",
		office + "*/*/{security,security/trusted documents,security/trusted documents/trustrecords,security/trusted locations/*,options,file mru,place mru,user mru/*/{file,place} mru}",
		office + "*/outlook/webview/*",
		office + "{,*/}*/addins/*",
		"/software/{sysinternals/*,simontatham/putty/{sshhostkeys,sessions/*},winrar/{archistory,dialogedithistory/*},openssh{,/*}}",
		"/software/classes/clsid/**2/*",
		"/software/classes/*/shell/*/command",
	}
}

// userClasses are keys of the hive of a user's classes.
func userClasses() []string {
	return []string{
		"/clsid/**2/*",
		"/*/shell/*/command",
		"/local settings/software/microsoft/windows/shell/{muicache,bagmru{,/**16/*}}",
		"/local settings/muicache/**3/*",
	}
}

// keyPatterns makes the automaton of some.
func keyPatterns(patterns []string) (*pattern.Set, error) {
	set := pattern.New()
	for _, p := range patterns {
		if err := set.Add(p, 0); err != nil {
			return nil, fmt.Errorf("keys of the registry: %w", err)
		}
	}
	return set, nil
}

// secretName says what a value holds that is not taken without being asked for,
// and the flag that asks; holds is empty for the others. What runs at logon is
// taken whatever its name says.
func secretName(path, name string) (holds, flag string) {
	path = strings.ToLower(path)
	name = strings.ToLower(name)
	last := path[strings.LastIndexByte(path, '\\')+1:]
	switch {
	case strings.HasPrefix(last, "run"):
		return "", ""
	case last == "environment" || strings.Contains(path, "volatile environment"):
		if name != "" && !plainVariable(name) {
			return "variables of the environment", "--environment"
		}
		return "", ""
	}
	switch name {
	case "password", "passwd", "defaultpassword", "altdefaultpassword", "proxypassword", "passwordviewonly", "controlpassword", "sharedsecret":
		return "a password", "--secrets"
	}
	return "", ""
}

// plainVariable says whether a variable is Windows' own, or one by which code is
// loaded.
func plainVariable(name string) bool {
	for _, p := range []string{"processor_", "cor_", "coreclr_", "complus_", "dotnet_startup", "common", "program", "user", "home", "onedrive"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	switch name {
	case "path", "pathext", "comspec", "os", "temp", "tmp", "windir", "systemroot", "systemdrive", "driverdata", "number_of_processors", "psmodulepath", "allusersprofile", "public",
		"appdata", "localappdata", "logonserver", "sessionname", "clientname", "userinitmprlogonscript", "devmgr_show_nonpresent_devices", "__compat_layer", "see_mask_nozonechecks",
		"_jvm_options", "java_tool_options", "_java_options", "pythonpath", "pythonstartup", "pythonhome", "node_options", "perl5opt", "perl5lib", "rubyopt":
		return true
	}
	return false
}
