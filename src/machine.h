/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What there is to work with. */
#ifndef FORNIX_MACHINE_H
#define FORNIX_MACHINE_H

#include <stdint.h>

/* Bytes that this process and what it forks may use: those of the machine, or less where a limit
 * (ulimit -v) or a control group, as that of a cluster's job, says so. */
int64_t machine_memory(void);

#endif
