/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far long work is, and how long it will still take: a bar on a terminal, plain lines
 * elsewhere. Several pieces of work may go on at once; all calls are safe from any thread. */
#ifndef FORNIX_METER_H
#define FORNIX_METER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "fornix-error.h"

typedef struct Meter Meter;
typedef struct Gauge Gauge;

/* json: one object a line instead. out NULL: nothing is shown. */
Meter *meter_new(FILE *out, bool json);
void meter_free(Meter *meter);

/* One piece of work of so many steps, of which `done` are done already. name is copied. */
Gauge *meter_begin(Meter *meter, const char *name, int64_t total, int64_t done);
void meter_step(Gauge *gauge, int64_t done);
/* How long it will take from now on, by whoever knows better than steps so far tell. */
void meter_expect(Gauge *gauge, double seconds);
/* A short word on how it goes ("loss 0.41"), shown behind the bar. */
void meter_note(Gauge *gauge, const char *format, ...) FORNIX_PRINTF(2, 3);
/* Ends it with a line: the name, how long it took, and the last note. */
void meter_end(Gauge *gauge);
int64_t meter_done(const Gauge *gauge); /* what meter_step said last */
void meter_drop(Gauge *gauge);          /* ends it without a word */
/* A line of its own, above the bar. */
void meter_say(Meter *meter, const char *format, ...) FORNIX_PRINTF(2, 3);
/* The same for what ended a run. */
void meter_fail(Meter *meter, const char *text);

#endif
