/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): all lines of a metric stand
 * together below its HELP and TYPE.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* @type: "counter", "gauge" or "histogram". */
void exposition_head(struct buf *to, const char *name, const char *type, const char *help);

/* A metric of one line, with its head. */
void exposition_one(struct buf *to, const char *name, const char *type, const char *help,
		    uint64_t value);
void exposition_real(struct buf *to, const char *name, const char *type, const char *help,
		     double value);

/* name="value", where the value is anybody's. */
void exposition_label(struct buf *to, const char *name, const char *value);
