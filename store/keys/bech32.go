package keys

import "strings"

// bech32 writes 32 bytes as age writes its keys: BIP 173, in capitals. The age
// library reads such text and writes only keys it has drawn itself.
func bech32(prefix string, data []byte) string {
	const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	prefix = strings.ToLower(prefix)
	var values []byte
	acc, bits := uint32(0), 0
	for _, b := range data {
		acc, bits = acc<<8|uint32(b), bits+8
		for bits >= 5 {
			bits -= 5
			values = append(values, byte(acc>>bits&31))
		}
	}
	if bits > 0 {
		values = append(values, byte(acc<<(5-bits)&31))
	}
	var sum []byte
	for _, c := range []byte(prefix) {
		sum = append(sum, c>>5)
	}
	sum = append(sum, 0)
	for _, c := range []byte(prefix) {
		sum = append(sum, c&31)
	}
	sum = append(append(sum, values...), 0, 0, 0, 0, 0, 0)
	check := polymod(sum) ^ 1
	clear(sum)
	out := []byte(prefix + "1")
	for _, v := range values {
		out = append(out, charset[v])
	}
	clear(values)
	for i := range 6 {
		out = append(out, charset[check>>(5*(5-i))&31])
	}
	defer clear(out)
	return strings.ToUpper(string(out))
}

// polymod is the checksum of BIP 173.
func polymod(values []byte) uint32 {
	generator := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	sum := uint32(1)
	for _, v := range values {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range generator {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}
