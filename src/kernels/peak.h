/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a core of this machine can do at the most, measured: what times are held against. */
#ifndef FORNIX_KERNELS_PEAK_H
#define FORNIX_KERNELS_PEAK_H

/* Multiply-adds, times two, that a thread does in a second with the operands of convolution's
 * innermost loop in the first cache. Takes some milliseconds. */
double peak_flops(void);

/* Bytes that a thread reads and writes in a second while it copies what no cache holds; 0 where
 * there is no memory for it. Threads that measure at the same time share what there is. */
double peak_copy(void);

#endif
