/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Its read depends on how often it was called. */
#define NAME "reads_otherwise"
#define FACTOR o->reads
#include "table_twin.h"
