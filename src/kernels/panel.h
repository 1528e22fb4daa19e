/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of the right operand of a product, brought together for isa_micro.h's loops.
 */
#ifndef FORNIX_KERNELS_PANEL_H
#define FORNIX_KERNELS_PANEL_H

#include <stdbool.h>
#include <stdint.h>

/* `depth` rows of `columns` floats, `step` apart; turned: columns lie `step` apart, their elements
 * side by side. */
typedef struct {
    const float *from;
    int64_t depth, columns, step;
    bool turned;
} Panel;

/* Blocks of ISA_LANES columns, each [depth][ISA_LANES], zeros behind the last column. */
void panel_bring(const Panel *panel, float *to);

#endif
