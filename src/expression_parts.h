/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The evaluation of expressions, apart from what is told of wrong ones. */
#ifndef FORNIX_EXPRESSION_PARTS_H
#define FORNIX_EXPRESSION_PARTS_H

#include "expression.h"
#include "token.h"

/* As expression_fill and expression_truth, with the mistake in fault (no message: none) and none
 * recorded. */
bool expression_try_fill(const Scope *scope, const Attribute *attribute, const char **filled,
                         TokenFault *fault);
bool expression_try_truth(const Scope *scope, const Attribute *attribute, bool *truth,
                          TokenFault *fault);

#endif
