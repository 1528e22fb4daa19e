/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Its read writes a number too many. */
#define NAME "reads_beyond"
#define COUNT_OF(count) ((count) + 1)
#include "table_twin.h"
