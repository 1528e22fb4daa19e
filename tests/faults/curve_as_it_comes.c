/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A point of its curve is a sum in the order in which work is done. */
#define NAME "curve_as_it_comes"
#define WORK(sums, row) (sums)[0] += 1. / (double)(row + 3)
#define FOUND(build, sums, rows)                                                                   \
    fornix_metric(build, "rows", (double)(rows));                                                  \
    fornix_curve(build, "sums", &(FornixCurve){(const char *const[]){"sum"}, 1, sums, 1})
#include "table_twin.h"
