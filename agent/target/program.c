/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/target/program.h"

#include "base/cleanup.h"
#include "base/text.h"

/* Executables that run programs written in another language, by name without version. */
static const struct {
	const char *name;
	const char *kind;
} interpreters[] = {
	{ "python", "a Python program" },
	{ "pypy", "a Python program" },
	{ "node", "a Node.js program" },
	{ "nodejs", "a Node.js program" },
	{ "deno", "a JavaScript program" },
	{ "bun", "a JavaScript program" },
	{ "java", "a Java program" },
	{ "dotnet", "a .NET program" },
	{ "mono", "a .NET program" },
	{ "mono-sgen", "a .NET program" },
	{ "ruby", "a Ruby program" },
	{ "perl", "a Perl program" },
	{ "php", "a PHP program" },
	{ "php-fpm", "a PHP program" },
	{ "php-cgi", "a PHP program" },
	{ "lua", "a Lua program" },
	{ "luajit", "a Lua program" },
	{ "beam.smp", "an Erlang or Elixir program" },
	{ "R", "an R program" },
	{ "julia", "a Julia program" },
	{ "sh", "a shell" },
	{ "bash", "a shell" },
	{ "dash", "a shell" },
	{ "ash", "a shell" },
	{ "zsh", "a shell" },
	{ "fish", "a shell" },
	{ "ksh", "a shell" },
	{ "busybox", "a shell or tool of busybox" },
};

/* "python" of "/usr/bin/python3.11", "java" of "java". */
static struct span base_name(struct span path)
{
	struct span name = path, part;

	while (text_cut(&path, '/', &part))
		name = part;
	while (name.size &&
	       (text_digit(name.data[name.size - 1]) < 10 || name.data[name.size - 1] == '.'))
		name.size--;
	return name;
}

const char *program_kind(struct span path, struct span head)
{
	struct span name = base_name(path);

	if (span_starts_with(head, "#!"))
		return "a script";
	if (!span_starts_with(head, "\177ELF"))
		return "a file of another kind";
	for (size_t i = 0; i < ARRAY_SIZE(interpreters); i++)
		if (span_equals(name, interpreters[i].name))
			return interpreters[i].kind;
	return "a compiled program";
}
