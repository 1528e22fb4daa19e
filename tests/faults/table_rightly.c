/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It does as it says. */
#define NAME "table_rightly"
#include "table_twin.h"
