/*
 * scan FOLDER: opens, reads and closes each file of the folder, in the order
 * in which the folder lists them.  Prints how many there were.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static char text[65536];
	const struct dirent *entry;
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	size_t files = 0;

	if (dir == NULL)
		err(1, "usage: scan FOLDER");
	while ((entry = readdir(dir)) != NULL) {
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, text, sizeof(text)) <= 0)
			err(1, "%s", entry->d_name);
		close(fd);
		files++;
	}
	closedir(dir);
	printf("%zu\n", files);
	return 0;
}
