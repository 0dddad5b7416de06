#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/keeper/program.h"

#define RUNS 0111

bool
program_note(struct program *ret, const char *link)
{
	struct stat running, file;
	ssize_t len = readlink(link, ret->path, sizeof(ret->path) - 1);

	ret->path[len > 0 ? len : 0] = '\0';
	if (ret->path[0] != '/' || stat(link, &running) < 0 ||
	    stat(ret->path, &file) < 0 || running.st_dev != file.st_dev ||
	    running.st_ino != file.st_ino) {
		ret->path[0] = '\0';
		return false;
	}
	ret->dev = running.st_dev;
	ret->ino = running.st_ino;
	return true;
}

/* The inode of a program that runs is not given to another file. */
bool
program_is_replaced(const struct program *program)
{
	struct stat file;

	return program->path[0] != '\0' && stat(program->path, &file) == 0 &&
	    (file.st_dev != program->dev || file.st_ino != program->ino) &&
	    S_ISREG(file.st_mode) && file.st_size > 0 &&
	    (file.st_mode & RUNS) == RUNS;
}
