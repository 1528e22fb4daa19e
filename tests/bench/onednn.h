/* SPDX-License-Identifier: GPL-3.0-or-later */
/* oneDNN's time for the same convolution, on one thread, in the layout and by the way that it
 * picks itself. */
#ifndef FORNIX_BENCH_ONEDNN_H
#define FORNIX_BENCH_ONEDNN_H

#include "kernels/conv.h"

/* The best of `runs`, in seconds of the thread's time; 0 where it can't be had. */
double onednn_time(const Conv *conv, ConvTask task, int runs, double (*seconds)(void));

#endif
