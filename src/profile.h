/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a stage's time went: each node and pass, most first. */
#ifndef FORNIX_PROFILE_H
#define FORNIX_PROFILE_H

#include <stdio.h>

#include "train.h"

/* waited: seconds that steps waited for their batches. */
void profile_print(const StagePlans *plans, double waited, FILE *out);

#endif
