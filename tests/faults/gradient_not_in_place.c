/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It offers its input's memory for the gradient, and reads the input again after din was written. */
#define NAME "gradient_not_in_place"
#define DECLARE(infer) fornix_gradient_in_place(infer, 0)
#include "twin.h"
