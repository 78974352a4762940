/* A minimal login shell to link against musl: it runs programs by name, without quoting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Prints the memory map of this process, and so its libraries. */
static int maps(void)
{
	char line[4096];
	FILE *file = fopen("/proc/self/maps", "r");
	while (file && fgets(line, sizeof line, file))
		fputs(line, stdout);
	return fflush(stdout);
}

static int run(char *line)
{
	char *words[64] = { strtok(line, " \n") };
	int status = 0;
	for (int count = 1; count < 63 && words[count - 1]; count++)
		words[count] = strtok(NULL, " \n");
	if (!words[0])
		return 0;
	if (!strcmp(words[0], "exit"))
		exit(words[1] ? atoi(words[1]) : 0);
	if (!strcmp(words[0], "maps"))
		return maps();
	pid_t child = fork();
	if (child == 0) {
		execvp(words[0], words);
		perror(words[0]);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	char line[4096];
	int status = 0;
	if (argc > 2 && !strcmp(argv[1], "-c"))
		return run(argv[2]);
	while (printf("%s$ ", argv[0]), fflush(stdout), fgets(line, sizeof line, stdin))
		status = run(line);
	return status;
}
