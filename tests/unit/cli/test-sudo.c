/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/sudo.h"

/* Debian's and everybody's: nobody. */
#define NOBODY "65534"

static void a_known_user(void **state)
{
	struct passwd *nobody = getpwuid(65534);
	struct sudo_user user;

	(void)state;
	if (!nobody)
		skip();
	assert_int_equal(sudo_user_parse(NOBODY, "100", nobody->pw_name, &user), 0);
	assert_int_equal(user.uid, 65534);
	assert_int_equal(user.gid, 100);
	assert_string_equal(user.name, nobody->pw_name);
	assert_string_equal(user.home, nobody->pw_dir);
	/* another user's name does not count */
	assert_int_equal(sudo_user_parse(NOBODY, "0", "root", &user), 0);
	nobody = getpwuid(65534);
	assert_string_equal(user.name, nobody->pw_name);
	assert_string_equal(user.home, nobody->pw_dir);
	assert_int_equal(sudo_user_parse(NOBODY, "100", NULL, &user), 0);
	assert_string_equal(user.name, nobody->pw_name);
}

static void a_user_of_no_list(void **state)
{
	struct sudo_user user;

	(void)state;
	assert_int_equal(sudo_user_parse("4000000001", "4000000002", "ldap.user", &user), 0);
	assert_true(user.uid == 4000000001u && user.gid == 4000000002u);
	assert_string_equal(user.name, "ldap.user");
	assert_string_equal(user.home, "/");
	assert_int_equal(sudo_user_parse("4000000001", "1", NULL, &user), 0);
	assert_string_equal(user.name, "unknown");
}

static void no_sudo(void **state)
{
	struct sudo_user user;

	(void)state;
	assert_int_equal(sudo_user_parse(NULL, NULL, NULL, &user), SUDO_E_NONE);
	assert_int_equal(sudo_user_parse(NULL, "1", "x", &user), SUDO_E_NONE);
	assert_int_equal(sudo_user_parse("1", NULL, "x", &user), SUDO_E_NONE);
	assert_int_equal(sudo_user_parse("0", "0", "root", &user), SUDO_E_NONE);
}

static void nonsense(void **state)
{
	const char *const ids[] = {
		"", "-1", "4294967295", "4294967296", "1x", " 1", "+1", "root"
	};
	struct sudo_user user;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(sudo_user_parse(ids[i], "1", "x", &user), SUDO_E_INVALID);
		assert_int_equal(sudo_user_parse("1", ids[i], "x", &user), SUDO_E_INVALID);
	}
	assert_int_equal(sudo_user_parse("00", "1", "x", &user), SUDO_E_INVALID);
}

/* Anybody can set these; they mean something to root only. */
static void from_the_environment(void **state)
{
	struct sudo_user user;

	(void)state;
	setenv("SUDO_UID", "4000000001", 1);
	setenv("SUDO_GID", "4000000002", 1);
	setenv("SUDO_USER", "ldap.user", 1);
	int r = sudo_user_find(&user);
	assert_int_equal(r, geteuid() ? SUDO_E_NONE : 0);
	if (!r)
		assert_string_equal(user.name, "ldap.user");
	unsetenv("SUDO_UID");
	assert_int_equal(sudo_user_find(&user), SUDO_E_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_user),
		cmocka_unit_test(a_user_of_no_list),
		cmocka_unit_test(no_sudo),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(from_the_environment),
	};

	return cmocka_run_group_tests_name("sudo", tests, NULL, NULL);
}
