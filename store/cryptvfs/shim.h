/* The C side of the file system, for the Go side. */
#ifndef FIREBREAK_SHIM_H
#define FIREBREAK_SHIM_H

#include <stdint.h>
#include "sqlite.h"

#define FIREBREAK_VFS "firebreak-crypt"

int firebreak_register(void);
const char *firebreak_default_vfs(void);

/* The file as it lies on disk, through SQLite's default file system. */
int firebreak_raw_read(void *file, void *p, int n, sqlite3_int64 off);
int firebreak_raw_write(void *file, const void *p, int n, sqlite3_int64 off);
int firebreak_raw_truncate(void *file, sqlite3_int64 size);
int firebreak_raw_size(void *file, sqlite3_int64 *size);
int firebreak_raw_sync(void *file, int flags);

#endif
