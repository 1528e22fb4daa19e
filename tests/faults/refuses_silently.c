/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It refuses without a word. */
#define NAME "refuses_silently"
#define REFUSE return false
#include "table_twin.h"
