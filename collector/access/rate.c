/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/access/rate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct account {
	char tenant[TOKEN_TENANT_SIZE];
	double balance; /* bytes */
	uint64_t at;	/* of the balance */
};

struct rate {
	double per_second, burst;
	pthread_mutex_t mutex; /* of what follows */
	struct account accounts[RATE_MAX_TENANTS];
	size_t n;
};

int rate_new(uint64_t per_second, uint64_t burst, struct rate **ret_rate)
{
	struct rate *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->per_second = (double)per_second;
	r->burst = (double)burst;
	pthread_mutex_init(&r->mutex, NULL);
	*ret_rate = r;
	return 0;
}

struct rate *rate_free(struct rate *r)
{
	if (!r)
		return NULL;
	pthread_mutex_destroy(&r->mutex);
	free(r);
	return NULL;
}

static struct account *open_account(struct rate *r, const char *tenant, uint64_t now)
{
	struct account *oldest = &r->accounts[0];

	if (r->n < RATE_MAX_TENANTS)
		oldest = &r->accounts[r->n++];
	for (size_t i = 0; r->n == RATE_MAX_TENANTS && i < r->n; i++)
		if (r->accounts[i].at < oldest->at)
			oldest = &r->accounts[i];
	*oldest = (struct account){ .balance = r->burst, .at = now };
	strncpy(oldest->tenant, tenant, sizeof(oldest->tenant) - 1);
	return oldest;
}

/* As it is at @now. */
static struct account *account_of(struct rate *r, const char *tenant, uint64_t now)
{
	for (size_t i = 0; i < r->n; i++) {
		struct account *a = &r->accounts[i];

		if (strcmp(a->tenant, tenant) != 0)
			continue;
		if (now > a->at) {
			a->balance += r->per_second * (double)(now - a->at) / (double)NSEC_PER_SEC;
			a->at = now;
		}
		if (a->balance > r->burst)
			a->balance = r->burst;
		return a;
	}
	return open_account(r, tenant, now);
}

uint64_t rate_wait(struct rate *r, const char *tenant, uint64_t now)
{
	if (r->per_second == 0)
		return 0;
	pthread_mutex_lock(&r->mutex);
	double balance = account_of(r, tenant, now)->balance;
	pthread_mutex_unlock(&r->mutex);
	return balance > 0 ? 0 : (uint64_t)(-balance / r->per_second) + 1;
}

void rate_charge(struct rate *r, const char *tenant, uint64_t bytes, uint64_t now)
{
	if (r->per_second == 0)
		return;
	pthread_mutex_lock(&r->mutex);
	account_of(r, tenant, now)->balance -= (double)bytes;
	pthread_mutex_unlock(&r->mutex);
}
