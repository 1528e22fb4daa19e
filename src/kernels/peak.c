/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best of several runs: what disturbs a measurement only makes it slower. */
#include "peak.h"

#include <stdlib.h>
#include <string.h>

#include "../base.h"
#include "isa_micro.h"

enum { RUNS = 12, CALLS = 250, ROWS = 60, LENGTH = 48, TAPS = 8 };
enum { COPY_BYTES = 1 << 26, COPY_RUNS = 4 }; /* far larger than a last cache */

double peak_flops(void)
{
    static const IsaDot dot = {.taps = {1, 1, TAPS},
                               .length = LENGTH,
                               .a_step = LENGTH,
                               .c_step = ISA_LANES,
                               .b_step = ISA_LANES,
                               .width = ISA_LANES};
    _Alignas(64) float a[ROWS * LENGTH], b[LENGTH * ISA_LANES], c[ROWS * ISA_LANES];
    for (int i = 0; i < ROWS * LENGTH; i++)
        a[i] = (float)(i % 7);
    for (int i = 0; i < LENGTH * ISA_LANES; i++)
        b[i] = (float)(i % 5);
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        double began = seconds_now();
        for (int call = 0; call < CALLS; call++)
            isa_micro(ISA_ACTIVE)->dot(&dot, ROWS, a, b, NULL, c);
        double rate = 2.0 * CALLS * TAPS * ROWS * LENGTH * ISA_LANES / (seconds_now() - began);
        best = rate > best ? rate : best;
    }
    return best;
}

double peak_copy(void)
{
    char *from = malloc(COPY_BYTES), *to = malloc(COPY_BYTES);
    double best = 0;
    if (from && to) {
        memset(from, 1, COPY_BYTES);
        memset(to, 2, COPY_BYTES);
        for (size_t run = 0; run < COPY_RUNS; run++) {
            double began = seconds_now();
            memcpy(to, from, COPY_BYTES);
            double rate = 2.0 * COPY_BYTES / (seconds_now() - began);
            best = rate > best ? rate : best;
            from[run]++; /* so that no copy can be left out */
        }
    }
    free(from);
    free(to);
    return best;
}
