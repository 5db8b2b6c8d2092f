package sshsig

import (
	"crypto/rsa"

	"golang.org/x/crypto/ssh"
)

// minRSA is what OpenSSH refuses to go below.
const minRSA = 2048

func rsaBits(k ssh.PublicKey) int {
	if own, err := ssh.ParsePublicKey(k.Marshal()); err == nil {
		k = own // an agent's key knows only its bytes
	}
	if c, ok := k.(ssh.CryptoPublicKey); ok {
		if r, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok {
			return r.N.BitLen()
		}
	}
	return 0
}
