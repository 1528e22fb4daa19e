/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Its read leaves the last number as it was. */
#define NAME "reads_part"
#define COUNT_OF(count) ((count)-1)
#include "table_twin.h"
