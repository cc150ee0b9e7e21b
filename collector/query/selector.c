/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/query/selector.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "collector/query/regexp.h"

void selector_fini(struct selector *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->matchers[i].name);
		free(s->matchers[i].value);
		selector_regexp_free(s->matchers[i].regexp);
	}
	s->n = 0;
}

/* ---- words ------------------------------------------------------------------------------- */

/* Blanks, and comments up to the end of their line. */
static void skip_blanks(struct span *rest)
{
	struct span line;

	while (rest->size) {
		if (strchr(" \t\r\n", rest->data[0]) && rest->data[0])
			span_from(*rest, 1, rest);
		else if (rest->data[0] == '#')
			text_line(rest, &line);
		else
			return;
	}
}

static bool in_name(uint8_t c, bool first)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';

	return letter || (!first && c >= '0' && c <= '9');
}

static bool take_name(struct span *rest, struct span *ret_name)
{
	size_t n = 0;

	while (n < rest->size && in_name(rest->data[n], n == 0))
		n++;
	*ret_name = span_of(rest->data, n);
	span_from(*rest, n, rest);
	return n;
}

/* ---- strings ----------------------------------------------------------------------------- */

/* UTF-8 of a code point; false for a surrogate and what is above Unicode. */
static bool put_rune(struct buf *to, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	if (c < 0x80) {
		buf_append_u8(to, (uint8_t)c);
		return true;
	}
	int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	buf_append_u8(to, (uint8_t)(lead[more] | c >> (6 * more)));
	while (more--)
		buf_append_u8(to, (uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
	return true;
}

static bool take_digits(struct span *rest, size_t n, unsigned int base, uint32_t *ret_value)
{
	*ret_value = 0;
	for (; n; n--) {
		uint8_t c;

		if (!span_u8(*rest, 0, &c))
			return false;
		if (c >= 'A' && c <= 'F')
			c |= 0x20;
		if (text_digit(c) >= base)
			return false;
		*ret_value = *ret_value * base + text_digit(c);
		span_from(*rest, 1, rest);
	}
	return true;
}

/* Go's, as strconv.UnquoteChar has them. */
static bool take_escape(struct span *rest, struct buf *to)
{
	static const char from[] = "abfnrtv\\'\"", is[] = "\a\b\f\n\r\t\v\\'\"";
	uint32_t value;
	uint8_t c;

	if (!span_u8(*rest, 0, &c))
		return false;
	const char *simple = c ? strchr(from, c) : NULL;
	if (simple) {
		buf_append_u8(to, (uint8_t)is[simple - from]);
		return span_from(*rest, 1, rest);
	}
	if (c >= '0' && c <= '7') {
		if (!take_digits(rest, 3, 8, &value) || !value || value > 255)
			return false;
		buf_append_u8(to, (uint8_t)value);
		return true;
	}
	span_from(*rest, 1, rest);
	if (c == 'x') {
		if (!take_digits(rest, 2, 16, &value) || !value)
			return false;
		buf_append_u8(to, (uint8_t)value);
		return true;
	}
	size_t n = c == 'u' ? 4 : c == 'U' ? 8 : 0;
	return n && take_digits(rest, n, 16, &value) && value && put_rune(to, value);
}

/* Everything up to the closing quote. NUL is in no label. */
static bool take_quoted(struct span *rest, struct buf *to)
{
	uint8_t quote, c;

	if (!span_u8(*rest, 0, &quote))
		return false;
	span_from(*rest, 1, rest);
	while (span_u8(*rest, 0, &c)) {
		span_from(*rest, 1, rest);
		if (c == quote) {
			buf_append_u8(to, 0);
			return true;
		}
		if (!c || (c == '\n' && quote != '`'))
			return false;
		if (c != '\\' || quote == '`')
			buf_append_u8(to, c);
		else if (!take_escape(rest, to))
			return false;
	}
	return false;
}

static bool at_quote(struct span rest)
{
	return rest.size && rest.data[0] && strchr("\"'`", rest.data[0]);
}

/* A malloc'd string. */
static int take_string(struct span *rest, char **ret_text, struct refusal *why)
{
	_cleanup_(buf_fini) struct buf text = BUF_INIT(SELECTOR_MAX_SIZE + 1);

	if (!at_quote(*rest))
		return refuse(why, REFUSAL_INVALID, "a string is missing in the label selector");
	if (!take_quoted(rest, &text))
		return refuse(why, REFUSAL_INVALID,
			      "a string in the label selector does not end, or has a bad escape");
	if (buf_error(&text))
		return buf_error(&text);
	*ret_text = (char *)TAKE_PTR(text.data);
	return 0;
}

/* ---- matchers ---------------------------------------------------------------------------- */

static int compile(struct selector_matcher *m, struct refusal *why)
{
	if (m->op == SELECTOR_EQUAL || m->op == SELECTOR_NOT_EQUAL)
		return 0;
	return selector_regexp_new(m->value, &m->regexp, why);
}

/* Takes @name and @value, whatever comes of it. */
static int add(struct selector *s, enum selector_operator op, char *name, char *value,
	       struct refusal *why)
{
	if (s->n == SELECTOR_MAX_MATCHERS || !name || !value) {
		bool is_full = name && value;

		free(name);
		free(value);
		return is_full ? refuse(why, REFUSAL_INVALID,
					"there are over %u matchers in the label selector",
					SELECTOR_MAX_MATCHERS)
			       : -ENOMEM;
	}
	struct selector_matcher *m = &s->matchers[s->n++];
	*m = (struct selector_matcher){ op, name, value, NULL };
	return compile(m, why);
}

static bool take_operator(struct span *rest, enum selector_operator *ret_operator)
{
	static const struct {
		const char *text;
		enum selector_operator is;
	} all[] = { { "=~", SELECTOR_MATCH },
		    { "!~", SELECTOR_NO_MATCH },
		    { "!=", SELECTOR_NOT_EQUAL },
		    { "=", SELECTOR_EQUAL } };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		*ret_operator = all[i].is;
		if (text_skip(rest, all[i].text))
			return true;
	}
	return false;
}

static char *copy(struct span s)
{
	return strndup((const char *)s.data, s.size);
}

static int take_matcher(struct selector *s, struct span *rest, struct refusal *why)
{
	_cleanup_(freep) char *name = NULL;
	bool quoted = at_quote(*rest);
	enum selector_operator op;
	char *value = NULL;
	struct span word;
	int r = 0;

	if (quoted) {
		r = take_string(rest, &name, why);
		if (r != 0)
			return r;
	} else if (take_name(rest, &word)) {
		name = copy(word);
		if (!name)
			return -ENOMEM;
	} else {
		return refuse(why, REFUSAL_INVALID,
			      "the name of a label is missing in the label selector");
	}
	skip_blanks(rest);
	if (!take_operator(rest, &op)) {
		/* {"name"} is the name of a metric. */
		if (quoted && rest->size && strchr(",}", rest->data[0]))
			return add(s, SELECTOR_EQUAL, strdup("__name__"), TAKE_PTR(name), why);
		return refuse(why, REFUSAL_INVALID,
			      "one of = != =~ !~ is missing behind %.100s in the label selector",
			      name);
	}
	skip_blanks(rest);
	r = take_string(rest, &value, why);
	return r ? r : add(s, op, TAKE_PTR(name), value, why);
}

static int take_matchers(struct selector *s, struct span *rest, struct refusal *why)
{
	for (;;) {
		skip_blanks(rest);
		if (text_skip(rest, "}"))
			return 0;
		int r = take_matcher(s, rest, why);
		if (r != 0)
			return r;
		skip_blanks(rest);
		if (text_skip(rest, ","))
			continue;
		if (!rest->size || rest->data[0] != '}')
			return refuse(
				why, REFUSAL_INVALID,
				"a comma or a closing brace is missing in the label selector");
	}
}

int selector_parse(struct selector *s, struct span text, struct refusal *why)
{
	struct span rest = text, name;
	int r = 0;

	if (text.size > SELECTOR_MAX_SIZE)
		return refuse(why, REFUSAL_INVALID, "the label selector is too long");
	skip_blanks(&rest);
	if (take_name(&rest, &name))
		r = add(s, SELECTOR_EQUAL, strdup("__name__"), copy(name), why);
	skip_blanks(&rest);
	if (r == 0 && text_skip(&rest, "{"))
		r = take_matchers(s, &rest, why);
	skip_blanks(&rest);
	if (r == 0 && rest.size)
		return refuse(why, REFUSAL_INVALID, "the label selector goes on behind its end");
	return r;
}

/* ---- testing ----------------------------------------------------------------------------- */

static int test_one(const struct selector_matcher *m, const char *value, bool *ret_holds,
		    struct refusal *why)
{
	if (!m->regexp) {
		*ret_holds = !strcmp(m->value, value) == (m->op == SELECTOR_EQUAL);
		return 0;
	}
	bool matches = false;
	int r = selector_regexp_test(m->regexp, value, &matches, why);
	*ret_holds = matches == (m->op == SELECTOR_MATCH);
	return r;
}

int selector_test(const struct selector *s,
		  const char *(*value)(const void *context, const char *name), const void *context,
		  bool *ret_holds, struct refusal *why)
{
	bool holds = true;
	int r = 0;

	for (size_t i = 0; r == 0 && holds && i < s->n; i++)
		r = test_one(&s->matchers[i], value(context, s->matchers[i].name), &holds, why);
	*ret_holds = holds;
	return r;
}

const struct selector_matcher *selector_equality(const struct selector *s,
						 bool (*except)(const char *name))
{
	for (size_t i = 0; i < s->n; i++) {
		const struct selector_matcher *m = &s->matchers[i];

		if (m->op == SELECTOR_EQUAL && *m->value && !except(m->name))
			return m;
	}
	return NULL;
}
