#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gate/relro.h"

/* The linker puts it where the program begins in memory. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static bool
protect(const ElfW(Phdr) * part, uintptr_t moved)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t begin = moved + part->p_vaddr;
	const uintptr_t end = begin + part->p_memsz;

	return mprotect((void *)(begin & -page),
		   (end & -page) - (begin & -page), PROT_READ) == 0;
}

bool
relro_protect(void)
{
	const uintptr_t header = (uintptr_t)&__ehdr_start;
	const ElfW(Phdr) *parts = (const void *)(header + __ehdr_start.e_phoff);
	uintptr_t moved = header;

	/* The part that begins with the header says where it was to be. */
	for (size_t i = 0; i < __ehdr_start.e_phnum; i++)
		if (parts[i].p_type == PT_LOAD && parts[i].p_offset == 0)
			moved = header - parts[i].p_vaddr;
	for (size_t i = 0; i < __ehdr_start.e_phnum; i++)
		if (parts[i].p_type == PT_GNU_RELRO &&
		    !protect(&parts[i], moved))
			return false;
	return true;
}
