/*
 * The hash FNV-1a, 64 bits, for tables and names of files: only where nobody
 * gains anything by two texts that have the same one.
 */
#ifndef TFA_FNV_H
#define TFA_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_BEGIN UINT64_C(0xcbf29ce484222325)

/* The hash of what hash is of, and then these len bytes. */
uint64_t fnv_add(uint64_t hash, const void *bytes, size_t len);

#endif
