/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A step that was worked out by hand. */
#include "my_node.c"

#include <math.h>
#include <stdio.h>

int main(void)
{
    float weight = 1, gradient = 2, memory = -1, *state[] = {&memory};
    FornixUpdate step = {&weight, &gradient, state, 1, 0.1, 0.5};
    update(&step, &(Settings){0.1, 0.5, 0.75, 1}, 0, 1);
    /* direction sign(0.5 * -1 + 0.5 * 1) = 0; w = 1 - 0.1 * 1; m = 0.75 * -1 + 0.25 * 1 */
    if (fabsf(weight - 0.9f) < 1e-6f && fabsf(memory + 0.5f) < 1e-6f)
        return 0;
    printf("my_node goes to %.9g and %.9g, and has to go to 0.9 and -0.5\n", (double)weight,
           (double)memory);
    return 1;
}
