/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the file of the configuration, and what stands behind a line of its own of "--args"
 * as flags, a line each. What is taken must print as YAML that is taken, too, and prints as the
 * same; what is not has a reason.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/config/config.h"
#include "base/text.h"

#define MAX_WORDS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool promise)
{
	if (!promise)
		abort();
}

static void print(const struct agent_config *config, struct buf *to)
{
	config_print(&agent_config_schema, config, to);
	expect(!buf_error(to));
}

static void round_trip(const struct agent_config *config)
{
	struct buf first = BUF_INIT(4 << 20), second = BUF_INIT(4 << 20);
	struct config_problems problems;
	struct agent_config again;

	print(config, &first);
	struct config_input in = { .file = span_of(first.data, first.size), .file_name = "again" };
	if (first.size <= CONFIG_MAX_FILE) {
		expect(config_parse(&agent_config_schema, &in, &again, &problems) == 0);
		print(&again, &second);
		expect(first.size == second.size && !memcmp(first.data, second.data, first.size));
		expect(!config_restart_key(&agent_config_schema, config, &again));
		agent_config_fini(&again);
	}
	buf_fini(&first);
	buf_fini(&second);
}

/* @text is cut at its newlines. */
static int words_of(char *text, const char *ret_words[MAX_WORDS])
{
	int n = 0;

	ret_words[n++] = "hone-agent";
	for (char *word = strtok(text, "\n"); word && n < MAX_WORDS; word = strtok(NULL, "\n"))
		ret_words[n++] = word;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mark[] = "\n--args\n";
	const uint8_t *args = size ? memmem(data, size, mark, strlen(mark)) : NULL;
	size_t file = args ? (size_t)(args - data) : size;
	size_t rest = args ? size - file - strlen(mark) : 0;
	_cleanup_(freep) char *text = calloc(1, rest + 1);
	const char *words[MAX_WORDS];
	struct config_problems problems;
	struct config_choice choice;
	struct agent_config config;

	if (!text)
		return 0;
	if (rest)
		memcpy(text, args + strlen(mark), rest);
	struct config_input in = { .file = span_of(data, file),
				   .file_name = "fuzz",
				   .argc = words_of(text, words),
				   .argv = words };
	config_choose(&agent_config_schema, &in, &choice);
	int r = config_parse(&agent_config_schema, &in, &config, &problems);
	if (!r)
		round_trip(&config);
	else
		expect(r == CONFIG_E_WRONG && problems.n && !config.blocks);
	agent_config_fini(&config);
	return 0;
}
