/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node of one's own begun: a folder with a plugin that works, to be changed into another.
 *
 * The templates are plugins like any other, nodes/templates/KIND/my_node.c with what belongs to
 * it, compiled and tried by the tests as they stand. In what is written "my_node" is replaced by
 * the new name, in files and in their names, and nothing else.
 */
#ifndef FORNIX_TEMPLATE_H
#define FORNIX_TEMPLATE_H

/* The kinds, as the command line names them. */
#define TEMPLATE_KINDS "layer|loss|samples|augment|evaluator|optimizer"

/* Writes the folder NAME, whole or not at all, and tells what to do with it; the program's exit
 * code. kind NULL: it was not said, which is a mistake. */
int template_write(const char *name, const char *kind);

#endif
