/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many pixels it erases, while training and elsewhere. */
#include "my_node.c"

#include <stdio.h>

static int erased(bool training)
{
    float x[64], y[64];
    FornixShape shape = {1, 1, 8, 8, 1};
    FornixView in = {shape, 1, 8, 64, 64, x};
    FornixTensor out = {shape, 1, 8, 64, 64, y};
    int zeros = 0;
    for (int i = 0; i < 64; i++)
        x[i] = 1;
    forward(&(FornixStep){.in = &in, .out = &out, .training = training}, &(Settings){.size = 0.5},
            0, 0, 1);
    for (int i = 0; i < 64; i++)
        zeros += y[i] == 0;
    return zeros;
}

int main(void)
{
    int while_training = erased(true), elsewhere = erased(false);
    if (while_training == 16 && elsewhere == 0)
        return 0;
    printf("my_node erases %d and %d pixels, and has to erase 16 and 0\n", while_training,
           elsewhere);
    return 1;
}
