/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz harness over the files of its corpus, as an ordinary test on any compiler.
 * replay-NAME DIR|FILE...; a corpus without a file is a failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	struct stat st;
	size_t size;

	if (!file || fstat(fileno(file), &st) < 0) {
		perror(path);
		return -1;
	}
	/* Exactly as large as the input, so that a read past its end is seen. */
	size = (size_t)st.st_size;
	data = malloc(size);
	if ((size && !data) || fread(data, 1, size, file) != size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

static int replay_folder(const char *path, DIR *folder)
{
	char name[4096];
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (replay_file(name) < 0)
			return -1;
		n++;
	}
	closedir(folder);
	return n;
}

int main(int argc, char **argv)
{
	int total = 0, n;
	DIR *folder;

	for (int i = 1; i < argc; i++) {
		folder = opendir(argv[i]);
		n = folder ? replay_folder(argv[i], folder) : replay_file(argv[i]) + 1;
		if (n < 0)
			return 1;
		total += n;
	}
	printf("%d inputs\n", total);
	return total > 0 ? 0 : 1;
}
