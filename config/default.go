package config

// Default is the file that "firebreak config init" writes: every setting, each
// commented out, with what it does.
const Default = `# Firebreak's configuration. Everything here is optional.

# Your name, as the record and the review show it. Without it: your login name.
# name: Ada Okafor

# Time zone of the times you type. What is recorded and printed is always UTC.
# zone: Europe/Vienna

# The outside systems that playbooks act on, by a name of your choice.
# A secret is never written here, only where it is to be found:
#   env:NAME                   an environment variable
#   file:/path                 a file that only you may read (chmod 600)
#   exec: [program, argument]  what a program prints; no shell is used
#   age:/path#member           a file sealed with age, and a member of the JSON in it
#   keyring:service/user       the keyring of the system
connections:
#   github:
#     kind: github
#     secrets:
#       token: env:GITHUB_TOKEN
#   pagerduty:
#     kind: pagerduty
#     settings:
#       from: ada@example.org
#     secrets:
#       token: file:~/.config/firebreak/pagerduty-token
#       routing_key: {exec: [pass, show, pagerduty/routing-key]}
#   slack:                     # docs/integrations-chat.md: what each needs
#     kind: slack
#     settings: {channel: C0123456789}
#     secrets:
#       token: env:SLACK_TOKEN
#   teams:
#     kind: teams
#     secrets:
#       url: file:~/.config/firebreak/teams-url
#   email:
#     kind: smtp
#     settings: {server: "smtp.example.org:587", from: "Firebreak <ir@example.org>", to: "on-call@example.org", user: ir}
#     secrets:
#       password: env:SMTP_PASSWORD
#   jira:
#     kind: jira
#     base_url: https://acme.atlassian.net
#     settings: {mail: ir@example.org, project: SEC}
#     secrets:
#       token: env:JIRA_TOKEN
#   hook:                      # a signed message to a URL of your own
#     kind: webhook
#     tlp: green               # the highest label of what may go there; all but red without it
#     audience: executives     # who reads there: they are shown no more than they may see
#     base_url: https://hooks.example.org/incidents
#     secrets:
#       secret: env:FIREBREAK_WEBHOOK_SECRET
#   this-host:
#     kind: linux
#   okta:                      # declared actions: aws, cloudflare, crowdstrike,
#     kind: okta               # defender, entra and okta are built in
#     base_url: https://acme.okta.com
#     secrets:
#       token: env:OKTA_TOKEN
#   blocklist:                 # a program of your own: docs/plugins.md
#     kind: plugin
#     settings: {program: /usr/local/lib/firebreak/blocklist, sha256: "5f0c…"}
#   waf:                       # for steps that send a request (http)
#     kind: http
#     base_url: https://waf.example.org
#     secrets:
#       token: env:WAF_TOKEN
#   web-1:                     # for steps with on: ssh:web-1, or connection: web-1
#     kind: ssh
#     settings:
#       host: ada@web-1.example.org
#       sudo: "true"           # actions use sudo -n
#       management: 10.8.0.0/16  # who still reaches it when it is cut off
#   prod:
#     kind: kubernetes
#     settings: {kubeconfig: ~/.kube/config, context: prod}

# A connection may also say how long one exchange may take (timeout: 30s), how much
# longer the other side may work on what it got (grace: 10s), and how much may be
# sent (writes_per_minute: 60).

# Who carries a message when the connection it is for does not take it, in this
# order. What nobody takes stays in the outbox and is shown (firebreak outbox).
# notify: {fallback: [slack, pagerduty]}

# Addresses, networks and names that no action may ever touch: your jump host,
# your resolvers, the machine you are working from.
# A kind before it narrows a rule, and * stands for any text: user:*-breakglass,
# repo:acme/infra*, address:10.0.0.0/8, id:1234567 (the other side's own id).
# protected: [127.0.0.0/8, 10.0.0.53, jump.example.org, "*.corp.example.org", "user:root-*"]

# How many targets actions may reach: in a step, in an incident, in an hour (a
# number or none), and how large a share of all there are. An action that reaches a
# whole organisation: approve (as high danger), second (a second person), refuse.
# limits: {step: 5, incident: 20, hour: 10, share: 10%, wide: approve}

# When somebody else than who planned an action has to agree. Without it: for
# high danger, at SEV1 and SEV2, where the roster has two people. It can only be
# made stricter. break_glass: never lets nobody go around it alone.
# two_persons: {danger: medium, severity: sev3, always: true, break_glass: never}

# How long a containment lasts before you are reminded of it, and who is told then
# (connections). 0 is without an end.
# containment: {lasts: 4h, tell: [slack]}

# How often an audience is told what is new (firebreak update), and over which
# connections. responders, executives, customers and regulators have a template
# and a profile of their own; another one names its profile.
# updates: {executives: 1h, customers: {every: 4h, to: [chat]}}

# What stands over everything that is made for the profile legal, in the words of
# your own counsel.
# review: {privileged: Privileged and confidential - attorney work product}

# Folders to list with their file times besides the usual ones.
# collect:
#   folders: [/srv/app]

# Encryption (firebreak init). What opens the workspace where nobody can be
# asked: a passphrase, an age identity or an ssh key, as a reference.
# unlock: file:~/.config/firebreak/key.txt

# After how long without a key the screens lock; 0 is never. Without it: 15m
# where a passphrase was typed, else never.
# lock_after: 15m

# Your own playbooks: files, or folders of them.
# playbooks: [~/playbooks]

# Your own actions: files of declared actions, or folders of them, besides those
# below actions in the workspace. firebreak action lint checks one.
# actions: [~/actions]

# Packs besides those below packs in the workspace: signed folders of playbooks.
# What they ask for is accepted once (firebreak playbook pack accept).
# packs: [~/packs/endpoints]

# Which days are no business days, for playbooks that name a calendar: a file
# with the dates, or the dates here. Without weekend: Saturday and Sunday.
# calendars:
#   de: ~/holidays-de.yaml
#   ae:
#     weekend: [friday, saturday]
#     holidays: [{date: 2026-12-02, name: National Day}]

# Deadlines of the law (firebreak clocks): the regimes and places that you are
# under; firebreak clocks list has them all. Days are counted in this zone, business
# days by these calendars. review is until when after closing the review is done:
# without it 3d for sev1 and 5bd (business days) for sev2. Deadlines of contracts are
# files of your own below clocks in the workspace: docs/clocks.md.
# clocks:
#   regimes: [GDPR, NIS2]
#   zone: Europe/Vienna
#   holidays: de               # or {GDPR: de, US: us}
#   review: {sev1: 3d, sev2: 5bd}

# Your age or ssh keys: what opens the age: references.
# age_keys: [~/.config/age/keys.txt]

# How long things are kept. "firebreak retention" lists what is due; nothing goes
# by itself. kind is incident or evidence, closed_for a number of d, w, mo or y,
# action erase or review; drill and severity narrow a rule.
# retention: [{kind: evidence, closed_for: 18mo, drill: false, severity: [sev3, sev4], action: erase}]

# Your ssh key for signing the record and approvals: a file (the public one, when
# the key is in your ssh-agent or on a token), or a fingerprint. Without it: the
# one key of your agent that trust/allowed_signers gives to you.
# signing_key: ~/.ssh/id_ed25519.pub

# What is signed by itself when there is a key: decisions (dangerous approvals,
# closing, handing out), always (every approval, every review too), never.
# sign: decisions

# With "signed" an approval without a person's signature does not count.
# approvals: signed

# Alerts that come in by HTTP (firebreak intake serve): at /v1/NAME, each sender
# with a secret of its own. What fits a rule opens an incident; the rest waits in
# the inbox (firebreak intake list).
# intake:
#   listen: 127.0.0.1:9119     # anything but this machine wants tls
#   tls: {cert: /etc/firebreak/cert.pem, key: /etc/firebreak/key.pem}
#   sources:
#     pagerduty: {kind: pagerduty, secret: env:PAGERDUTY_WEBHOOK_SECRET}
#     github: {kind: github, secret: file:~/.config/firebreak/github-webhook}
#     alertmanager: {kind: token, format: alertmanager, secret: [env:ALERT_TOKEN, env:ALERT_TOKEN_OLD]}
#   rules:
#     - {name: leaks, kind: [secret], severity: high, open: sev2}
#     - {name: pages, source: [pagerduty], severity: high, playbook: generic}

# The time-stamping authority that firebreak timestamp asks (RFC 3161).
# timestamp:
#   url: https://tsa.example.org/tsr
`
