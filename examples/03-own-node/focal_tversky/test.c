/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pixel of class 0, of which nothing is known: p = 1/2. Of class 0, T = .5 / (.5 + .7 .5), of
 * class 1 it is 0; the loss is ((1 - .5 / .85)^.75 + 1) / 2. */
#include "focal_tversky.c"

#include <stdio.h>

int main(void)
{
    float x[] = {3, 3}, mask = 0, loss, scratch[6], slopes[4], right = 0.75701404f;
    FornixShape logits = {1, 1, 1, 1, 2}, one = {1, 1, 1, 1, 1};
    FornixView in[] = {{logits, 2, 2, 2, 2, x}, {one, 1, 1, 1, 1, &mask}};
    FornixTensor out = {one, 1, 1, 1, 1, &loss}, saved = {{1, 1, 1, 2, 2}, 2, 4, 4, 4, slopes};
    FornixStep step = {.in = in, .out = &out, .saved = &saved, .scratch = scratch};
    FocalTversky settings = {.missed = 0.7, .false_alarm = 0.3, .focus = 4. / 3, .smooth = 1e-12};
    for (int pass = 0; pass < 2; pass++)
        forward(&step, &settings, pass, 0, 1);
    if (fabsf(loss - right) < 1e-6f)
        return 0;
    printf("focal_tversky is %.9g, and has to be %.9g\n", (double)loss, (double)right);
    return 1;
}
