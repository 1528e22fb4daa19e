/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Built for another ABI. */
#define NAME "wrong_abi"
#define ABI (FORNIX_ABI + 1)
#include "twin.h"
