/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It adds up in the order in which work is done. */
#define NAME "sums_as_it_comes"
#define WORK(sums, row) (sums)[0] += 1. / (double)(row + 3)
#include "table_twin.h"
