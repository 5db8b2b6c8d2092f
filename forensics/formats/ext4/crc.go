package ext4

import "hash/crc32"

var castagnoli = crc32.MakeTable(crc32.Castagnoli) //nolint:gochecknoglobals // a table

// crc32c goes on from a checksum as the kernel does: nothing is inverted.
func crc32c(crc uint32, b []byte) uint32 { return ^crc32.Update(^crc, castagnoli, b) }
