/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backward reads an input that is not declared SAVED. */
#define NAME "unsaved_input"
#define X_FLAGS 0
#include "twin.h"
