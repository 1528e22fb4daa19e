/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A port without a doc. */
#define NAME "missing_doc"
#define X_DOC NULL
#include "twin.h"
