/* SPDX-License-Identifier: Apache-2.0 */
/* hone-collector verify: is everything whole; and what can be saved if not. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "collector/command.h"
#include "collector/depot/repair.h"
#include "collector/ingest/accept.h"

static const char help[] =
	"Usage: hone-collector verify [--data DIR] [--repair]\n"
	"Reads everything that a collector keeps, and says what is damaged; it may run meanwhile.\n"
	"The status is 0 if all is well, 1 if not.\n"
	"\n"
	"  --data DIR  where profiles are kept\n"
	"  --repair    if something is damaged, make the database anew of the profiles that can "
	"be\n"
	"              read; the old one stays beside it. No collector may be running.\n";

/* ---- one profile ------------------------------------------------------------------------- */

static void pprof_freep(struct pprof_profile **p)
{
	pprof_free(*p);
}

static int look(void *context, struct span bytes, const struct depot_type **ret_types,
		size_t *ret_n)
{
	_cleanup_(pprof_freep) struct pprof_profile *p = NULL;
	struct accepted *a = context;
	struct refusal why;
	int r = pprof_decode(bytes.data, bytes.size, NULL, &p, NULL);

	accepted_fini(a);
	*a = (struct accepted)ACCEPTED_NULL;
	if (r == 0)
		r = accept_types(p, a, &why);
	*ret_types = a->types;
	*ret_n = a->row.n_types;
	return r;
}

/* ---- the command ------------------------------------------------------------------------- */

static enum command_status fail(const char *data, int r)
{
	if (r == REPAIR_E_EARLIER)
		fprintf(stderr,
			"hone-collector: %s: an earlier version of hone wrote it; run "
			"hone-collector "
			"once to bring it up to date.\n",
			data);
	else
		fprintf(stderr, "hone-collector: %s: %s.\n", data, command_trouble(r));
	return COMMAND_FAILED;
}

static void say(const struct depot_report *r)
{
	printf("%" PRIu64 " profiles of %" PRIu64 " bytes are whole\n", r->profiles, r->bytes);
	if (r->broken)
		printf("%" PRIu64 " profiles cannot be read\n", r->broken);
	if (r->missing)
		printf("%" PRIu64 " profiles are in the index and nowhere else\n", r->missing);
	if (r->unlisted)
		printf("%" PRIu64 " profiles are not in the index, or not as they are\n",
		       r->unlisted);
	if (r->broken_sums)
		printf("%" PRIu64
		       " sums of profiles cannot be read; the profiles they are of can\n",
		       r->broken_sums);
	if (r->complaints)
		printf("the database is damaged: %s\n", r->why);
}

static enum command_status repair(const char *data, const struct depot_look *how)
{
	struct depot_report report;
	int r = depot_repair(data, how, &report);

	if (r != 0)
		return fail(data, r);
	printf("%" PRIu64 " profiles of %" PRIu64 " bytes were saved, %" PRIu64 " are lost\n"
	       "the damaged database is %s/profiles.db.damaged\n",
	       report.profiles, report.bytes, report.broken, data);
	if (report.complaints)
		printf("%s\n", report.why);
	return COMMAND_OK;
}

static enum command_status verify(const char *data, bool with_repair)
{
	_cleanup_(accepted_fini) struct accepted accepted = ACCEPTED_NULL;
	const struct depot_look how = { look, &accepted };
	struct depot_report report;
	int r = depot_verify(data, &how, &report);

	if (r != 0 && !(with_repair && r == DEPOT_E_DAMAGED))
		return fail(data, r);
	say(&report);
	if (r == 0 && !depot_report_bad(&report))
		return COMMAND_OK;
	if (with_repair)
		return repair(data, &how);
	puts("with --repair, while no collector runs, what can be read is saved");
	return COMMAND_FAILED;
}

enum command_status command_verify(int argc, char **argv)
{
	static const struct option all[] = { { "data", required_argument, NULL, 'd' },
					     { "repair", no_argument, NULL, 'r' },
					     { "help", no_argument, NULL, 'h' },
					     { 0 } };
	const char *data = command_data();
	bool with_repair = false;
	int option;

	while ((option = getopt_long(argc, argv, "", all, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0 ? COMMAND_FAILED : COMMAND_OK;
		if (option == 'd')
			data = optarg;
		else if (option == 'r')
			with_repair = true;
		else
			return COMMAND_WRONG;
	}
	if (optind == argc)
		return verify(data, with_repair);
	fprintf(stderr, "hone-collector: verify takes no folder but --data.\n");
	return COMMAND_WRONG;
}
