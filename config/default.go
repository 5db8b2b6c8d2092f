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
#   exec: [program, argument]  the first line a program prints; no shell is used
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
#   chat:
#     kind: webhook
#     base_url: https://chat.example.org/hooks/incidents
#     secrets:
#       key: env:FIREBREAK_WEBHOOK_KEY
#   this-host:
#     kind: linux

# Addresses, networks and names that no action may ever touch: your jump host,
# your resolvers, the machine you are working from.
# protected: [127.0.0.0/8, 10.0.0.53, jump.example.org, "*.corp.example.org"]

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
`
