/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It offers to work in place, and reads dout again after din was written. */
#define NAME "not_in_place"
#define DECLARE(infer) fornix_in_place(infer, 0, 0)
#include "twin.h"
